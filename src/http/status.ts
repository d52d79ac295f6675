import type { IncomingHttpHeaders } from 'node:http';

import { header } from './header.ts';
import { Retryable } from './retry.ts';

/** Trouble of the server or too many requests, not of what was asked. As huggingface_hub has them. */
const passing = new Set([408, 429, 500, 502, 503, 504]);

/**
 * The failure that a status means if it may pass, with the time that the server asks to wait.
 *
 * @param whenLimited what helps against a limit of requests
 */
export function passingFailure(
  status: number,
  headers: IncomingHttpHeaders,
  host: string,
  whenLimited = 'wait some minutes and run the same command again',
): Retryable | undefined {
  if (!passing.has(status)) return undefined;
  const waitSeconds = toldSeconds(status, headers, Date.now());
  if (status !== 429) return new Retryable(`${host} answered ${status}`, { waitSeconds });
  return new Retryable(`${host} limits the rate of requests (429)`, { waitSeconds, hint: whenLimited });
}

/**
 * How long the server asks to wait, in seconds. `RateLimit: "resolvers";r=0;t=172` (IETF draft 9) says that
 * nothing is left for 172 s; with something left it was another limiter, and says nothing. `Retry-After` is in
 * seconds or a date.
 */
export function toldSeconds(status: number, headers: IncomingHttpHeaders, now: number): number | undefined {
  // Several limiters may report at once; the one with nothing left is the one that refused.
  const spent = header(headers, 'ratelimit')
    ?.split(',')
    .find((limiter) => /;\s*r=0(\D|$)/.test(limiter));
  const reset = /;\s*t=(\d{1,9})/.exec(spent ?? '')?.[1];
  if (status === 429 && reset !== undefined) return Number(reset) + 1;
  const after = header(headers, 'retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(after)) return Number(after);
  const date = /[a-z]{3}/i.test(after) ? Date.parse(after) : Number.NaN; // Date.parse takes "-5" for a year
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}
