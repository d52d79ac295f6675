import type { Bytes, Content } from '../bytes.ts';
import { open } from '../bytes.ts';
import type { Index } from './contents.ts';
import type { Layout, Member } from './layout.ts';

/**
 * A bundle as a virtual file: its size, id and every byte are fixed by its layout, and any range of it can be
 * read, whether it exists already (a file, an object) or is only planned.
 */
export interface Bundle extends Content {
  readonly id: string;
  readonly index: Index;
  readonly layout: Layout;
  /** The bytes from `start` up to `end` (exclusive). */
  open(start?: number, end?: number): Bytes;
}

/** A bundle, or what a broken run left of one: its bytes may be missing or wrong, so they are checked before use. */
export interface Former {
  readonly index: Index;
  readonly content: Content;
}

/** Fills `into` with the data of one file, from the file's byte `start` on. */
export type ReadMember = (
  member: Member,
  into: Uint8Array,
  start: number,
  signal?: AbortSignal,
) => Promise<void>;

/** The bundle of a layout whose files' data come from `readMember`; headers and padding need nobody. */
export function bundleOf(layout: Layout, readMember: ReadMember): Bundle {
  return bundleIn(
    { size: layout.size, read: (into, start, signal) => fill(layout, readMember, into, start, signal) },
    layout,
  );
}

/** The bundle that `content` holds already, all of its bytes as they are there. */
export function bundleIn(content: Content, layout: Layout): Bundle {
  return {
    size: layout.size,
    id: layout.id,
    index: layout.index,
    layout,
    read: (into, start, signal) => content.read(into, start, signal),
    open: (start, end) => open(content, start, end),
  };
}

async function fill(
  layout: Layout,
  readMember: ReadMember,
  into: Uint8Array,
  start: number,
  signal?: AbortSignal,
): Promise<void> {
  const end = start + into.length;
  if (start < 0 || end > layout.size)
    throw new RangeError(`bytes ${start}-${end} of a bundle of ${layout.size}`);
  fillFrame(layout, into, start);
  const reads: Promise<void>[] = [];
  for (const member of membersBetween(layout, start, end)) {
    const from = Math.max(start, member.offset);
    const to = Math.min(end, member.offset + member.size);
    if (from >= to || member.model < 0) continue;
    reads.push(readMember(member, into.subarray(from - start, to - start), from - member.offset, signal));
  }
  await Promise.all(reads);
}

/** Writes what is no file's data: the index, headers, padding and the end of the tar. Data bytes are not touched. */
export function fillFrame(layout: Layout, into: Uint8Array, start: number): void {
  for (const member of membersBetween(layout, start, start + into.length)) {
    copyAt(member.header, member.start, into, start);
    if (member.model < 0) copyAt(layout.indexBytes, member.offset, into, start);
    zeroAt(member.offset + member.size, member.end, into, start);
  }
  zeroAt(layout.members.at(-1)!.end, layout.size, into, start);
}

/** The members that have a byte in `start`..`end`, found by bisection: a bundle may hold 100,000 files. */
export function* membersBetween(layout: Layout, start: number, end: number): Iterable<Member> {
  const { members } = layout;
  let low = 0;
  let high = members.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (members[middle]!.end <= start) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < members.length && members[i]!.start < end; i++) yield members[i]!;
}

/** Copies the part of `bytes`, which stand at `position`, that falls into a window beginning at `start`. */
function copyAt(bytes: Uint8Array, position: number, window: Uint8Array, start: number): void {
  const from = Math.max(position, start);
  const to = Math.min(position + bytes.length, start + window.length);
  if (from < to) window.set(bytes.subarray(from - position, to - position), from - start);
}

/** Writes zeros from `position` up to `end`, as far as they fall into a window beginning at `start`. */
function zeroAt(position: number, end: number, window: Uint8Array, start: number): void {
  const from = Math.max(position, start);
  const to = Math.min(end, start + window.length);
  if (from < to) window.fill(0, from - start, to - start);
}
