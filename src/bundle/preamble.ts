import { MiB } from '../bytes.ts';
import { INDEX_NAME } from './contents.ts';

/** tar counts in blocks of this many bytes. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html */
export const BLOCK = 512;

/** The bytes from `size` to the next whole block. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** In bytes. Far more than an index of 100,000 files; a larger number is not read. */
export const INDEX_LIMIT = 64 * MiB;

/**
 * The length of the index in bytes, as the first block of a bundle gives it; its data begins right after that block.
 *
 * @returns undefined when the block is not that of an index
 */
export function indexLengthIn(block: Buffer): number | undefined {
  const isIndex = block.length >= BLOCK && block.toString('latin1', 0, INDEX_NAME.length + 1) === NAME;
  const length = Number.parseInt(block.toString('latin1', 124, 136), 8); // the size field of ustar, octal
  return isIndex && Number.isSafeInteger(length) && length > 0 ? length : undefined;
}

const NAME = `${INDEX_NAME}\0`;
