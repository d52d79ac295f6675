import { ModelpackError } from '../errors.ts';
import { discard, networkFailure, type Answer } from './client.ts';
import { header } from './header.ts';
import { Retryable } from './retry.ts';

/** A place in a file that a server serves by ranges. Sizes and positions are bytes. */
export interface RangeRequest {
  readonly url: URL;
  /** Of the whole file, which the server must confirm. */
  readonly size: number;
  readonly start: number;
  readonly into: Uint8Array;
  readonly signal: AbortSignal;
  /** Told of every chunk as it is in place. */
  readonly onBytes: (count: number) => void;
}

/** The value of a Range header: HTTP counts the last byte in. RFC 9110, 14.1.2. */
export function rangeHeader(start: number, length: number): string {
  return `bytes=${start}-${start + length - 1}`;
}

/**
 * Puts the body of an answer where it belongs, having checked that it is the range that was asked for. A server
 * that ignores `Range` and sends everything is read up to the range's end.
 *
 * @throws Retryable for a body that is cut short, stalls, or is another range
 * @throws ModelpackError `integrity` when the server has a file of another size
 */
export async function receiveRange(answer: Answer, request: RangeRequest): Promise<void> {
  const { url, into, signal, onBytes } = request;
  let skip = bytesToSkip(answer, request);
  let filled = 0;
  try {
    // An exact body is read to its very end, so that its connection can be used again.
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      if (filled === into.length) break;
      const wanted = chunk.subarray(skip, skip + into.length - filled);
      skip = 0;
      into.set(wanted, filled);
      filled += wanted.length;
      onBytes(wanted.length);
      if (filled === into.length && answer.status === 200) break;
    }
  } catch (error) {
    throw networkFailure(error, url, signal);
  } finally {
    discard(answer);
  }
  if (filled === into.length) return;
  const pop = header(answer.headers, 'x-hf-cdn-pop');
  const edge = pop === undefined ? url.host : `${url.host} (${pop})`;
  throw new Retryable(`${edge} sent ${filled} bytes of ${into.length}`);
}

function bytesToSkip(answer: Answer, { url, size, start, into }: RangeRequest): number {
  const encoding = header(answer.headers, 'content-encoding') ?? 'identity';
  if (encoding !== 'identity') {
    discard(answer);
    throw new Retryable(`${url.host} sent ${encoding.slice(0, 20)} where plain bytes were asked for`);
  }
  if (answer.status === 200) {
    const length = header(answer.headers, 'content-length');
    if (length !== undefined && Number(length) !== size) throw otherSize(answer, url, length, size);
    return start;
  }
  const range = header(answer.headers, 'content-range') ?? '';
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(range) ?? [];
  if (first === undefined || Number(first) !== start || Number(last) >= start + into.length) {
    discard(answer);
    throw new Retryable(
      `${url.host} sent "${range.slice(0, 60)}" for bytes ${start}-${start + into.length - 1}`,
    );
  }
  if (total !== '*' && Number(total) !== size) throw otherSize(answer, url, total!, size);
  return 0;
}

function otherSize(answer: Answer, url: URL, got: string, size: number): ModelpackError {
  discard(answer);
  return new ModelpackError(
    'integrity',
    `${url.host} has ${got.slice(0, 20)} bytes of a file that should have ${size}`,
    { hint: 'it was replaced just now, or what announced it is wrong: run the same command again' },
  );
}
