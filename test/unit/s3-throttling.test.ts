import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { bucket, noise, PART, smallServer, soon, upload } from '../helpers/sending.ts';

const JOBS = 8;
const bytes = noise(60 * PART);

describe.concurrent('an upload that S3 asks to slow down', () => {
  it.each([
    ['at once', soon],
    ['without a time', {}],
  ])('has half as many parts under way, and comes back to all of them (%s)', async (_, when) => {
    await using s3 = await smallServer();
    const parts = { arrived: 0, active: 0, answered: 0 };
    /** The most that were under way before S3 slowed down, right after it, and in the end. */
    const most = { before: 0, after: 0, end: 0 };

    /** All that may be under way are there before one is answered, and there is time for one too many. */
    async function gather(phase: keyof typeof most, expected: number): Promise<void> {
      for (let waited = 0; most[phase] < expected && waited < 5000; waited += 10) {
        most[phase] = Math.max(most[phase], parts.active);
        await delay(10);
      }
      await delay(100);
      most[phase] = Math.max(most[phase], parts.active);
    }

    s3.setFault(async ({ operation }) => {
      if (operation !== 'UploadPart') return undefined;
      const number = ++parts.arrived;
      parts.active++;
      try {
        if (number <= JOBS) {
          await gather('before', JOBS);
          return { status: 503, code: 'SlowDown', ...when };
        }
        // Those that had waited for their turn come first; the next ones are as many as there may be now.
        if (number <= JOBS + JOBS / 2) await gather('after', JOBS / 2);
        else if (number > 50) await gather('end', JOBS);
        return undefined;
      } finally {
        parts.active--;
      }
    });
    expect(await upload(s3, bytes, { jobs: JOBS })).toMatchObject({ outcome: 'done' });
    expect(most).toEqual({ before: JOBS, after: JOBS / 2, end: JOBS });
    expect(bytes.equals(await s3.body(bucket, 'key'))).toBe(true);
  });
});
