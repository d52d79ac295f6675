import { S3Error } from './errors.ts';

/** `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What a Range header selects; undefined for one that is ignored, such as several ranges at once. */
export function readRange(header: string, size: number): Span | undefined {
  const { first, last } = /^bytes=(?<first>\d*)-(?<last>\d*)$/.exec(header)?.groups ?? {};
  if (first === undefined || last === undefined || first + last === '') return undefined;
  const span = first === '' ? suffix(Number(last), size) : between(Number(first), last, size);
  if (!span || span.start < span.end) return span;
  throw new S3Error('InvalidRange', {
    headers: { 'content-range': `bytes */${size}` },
    details: { RangeRequested: header, ActualObjectSize: size },
  });
}

/** The form of x-amz-copy-source-range: both ends given, and inside the object. */
export function readExactRange(header: string, size: number): Span {
  const { first, last } = /^bytes=(?<first>\d+)-(?<last>\d+)$/.exec(header)?.groups ?? {};
  const span = { start: Number(first), end: Number(last) + 1 };
  if (span.start < span.end && span.end <= size) return span;
  throw new S3Error('InvalidArgument', {
    message: `Range specified is not valid for source object of size: ${size}`,
  });
}

export function contentRange({ start, end }: Span, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`;
}

function suffix(length: number, size: number): Span {
  return { start: Math.max(0, size - length), end: size };
}

function between(start: number, last: string, size: number): Span | undefined {
  if (last === '') return { start, end: size };
  if (Number(last) < start) return undefined;
  return { start, end: Math.min(size, Number(last) + 1) };
}
