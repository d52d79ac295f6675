import { KiB } from '../bytes.ts';
import { Unreadable } from './failure.ts';
import type { Windows } from './windows.ts';

/** In bytes. NumPy itself reads 10,000 unless pickles are allowed. */
const LONGEST_HEADER = 64 * KiB;

/**
 * Where the pickle of an array of objects begins. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 * @returns undefined for an array of numbers
 */
export async function objectsIn(windows: Windows): Promise<number | undefined> {
  const [major] = (await windows.at(6, 2)) as unknown as [number];
  const [start, length] =
    major === 1
      ? [10, (await windows.at(8, 2)).readUInt16LE(0)]
      : [12, (await windows.at(8, 4)).readUInt32LE(0)];
  if (length > LONGEST_HEADER) throw new Unreadable('has too long a header');
  const header = (await windows.at(start, length)).subarray(0, length).toString('latin1');
  // Of the types, only that of objects has this letter or this word in it: 'O', '|O8', 'object'.
  return /["'][^"']*(O|object)[^"']*["']/.test(header) ? start + length : undefined;
}
