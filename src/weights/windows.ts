import { KiB, MiB, type Content } from '../bytes.ts';
import { formatSize } from '../size.ts';
import { Malformed, Unreadable } from './failure.ts';

/** A content that is looked into here and there: what is asked for twice is read once. */
export interface Windows {
  /** In bytes. */
  readonly size: number;
  /**
   * The bytes from `start` on: at least `length` of them, and what else is at hand. They are not to be written to.
   *
   * @throws Malformed when there are not so many, Unreadable when too much has been read already
   */
  at(start: number, length: number): Promise<Buffer>;
}

/**
 * Read at the beginning and at the end, where formats have their signatures and directories. The end of a zip may have
 * 64 KiB of comment in it, and yauzl always asks for as much.
 */
const EDGE = 66 * KiB;
/** Read elsewhere at first; who reads on gets twice as much each time, up to the most. */
const STEP = 16 * KiB;
const MOST = 4 * MiB;
const KEPT = 4;

/** Of one file, in bytes. What loads weights takes a few KB of them; a dictionary of a million words takes 20 MB. */
export const READ_LIMIT = 64 * MiB;

interface Window {
  readonly start: number;
  readonly bytes: Buffer;
}

export function windowsOf(content: Content, signal?: AbortSignal): Windows {
  const { size } = content;
  const spend = allowance();
  const windows: Window[] = [];
  let step = STEP;

  async function at(start: number, length: number): Promise<Buffer> {
    if (start + length > size) throw endsEarly();
    const known = windows.find((window) => has(window, start, length));
    if (known !== undefined) return known.bytes.subarray(start - known.start);
    const [from, to] = range(start, length);
    spend(to - from);
    const bytes = Buffer.allocUnsafe(to - from);
    await content.read(bytes, from, signal);
    if (windows.length === KEPT) windows.pop();
    windows.unshift({ start: from, bytes });
    return bytes.subarray(start - from);
  }

  /** What to read, so that few reads do and little is read. */
  function range(start: number, length: number): [from: number, to: number] {
    if (size <= 2 * EDGE) return [0, size];
    if (start + length <= EDGE) return [0, EDGE];
    if (start >= size - EDGE) return [size - EDGE, size];
    const last = windows[0];
    const goesOn = last !== undefined && start >= last.start && start <= last.start + last.bytes.length;
    step = goesOn ? Math.min(2 * step, MOST) : STEP;
    return [start, Math.min(size, start + Math.max(length, step))];
  }

  return { size, at };
}

/** A part of a content as a content of its own. */
export function part(windows: Windows, offset: number, size: number): Windows {
  return {
    size,
    async at(start, length) {
      if (start + length > size) throw endsEarly();
      const bytes = await windows.at(offset + start, length);
      return bytes.subarray(0, size - start);
    },
  };
}

/**
 * What can only be read from its beginning on, such as the content of something compressed.
 *
 * @param spend is told of the bytes that are read, and may refuse them
 */
export function streamed(
  chunks: AsyncIterator<Buffer>,
  size: number,
  spend: (bytes: number) => void,
): Windows {
  let start = 0;
  let bytes: Buffer = Buffer.alloc(0);
  return {
    size,
    async at(from, length) {
      while (start + bytes.length < from + length) {
        const next = await chunks.next();
        if (next.done === true) throw endsEarly();
        spend(next.value.length);
        const kept = bytes.subarray(Math.max(0, from - start));
        start += bytes.length - kept.length;
        bytes = Buffer.concat([kept, next.value]);
      }
      if (from < start) throw new Unreadable('has a pickle in bytes that are compressed');
      return bytes.subarray(from - start);
    },
  };
}

function has({ start, bytes }: Window, from: number, length: number): boolean {
  return from >= start && from + length <= start + bytes.length;
}

/** Counts what is read, up to the limit. */
export function allowance(): (bytes: number) => void {
  let left = READ_LIMIT;
  return (bytes) => {
    left -= bytes;
    if (left < 0)
      throw new Unreadable(`is too long: more than ${formatSize(READ_LIMIT)} would have to be read`);
  };
}

function endsEarly(): Malformed {
  return new Malformed('ends too early');
}
