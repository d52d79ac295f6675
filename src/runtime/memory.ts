import { MiB } from '../bytes.ts';
import type { Member } from './contents.ts';

/** A file's own memory. A view of all of it may be larger than an array of this version of Node can be. */
export interface Held {
  readonly member: Member;
  readonly buffer: ArrayBuffer;
  /** Where the file begins in `buffer`. */
  readonly from: number;
}

/** Where the bytes from byte `at` of the bundle on belong. */
export interface Piece {
  readonly at: number;
  readonly into: Uint8Array;
}

/** Of one file. */
export interface FilePiece extends Piece {
  readonly held: Held;
}

/** What is read at once: `end` is exclusive. Bytes between the pieces are not wanted. */
export interface Range<P extends Piece = Piece> {
  readonly start: number;
  readonly end: number;
  readonly pieces: readonly P[];
}

/**
 * Of a range, in bytes, and what ranges are aligned to. S3 advises 8 or 16 MB, aligned with the parts of the upload
 * (16 MiB unless told otherwise):
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-guidelines.html
 */
const RANGE = 8 * MiB;

/** Bytes that nobody asked for are cheaper than another request, up to so many. */
const GAP = MiB / 4;

/** Gives each file its memory; one that is in `head`, the first bytes of the bundle, is where it is already. */
export function hold(members: readonly Member[], head: Buffer<ArrayBuffer>): Held[] {
  return members.map((member) => {
    if (isWithin(member, head)) return { member, buffer: head.buffer, from: head.byteOffset + member.offset };
    const held = { member, buffer: new ArrayBuffer(member.size), from: 0 };
    const begun = head.subarray(member.offset);
    viewOf(held, 0, begun.length).set(begun);
    return held;
  });
}

/** What `hold` takes besides the head, in bytes. */
export function memoryFor(members: readonly Member[], head: Uint8Array): number {
  return members.reduce((sum, member) => (isWithin(member, head) ? sum : sum + member.size), 0);
}

function isWithin({ offset, size }: Member, head: Uint8Array): boolean {
  return offset + size <= head.length;
}

/** The file's bytes from `start` up to `end`, without a copy. */
export function viewOf(
  { buffer, from, member }: Held,
  start = 0,
  end = member.size,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, from + start, Math.max(0, end - start));
}

/** What is still to be read when all before `from` is there, in the order of the bundle. */
export function rangesFrom(from: number, held: readonly Held[]): Range<FilePiece>[] {
  const ranges: { start: number; end: number; pieces: FilePiece[] }[] = [];
  for (const each of held) {
    const { offset, size } = each.member;
    const dataEnd = offset + size;
    for (let at = Math.max(from, offset); at < dataEnd;) {
      const end = Math.min(dataEnd, (Math.floor(at / RANGE) + 1) * RANGE);
      const piece = { held: each, at, into: viewOf(each, at - offset, end - offset) };
      const last = ranges.at(-1);
      const isNear =
        last && at - last.end <= GAP && Math.floor(last.start / RANGE) === Math.floor(at / RANGE);
      if (isNear) {
        last.end = end;
        last.pieces.push(piece);
      } else {
        ranges.push({ start: at, end, pieces: [piece] });
      }
      at = end;
    }
  }
  return ranges;
}

/** Puts the bytes of a range, in the order in which they come, where they belong. */
export class Filling {
  /** The next byte of the bundle that is wanted. */
  position: number;
  readonly #range: Range;
  #piece = 0;

  constructor(range: Range) {
    this.#range = range;
    this.position = range.start;
  }

  get missing(): number {
    return this.#range.end - this.position;
  }

  /** @param chunk of at most the bytes that are missing; it is copied */
  take(chunk: Uint8Array): void {
    const start = this.position;
    const end = start + chunk.length;
    const { pieces } = this.#range;
    for (; this.#piece < pieces.length; this.#piece++) {
      const { at, into } = pieces[this.#piece]!;
      const from = Math.max(start, at);
      const to = Math.min(end, at + into.length);
      if (from < to) into.set(chunk.subarray(from - start, to - start), from - at);
      if (end < at + into.length) break;
    }
    this.position = end;
  }
}
