import { createHash, type Hash } from 'node:crypto';

import { Corrupt } from './errors.ts';
import { viewOf, type FilePiece, type Held, type Range } from './memory.ts';

/** At once; a hash takes at most 2 GiB, and nothing else happens meanwhile. */
const STEP = 8 * 1024 * 1024;

/**
 * Hashes files while ranges of them arrive, in the order of the bundle.
 *
 * @param from all before this byte of the bundle is there already
 * @returns to be told of each range that is complete, by its number. @throws Corrupt
 */
export function verifier(
  location: string,
  from: number,
  held: readonly Held[],
  ranges: readonly Range<FilePiece>[],
): (completed: number) => void {
  const hashes = new Map<Held, Hash>();
  const complete = new Set<number>();
  let next = 0;

  function update(file: Held, bytes: Uint8Array, at: number): void {
    const { path, offset, size, sha256 } = file.member;
    const hash = hashes.get(file) ?? createHash('sha256');
    hashes.set(file, hash);
    for (let start = 0; start < bytes.length; start += STEP) hash.update(bytes.subarray(start, start + STEP));
    if (at + bytes.length < offset + size) return;
    hashes.delete(file);
    const found = hash.digest('hex');
    if (found === sha256) return;
    throw new Corrupt(`${location}: ${path} has sha256 ${found}, expected ${sha256}`, {
      hint: 'it was damaged in S3 or on its way: open it again; if that fails too, upload it again',
    });
  }

  for (const file of held) {
    const { offset, size } = file.member;
    const there = Math.min(size, from - offset);
    if (there > 0 || (there === 0 && size === 0)) update(file, viewOf(file, 0, there), offset);
  }
  return (completed) => {
    complete.add(completed);
    for (; complete.delete(next); next++) {
      for (const { held: file, at, into } of ranges[next]!.pieces) update(file, into, at);
    }
  };
}
