import { redirect, text, type Answer } from '../answer/answer.ts';
import { bucketOf, rateLimitHeaders, tooManyRequests } from '../answer/quota.ts';
import { cloudFrontError } from '../answer/refusal.ts';
import { expired } from '../answer/ticket.ts';
import type { Due, FaultAction } from '../faults.ts';
import type { Ask } from './ask.ts';
import { unsatisfiable } from './reply.ts';

/** The answer that a fault puts in the place of the right one, if one does. */
export function distort(answer: Answer, ask: Ask, due: Due): Answer {
  const status = due.one('status');
  if (status !== undefined) {
    const { body, headers = {} } = status;
    return body === undefined ? cloudFrontError(status.status, headers) : text(status.status, body, headers);
  }
  const limit = due.one('rate-limit');
  if (limit !== undefined) return tooManyRequests(ask, hintOf(limit, ask));
  const elsewhere = due.one('redirect');
  if (elsewhere !== undefined) {
    const { to, status: code = 302 } = elsewhere;
    return redirect(code, typeof to === 'string' ? to : to(ask.target));
  }
  if (due.one('expired') !== undefined) return expired;
  const past = due.one('unsatisfiable');
  if (past !== undefined) {
    const size = answer.payload.kind === 'file' ? answer.payload.content.size : undefined;
    return unsatisfiable(past.form, size, answer.headers);
  }
  return answer;
}

/** Gateways that send `Retry-After`, or nothing, send no `RateLimit` either: it is emptied here. */
function hintOf(
  { hint, seconds = 1 }: Extract<FaultAction, { kind: 'rate-limit' }>,
  ask: Ask,
): Record<string, string> {
  const none = { RateLimit: '', 'RateLimit-Policy': '' };
  switch (hint) {
    case 'reset':
      return rateLimitHeaders(bucketOf(ask), 1000, 0, seconds);
    case 'remaining':
      return rateLimitHeaders(bucketOf(ask), 1000, 700, seconds);
    case 'seconds':
      return { ...none, 'Retry-After': String(seconds) };
    case 'date':
      return { ...none, 'Retry-After': new Date(Date.now() + seconds * 1000).toUTCString() };
    case 'nothing':
      return none;
  }
}
