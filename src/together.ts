import { setMaxListeners } from 'node:events';

import pLimit from 'p-limit';

import type { Run } from './events.ts';

/**
 * Does several things at once. The first failure stops the others, and is thrown when all have ended: nothing goes on
 * behind an error that was told.
 *
 * @param atOnce how many are under way at once; all unless told
 */
export async function together<T>(
  run: Run,
  work: readonly ((run: Run) => Promise<T>)[],
  atOnce: number = Math.max(1, work.length),
): Promise<T[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  setMaxListeners(0, signal); // every request listens; Node would take that for a leak
  const limit = pLimit(atOnce);

  async function one(each: (run: Run) => Promise<T>): Promise<T> {
    try {
      signal.throwIfAborted();
      return await each({ ...run, signal });
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  }

  const settled = await Promise.allSettled(work.map((each) => limit(() => one(each))));
  run.signal.throwIfAborted();
  stop.signal.throwIfAborted();
  return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}
