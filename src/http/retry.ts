import { setTimeout as delay } from 'node:timers/promises';

import pRetry from 'p-retry';

import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';

/** A failure that may pass: the request is worth sending again, after `waitSeconds` if the server named a time. */
export class Retryable extends Error {
  readonly waitSeconds: number | undefined;
  readonly hint: string | undefined;

  constructor(
    reason: string,
    options: { waitSeconds?: number | undefined; hint?: string; cause?: unknown } = {},
  ) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Retryable';
    this.waitSeconds = options.waitSeconds;
    this.hint = options.hint;
  }
}

export interface RetryOptions {
  /** For messages: what is being done. */
  readonly what: string;
  readonly run: Run;
  /** Failures in a row without progress that are forgiven. huggingface_hub allows 5. */
  readonly retries?: number;
  /** Seconds after the first failure at which it gives up, however many attempts that was. */
  readonly maxSeconds?: number;
  /** Whether the last attempt got further than the one before; such a failure does not count. */
  readonly progressed?: () => boolean;
}

const RETRIES = 5;
const FIRST_WAIT_SECONDS = 0.5;
const MAX_WAIT_SECONDS = 8;
/** The Hub's windows last 300 s; a server that asks for more is not waited for. */
const MAX_TOLD_SECONDS = 310;

/**
 * Calls `attempt` until it succeeds, fails for good, or has failed too often.
 *
 * @throws ModelpackError `network` when it gave up; whatever `attempt` threw that is not `Retryable`
 */
export async function retrying<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { what, run, retries = RETRIES, maxSeconds, progressed = () => false } = options;
  let attempts = 0;
  let firstFailure: number | undefined;
  const isHopeless = () =>
    maxSeconds !== undefined && Date.now() - (firstFailure ?? Date.now()) > maxSeconds * 1000;
  try {
    return await pRetry(
      () => {
        attempts++;
        return attempt();
      },
      {
        retries,
        minTimeout: 0,
        maxTimeout: 0,
        signal: run.signal,
        shouldRetry: ({ error }) => error instanceof Retryable && !isHopeless(),
        shouldConsumeRetry: () => !progressed(),
        onFailedAttempt: async ({ error, retriesLeft, retriesConsumed }) => {
          firstFailure ??= Date.now();
          if (!(error instanceof Retryable) || retriesLeft === 0 || isHopeless()) return;
          const wait = Math.min(error.waitSeconds ?? backoff(retriesConsumed), MAX_TOLD_SECONDS);
          run.report({ type: 'retry', what, reason: error.message, wait });
          await delay(wait * 1000, undefined, { signal: run.signal });
        },
      },
    );
  } catch (error) {
    if (run.signal.aborted) throw run.signal.reason;
    if (!(error instanceof Retryable)) throw error;
    throw new ModelpackError('network', `${what}: ${error.message}; gave up after ${attempts} attempts`, {
      hint: error.hint ?? 'check the network and run the same command again: it goes on where it stopped',
      cause: error,
    });
  }
}

/** Full jitter: many workers that failed together do not come back together. */
function backoff(failures: number): number {
  const ceiling = Math.min(MAX_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** failures);
  return ceiling * (0.5 + Math.random() / 2);
}
