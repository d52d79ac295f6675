import { messageOf, ModelpackError } from '../errors.ts';
import { look } from './object.ts';
import { damaged, exists, reasonOf } from './failure.ts';
import type { Target } from './stored.ts';
import { formatS3Url } from './url.ts';

/**
 * Whether a server does not know the checksums of S3: some refuse a header that they do not know.
 *
 * @param error of a call, or what it failed with
 */
export function refusesChecksums(error: unknown): boolean {
  return isUnknownTo(error, /checksum/i);
}

/** The header of a write that must not replace anything. */
export interface Condition {
  readonly IfNoneMatch?: '*';
}

/**
 * Writes under the condition that nothing is replaced, if that is wanted. A server that knows no such writes is looked
 * at once more just before.
 *
 * @throws ModelpackError `check` when there is an object already
 */
export async function conditionally<T>(
  target: Target,
  write: (condition: Condition) => Promise<T>,
): Promise<T> {
  if (!target.noClobber) return write({});
  const { url, run } = target;
  try {
    return await write({ IfNoneMatch: '*' });
  } catch (error) {
    if (!isUnknownTo(error, /if-none-match|conditional/i)) throw error;
    const where = formatS3Url(url);
    run.report({
      type: 'note',
      text: `the server knows no conditional writes; ${where} is looked at instead`,
    });
    if (typeof (await look(target)) === 'object') throw exists(where);
    return write({});
  }
}

function isUnknownTo(error: unknown, header: RegExp): boolean {
  const cause = error instanceof ModelpackError ? error.cause : error;
  const { name, status } = reasonOf(cause);
  if (damaged.has(name)) return false; // it knows them well: one did not match
  if (name === 'NotImplemented' || status === 501) return true;
  return status >= 400 && status < 500 && header.test(messageOf(cause));
}
