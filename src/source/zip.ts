import { pipeline, Readable } from 'node:stream';
import { callbackify } from 'node:util';
import { createInflateRaw } from 'node:zlib';

import type { Entry, ZipFile } from 'yauzl';

import { GiB, KiB, open, type Bytes } from '../bytes.ts';
import { messageOf, ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { brief, quoted } from '../printable.ts';
import { inSequence } from '../sequence.ts';
import { formatSize } from '../size.ts';
import type { Remote } from './web/remote.ts';

/** Of a member whose catalog gives no size. Many times what EasyOCR's largest has, about 250 MB. */
const MAX_MEMBER = 2 * GiB;
/** What deflate can make of a byte at most. https://zlib.net/zlib_tech.html */
const MAX_RATIO = 1032;
/** Far more than a zip of one model has; each is read. */
const MAX_ENTRIES = 1_000;
/** Read at once, of a directory whose entries have about 100 bytes. */
const WINDOW = 64 * KiB;

/** The compression methods. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.4.5 */
const STORED = 0;
const DEFLATED = 8;

/** Which member of a zip is wanted, and its size in bytes where that is known beforehand. */
export interface WantedMember {
  readonly name: string;
  readonly size?: number | undefined;
}

/**
 * A member of a zip on a server, of which only the directory is read now.
 *
 * @param what for messages: the zip
 * @throws ModelpackError `integrity` when it is no zip, has no such member, or one that must not be unpacked
 */
export async function openMember(
  zip: Remote,
  what: string,
  { name, size: expected }: WantedMember,
  run: Run,
): Promise<Remote> {
  const file = await openZip(zip, what, run);
  const entry = await entryNamed(file, what, name, run);
  check(entry, expected, zip, what);
  const { compressedSize, uncompressedSize: size } = entry;
  let start: Promise<number> | undefined;

  /** The member's own header says where its data begins. */
  function dataStart(current: Run): Promise<number> {
    if (start !== undefined) return start;
    const asked = understood(what, current, () => file.readLocalFileHeaderPromise(entry, { minimal: true }));
    start = asked.then(({ fileDataStart }) => fileDataStart);
    start.catch(() => (start = undefined));
    return start;
  }

  if (entry.compressionMethod === STORED) {
    return {
      size,
      read: async (into, at, current) => zip.read(into, (await dataStart(current)) + at, current),
    };
  }
  async function* inflated(current: Run): Bytes {
    const from = await dataStart(current);
    yield* inflate(zip, what, from, from + compressedSize, current);
  }
  const stream = inSequence(`${quoted(name)} in ${what}`, inflated);
  return { size, read: (into, at, current) => stream.read(into, at, current) };
}

async function openZip(zip: Remote, what: string, run: Run): Promise<ZipFile> {
  // Loaded late: most runs meet no zip.
  const { default: yauzl } = await import('yauzl');
  const readNear = windowed(zip);
  const readInto = callbackify(async (buffer: Buffer, offset: number, length: number, position: number) =>
    (await readNear(position, length, run)).copy(buffer, offset),
  );
  class Reader extends yauzl.RandomAccessReader {
    override read(...call: Parameters<typeof readInto>): void {
      readInto(...call);
    }
  }
  const options = { autoClose: false, strictFileNames: true };
  const file = await understood(what, run, () =>
    yauzl.fromRandomAccessReaderPromise(new Reader(), zip.size, options),
  );
  if (file.entryCount > MAX_ENTRIES) throw refused(what, `it has ${file.entryCount} files`);
  return file;
}

/** Small reads, most of them next to each other, by few requests. */
function windowed(zip: Remote) {
  let window = Buffer.alloc(0);
  let at = 0;
  return async (start: number, length: number, run: Run): Promise<Buffer> => {
    const isInside = start >= at && start + length <= at + window.length;
    if (!isInside) {
      const found = Buffer.alloc(Math.min(Math.max(length, WINDOW), Math.max(0, zip.size - start)));
      await zip.read(found, start, run);
      window = found;
      at = start;
    }
    return window.subarray(start - at, start - at + length);
  };
}

/** All names are looked at: a zip with a single bad one is not to be trusted. */
async function entryNamed(file: ZipFile, what: string, name: string, run: Run): Promise<Entry> {
  const found: Entry[] = [];
  await understood(what, run, async () => {
    for await (const entry of file.eachEntry()) if (entry.fileName === name) found.push(entry);
  });
  if (found.length === 1) return found[0]!;
  throw refused(what, `it has ${found.length === 0 ? 'no' : 'more than one'} ${quoted(name)}`);
}

function check(entry: Entry, expected: number | undefined, zip: Remote, what: string): void {
  const { fileName, compressionMethod: method, compressedSize, uncompressedSize: size } = entry;
  const limit = expected ?? MAX_MEMBER;
  const faults: readonly (readonly [is: boolean, why: string])[] = [
    [entry.isEncrypted(), 'is encrypted'],
    [method !== STORED && method !== DEFLATED, `is compressed by method ${method}: 0 and 8 are read`],
    [compressedSize > zip.size, 'is larger than the zip'],
    [size > limit, `would have ${formatSize(size)}, more than the limit of ${formatSize(limit)}`],
    [size < (expected ?? 0), `has ${size} bytes, expected ${expected}`],
    [
      size > compressedSize * MAX_RATIO,
      `cannot have ${formatSize(size)} out of ${formatSize(compressedSize)}`,
    ],
  ];
  const fault = faults.find(([is]) => is);
  if (fault !== undefined) throw refused(what, `${quoted(fileName)} ${fault[1]}`);
}

async function* inflate(zip: Remote, what: string, start: number, end: number, run: Run): Bytes {
  const content = { size: zip.size, read: (into: Uint8Array, at: number) => zip.read(into, at, run) };
  async function* compressed() {
    // Copied, because a stream asks for the next chunk before it has used up the last one.
    for await (const chunk of open(content, start, end)) yield Buffer.from(chunk);
  }
  const plain = createInflateRaw();
  pipeline(Readable.from(compressed()), plain, () => {}); // a failure is thrown to the reader of `plain`
  try {
    yield* plain as AsyncIterable<Buffer>;
  } catch (error) {
    throw translated(what, run, error);
  }
}

async function understood<T>(what: string, run: Run, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(what, run, error);
  }
}

/** What the zip is at fault for; the network and Ctrl-C are told as they are. */
function translated(what: string, run: Run, error: unknown): unknown {
  if (run.signal.aborted) return run.signal.reason;
  return error instanceof ModelpackError ? error : refused(what, brief(messageOf(error)), error);
}

function refused(what: string, why: string, cause?: unknown): ModelpackError {
  return new ModelpackError('integrity', `${what} is a zip that cannot be used: ${why}`, {
    hint: 'it was damaged or replaced where it comes from; nothing of it was kept',
    cause,
  });
}
