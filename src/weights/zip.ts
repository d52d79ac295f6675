import { Readable } from 'node:stream';
import { callbackify } from 'node:util';

import yauzl, { type Entry, type ZipFile } from 'yauzl';

import { KiB } from '../bytes.ts';
import { Malformed, Unreadable } from './failure.ts';
import { allowance, part, streamed, type Windows } from './windows.ts';

/** One file in a zip. */
export interface ZipMember {
  readonly name: string;
  /** Lets `use` read its content, uncompressed. */
  read(use: (content: Windows) => Promise<void>): Promise<void>;
}

/*
 * The end of a zip. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.14 to 4.3.16
 *
 *   0    56 bytes   zip64 end of central directory record, only where the locator stands
 *        12   u64   its own length without 12 bytes
 *        32   u64   number of entries
 *        40   u64   length of the central directory
 *        48   u64   offset of the central directory
 *   56   20 bytes   zip64 locator: 8 u64 offset of the record
 *   76   22 bytes   end of central directory record
 *        10   u16   number of entries
 *        12   u32   length of the central directory
 *        16   u32   offset of the central directory
 *        20   u16   length of the comment behind it
 */
const END = 22;
const LOCATOR = 20;
const RECORD = 56;

/** Of the number of entries, and of the length and offset of the directory: the record has it. */
const FULL = [0xffff, 0xffffffff, 0xffffffff] as const;

const signatures = { end: 0x06054b50, locator: 0x07064b50, record: 0x06064b50 } as const;

const STORED = 0;
const DEFLATED = 8;
/** Of extra fields: the name once more, in Unicode, and sizes that 32 bits cannot hold. */
const extra = { unicodePath: 0x7075, zip64: 0x0001 } as const;

/**
 * The files in a zip, by its central directory. Readers differ in what they make of a zip that says something twice;
 * one in which they could find different files is refused, because what is looked at here must be what is loaded.
 *
 * @throws Malformed, Unreadable
 */
export async function* zipMembers(windows: Windows): AsyncIterable<ZipMember> {
  const { length, offset } = await directory(windows);
  const access = new Access(windows);
  const zip = await access.guard(
    yauzl.fromRandomAccessReaderPromise(access, windows.size, { decodeStrings: false, autoClose: false }),
  );
  let read = 0;
  const entries = zip.eachEntry();
  for (
    let next = await access.guard(entries.next());
    next.done !== true;
    next = await access.guard(entries.next())
  ) {
    const entry = next.value;
    read += 46 + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
    yield memberOf(entry, zip, access, windows, offset);
  }
  if (read !== length) throw new Malformed('has another central directory than its end says');
}

/** Where the central directory is, if there is only one way to read that. */
async function directory(windows: Windows): Promise<{ length: number; offset: number }> {
  const start = Math.max(0, windows.size - END - LOCATOR - RECORD);
  if (windows.size < END) throw new Malformed('is cut off');
  const tail = (await windows.at(start, windows.size - start)).subarray(0, windows.size - start);
  const end = tail.subarray(tail.length - END);
  if (end.readUInt32LE(0) !== signatures.end || end.readUInt16LE(20) !== 0) throw new Malformed('is cut off');
  const narrow = [end.readUInt16LE(10), end.readUInt32LE(12), end.readUInt32LE(16)] as const;
  let [, length, offset] = narrow;
  let stop = windows.size - END;
  const locator = tail.subarray(Math.max(0, tail.length - END - LOCATOR));
  if (tail.length >= END + LOCATOR && locator.readUInt32LE(0) === signatures.locator) {
    stop -= LOCATOR + RECORD;
    const record = tail.subarray(0, RECORD);
    const inPlace =
      stop === start &&
      Number(locator.readBigUInt64LE(8)) === stop &&
      record.readUInt32LE(0) === signatures.record &&
      Number(record.readBigUInt64LE(4)) === RECORD - 12;
    if (!inPlace) throw ambiguous();
    const wide = [32, 40, 48].map((at) => Number(record.readBigUInt64LE(at))) as [number, number, number];
    if (!wide.every((value, i) => value === narrow[i] || narrow[i] === FULL[i])) throw ambiguous();
    [, length, offset] = wide;
  }
  if (offset + length !== stop) throw ambiguous();
  return { length, offset };
}

function memberOf(
  entry: Entry,
  zip: ZipFile,
  access: Access,
  windows: Windows,
  directoryOffset: number,
): ZipMember {
  const name = entry.fileNameRaw.toString();
  const fields = entry.extraFields.map(({ id }) => id);
  const twice = fields.filter((id) => id === extra.zip64).length > 1 || fields.includes(extra.unicodePath);
  if (twice || name.includes('\0')) throw ambiguous();

  async function read(use: (content: Windows) => Promise<void>): Promise<void> {
    if (entry.isEncrypted()) throw new Unreadable('is encrypted');
    const { fileDataStart } = await access.guard(zip.readLocalFileHeaderPromise(entry, { minimal: true }));
    if (fileDataStart + entry.compressedSize > directoryOffset) throw new Malformed('is cut off');
    if (entry.compressionMethod === STORED) {
      return use(part(windows, fileDataStart, entry.uncompressedSize));
    }
    if (entry.compressionMethod !== DEFLATED) {
      throw new Unreadable(`is compressed by method ${entry.compressionMethod}`);
    }
    const stream = await access.guard(zip.openReadStreamPromise(entry));
    try {
      await use(streamed(guarded(stream, access), entry.uncompressedSize, access.spend));
    } finally {
      stream.destroy(); // most is not read to its end
    }
  }

  return { name, read };
}

async function* guarded(stream: Readable, access: Access): AsyncGenerator<Buffer> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  for (
    let next = await access.guard(chunks.next());
    next.done !== true;
    next = await access.guard(chunks.next())
  ) {
    yield next.value;
  }
}

function ambiguous(): Unreadable {
  return new Unreadable('is a zip that can be read in more than one way');
}

const CHUNK = 16 * KiB;

/** Windows as yauzl reads them. */
class Access extends yauzl.RandomAccessReader {
  readonly #windows: Windows;
  #failure: { readonly error: unknown } | undefined;
  /** For what is uncompressed, of all members together. */
  readonly spend = allowance();

  constructor(windows: Windows) {
    super();
    this.#windows = windows;
  }

  /** What yauzl says of the bytes is that they are no zip; a failure to read them stays what it is. */
  async guard<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      if (this.#failure !== undefined) throw this.#failure.error;
      throw new Malformed(`is no zip that can be read: ${(error as Error).message}`, { cause: error });
    }
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    callbackify(async () => {
      (await this.#at(position, length)).copy(buffer, offset, 0, length);
    })(done);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#range(start, end));
  }

  async *#range(start: number, end: number): AsyncIterable<Buffer> {
    for (let position = start; position < end;) {
      const bytes = await this.#at(position, Math.min(CHUNK, end - position));
      const chunk = bytes.subarray(0, end - position);
      yield chunk;
      position += chunk.length;
    }
  }

  async #at(start: number, length: number): Promise<Buffer> {
    try {
      return await this.#windows.at(start, length);
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }
}
