import { MiB } from './bytes.ts';

/** A byte range of what is transferred: the unit of transfer, retry and resume. `end` is exclusive. */
export interface Part {
  /** From 1, as S3 counts. */
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/**
 * S3's limit on the parts of an upload; for files it keeps the journal short.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 */
export const MAX_PARTS = 10_000;
export const DEFAULT_PART_SIZE = 16 * MiB;

/** `wanted` bytes, or more, in whole MiB, when `size` would need too many parts. */
export function partSizeFor(size: number, wanted: number): number {
  return size <= wanted * MAX_PARTS ? wanted : Math.ceil(size / MAX_PARTS / MiB) * MiB;
}

export function partsOf(size: number, partSize: number): Part[] {
  const parts: Part[] = [];
  for (let start = 0; start < size; start += partSize) {
    parts.push({ number: parts.length + 1, start, end: Math.min(size, start + partSize) });
  }
  return parts;
}

/** Bytes of the part `number`; 0 where there is no such part. */
export function partLength(number: number, partSize: number, size: number): number {
  return Math.max(0, Math.min(number * partSize, size) - (number - 1) * partSize);
}
