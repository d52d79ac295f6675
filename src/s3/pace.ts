import pLimit from 'p-limit';

import { isThrottled } from './failure.ts';

/** Runs a request when it is its turn. */
export type Pace = <T>(request: () => Promise<T>) => Promise<T>;

/**
 * As many requests at once as S3 bears, at most `jobs`: half as many when it asks to slow down, and one more whenever
 * as many as are allowed have succeeded since.
 */
export function pace(jobs: number): Pace {
  const limit = pLimit(jobs);
  let succeeded = 0;
  let slowdowns = 0;

  return (request) =>
    limit(async () => {
      const begun = slowdowns;
      try {
        const answer = await request();
        if (limit.concurrency < jobs && ++succeeded >= limit.concurrency) {
          succeeded = 0;
          limit.concurrency++;
        }
        return answer;
      } catch (error) {
        // Those that were under way together are told together: that is one sign, not many.
        if (isThrottled(error) && begun === slowdowns) {
          slowdowns++;
          succeeded = 0;
          limit.concurrency = Math.max(1, Math.floor(limit.concurrency / 2));
        }
        throw error;
      }
    });
}
