import { createHash, type Hash } from 'node:crypto';

import { ModelpackError } from '../errors.ts';
import { fillFrame, membersBetween } from './bundle.ts';
import { corrupt } from './contents.ts';
import type { Layout, Member } from './layout.ts';

export interface CheckOptions {
  /** For messages: what is being checked. */
  readonly where: string;
  /** The git blob sha1 that a file must have besides its sha256, where one is known. */
  readonly blobSha1?: ((member: Member) => string | undefined) | undefined;
  readonly onFile?: ((member: Member) => void) | undefined;
  /** Where the first chunk begins: all before it was checked by an earlier run. */
  readonly from?: number | undefined;
  /** Whether the sha256 of the whole bundle is wanted, which costs as much as those of the files. */
  readonly digest?: boolean | undefined;
  /** Who looks at the data of a file as they pass, and may refuse a file whose hashes are right. */
  readonly watch?: ((member: Member) => Watch | undefined) | undefined;
}

/** Sees all data of one file, in order. What it throws in the end, ends the check. */
export interface Watch {
  update(data: Uint8Array): void;
  finish(): void;
}

/** Checks a bundle's bytes as they pass, in order. */
export interface Check {
  /** All bytes before this one are right; those of a file that has not ended are not known to be. */
  readonly verified: number;
  /** @throws ModelpackError `integrity` at the first byte or file that is wrong */
  update(chunk: Uint8Array): void;
  /**
   * @returns sha256 of the whole bundle, hex, if it was wanted
   * @throws ModelpackError `integrity` when bytes are missing
   */
  finish(): string | undefined;
}

interface Open {
  readonly member: Member;
  readonly sha256: Hash;
  readonly sha1: Hash | undefined;
  readonly blobSha1: string | undefined;
  readonly watch: Watch | undefined;
}

export function checkOf(layout: Layout, options: CheckOptions): Check {
  const { where, blobSha1, onFile, watch, from: beginning = 0, digest = false } = options;
  const whole = digest ? createHash('sha256') : undefined;
  let position = beginning;
  let current: Open | undefined;

  function begin(member: Member): Open {
    const expected = blobSha1?.(member);
    const sha1 = expected === undefined ? undefined : createHash('sha1').update(`blob ${member.size}\0`);
    return { member, sha256: createHash('sha256'), sha1, blobSha1: expected, watch: watch?.(member) };
  }

  function end({ member, sha256, sha1, blobSha1: expected, watch: watched }: Open): void {
    compare(where, member, 'sha256', sha256.digest('hex'), member.sha256);
    if (sha1 !== undefined) compare(where, member, 'git blob sha1', sha1.digest('hex'), expected!);
    watched?.finish();
    onFile?.(member);
  }

  function update(chunk: Uint8Array): void {
    whole?.update(chunk);
    const start = position;
    position += chunk.length;
    // All that lies between the files' data, as it should be; data bytes are skipped.
    let framed = start;
    for (const member of membersBetween(layout, start, position)) {
      if (member.model < 0) continue;
      const dataEnd = member.offset + member.size;
      const from = Math.max(start, member.offset);
      const to = Math.min(position, dataEnd);
      checkFrame(layout, where, chunk, start, framed, Math.min(position, member.offset));
      framed = Math.max(framed, to);
      // One that begins before the first chunk was checked by the earlier run.
      if (dataEnd <= start || member.offset < beginning) continue;
      if (from > position || (from === position && member.size > 0)) continue;
      current ??= begin(member);
      if (from < to) {
        const data = chunk.subarray(from - start, to - start);
        current.sha256.update(data);
        current.sha1?.update(data);
        current.watch?.update(data);
      }
      if (position >= dataEnd) {
        end(current);
        current = undefined;
      }
    }
    checkFrame(layout, where, chunk, start, framed, position);
  }

  function finish(): string | undefined {
    if (position !== layout.size) throw corrupt(where, `it has ${position} bytes of ${layout.size}`);
    return whole?.digest('hex');
  }

  return {
    update,
    finish,
    get verified() {
      return current?.member.start ?? position;
    },
  };
}

/** Compares the frame (headers, padding, index) between `from` and `to`, where `chunk` begins at `start`. */
function checkFrame(
  layout: Layout,
  where: string,
  chunk: Uint8Array,
  start: number,
  from: number,
  to: number,
): void {
  if (from >= to) return;
  const expected = Buffer.allocUnsafe(to - from);
  fillFrame(layout, expected, from);
  if (!expected.equals(chunk.subarray(from - start, to - start))) {
    throw corrupt(
      where,
      `a tar header or its padding between bytes ${from} and ${to} is not as the index says`,
    );
  }
}

function compare(where: string, member: Member, what: string, got: string, expected: string): void {
  if (got === expected) return;
  throw new ModelpackError('integrity', `${where}: ${member.path} has ${what} ${got}, expected ${expected}`, {
    hint: 'it was damaged on its way or where it comes from; nothing of it was kept, so run the same command again',
  });
}
