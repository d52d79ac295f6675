import { setTimeout as delay } from 'node:timers/promises';

import type { Run } from '../events.ts';

/** Between the first Ctrl-C and the second. */
const SECOND_THOUGHTS_SECONDS = 1.5;

/** Heeds the second Ctrl-C, which asks that nothing is left of a run that the first one stopped. */
export interface Abandonment {
  /** Whether it came, or comes in the moment that is left for it. */
  isWanted(): Promise<boolean>;
  release(): void;
}

export function heedAbandonment({ signal, abandon }: Run): Abandonment {
  // From now on somebody listens: the second Ctrl-C does not end the process at once.
  const listening = new AbortController();
  abandon?.addEventListener('abort', () => {}, { signal: listening.signal });
  return {
    async isWanted() {
      if (!signal.aborted || abandon === undefined) return false;
      await delay(SECOND_THOUGHTS_SECONDS * 1000, undefined, { signal: abandon }).catch(() => {});
      return abandon.aborted;
    },
    release: () => listening.abort(),
  };
}
