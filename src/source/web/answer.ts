import { ModelpackError } from '../../errors.ts';
import { header } from '../../http/header.ts';
import type { Served } from '../../http/redirect.ts';
import { passingFailure } from '../../http/status.ts';

/** What an answer says of the file that it is of; a later one must say the same. */
export interface Announced {
  /** In bytes; undefined when the server does not say it, or sends the file compressed. */
  readonly size: number | undefined;
  /** The entity tag and the time of the last change: RFC 9110, 8.8. */
  readonly etag: string | undefined;
  readonly modified: string | undefined;
  /** False when the server says that it has no ranges. */
  readonly ranged: boolean;
}

/**
 * Reads the headers of an answer to HEAD, GET or a range.
 *
 * @throws Retryable for trouble that may pass
 * @throws ModelpackError `not-found`, `refused`, `network`; `usage` for a page where a file was asked for
 */
export function announced(answer: Served, what: string): Announced {
  const { status, headers, url } = answer;
  if (status !== 200 && status !== 206) throw refusal(answer, what);
  if (/^text\/html\b/i.test(header(headers, 'content-type') ?? '') && !/\.html?$/i.test(url.pathname)) {
    throw new ModelpackError('usage', `${what} is a web page, not a file`, {
      hint: 'copy the address of the file itself; another Hugging Face Hub is set with HF_ENDPOINT',
    });
  }
  return {
    size: sizeIn(answer),
    etag: header(headers, 'etag'),
    modified: header(headers, 'last-modified'),
    ranged: header(headers, 'accept-ranges')?.toLowerCase() !== 'none',
  };
}

/** @throws ModelpackError `integrity` when the server has another file by now */
export function checkSame(first: Announced, now: Announced, what: string): void {
  const differs = (a: unknown, b: unknown): boolean => a !== undefined && b !== undefined && a !== b;
  const same =
    !differs(first.size, now.size) &&
    !differs(bare(first.etag), bare(now.etag)) &&
    !differs(first.modified, now.modified);
  if (same) return;
  throw new ModelpackError('integrity', `${what} was replaced on its server while it was read`, {
    hint: 'run the same command again',
  });
}

/** So that a server that has another file by now sends all of it instead of a range. RFC 9110, 13.1.5: strong tags only. */
export function ifRange({ etag }: Announced): Record<string, string> {
  return etag?.startsWith('"') === true ? { 'if-range': etag } : {};
}

/** What it means that a server does not give the file. */
export function refusal({ status, headers, url }: Served, what: string): Error {
  const passing = passingFailure(status, headers, url.host);
  if (passing !== undefined) return passing;
  if (status === 404 || status === 410) {
    return new ModelpackError('not-found', `${url.host} has no ${what} (${status})`, {
      hint: 'check the address',
    });
  }
  if (status === 401 || status === 403) {
    return new ModelpackError('refused', `${url.host} refuses access to ${what} (${status})`, {
      hint: 'a signed address may have expired: ask for a new one; https://user:password@host/… is understood too',
    });
  }
  return new ModelpackError('network', `${url.host} answered ${status} for ${what}`, {
    hint: 'check the address, or try again later',
  });
}

/** Whether the body is the file itself, not compressed. */
export function isPlain({ headers }: Served): boolean {
  return (header(headers, 'content-encoding') ?? 'identity') === 'identity';
}

function sizeIn(answer: Served): number | undefined {
  const { status, headers } = answer;
  if (!isPlain(answer)) return undefined;
  const text =
    status === 200
      ? header(headers, 'content-length')
      : /^bytes \d+-\d+\/(\d+)$/.exec(header(headers, 'content-range') ?? '')?.[1];
  const size = /^\d+$/.test(text ?? '') ? Number(text) : Number.NaN;
  return Number.isSafeInteger(size) ? size : undefined;
}

/** Servers make a tag weak where they would compress: RFC 9110, 8.8.3.2. */
function bare(etag: string | undefined): string | undefined {
  return etag?.replace(/^W\//, '');
}
