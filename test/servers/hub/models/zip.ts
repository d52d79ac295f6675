import { crc32, deflateRawSync } from 'node:zlib';

/** A file in a zip. Of one that is only as large as a number says, the caller has the bytes. */
export interface ZipFile {
  readonly name: string;
  readonly content: Buffer | number;
  readonly deflated?: boolean;
  /** Extra fields of the entry in the central directory. */
  readonly extra?: Buffer;
}

/*
 * As PyTorch writes them: a zip64 record always, data at multiples of 64.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
const ALIGNMENT = 64;

/** The bytes of a zip in their order, with the sizes of those that the caller has. */
export function zipPieces(files: readonly ZipFile[]): (Buffer | number)[] {
  const pieces: (Buffer | number)[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const { name, content, deflated = false, extra = Buffer.alloc(0) } of files) {
    const stored = deflated && Buffer.isBuffer(content) ? deflateRawSync(content) : content;
    const size = sizeOf(content);
    const packed = sizeOf(stored);
    const path = Buffer.from(name);
    const bare = at + 30 + path.length + 4;
    const padding = Buffer.alloc(4 + ((ALIGNMENT - (bare % ALIGNMENT)) % ALIGNMENT), 'Z');
    padding.write('FB', 0, 'latin1');
    padding.writeUInt16LE(padding.length - 4, 2);
    const common = Buffer.alloc(22);
    common.writeUInt16LE(deflated ? 8 : 0, 4);
    // Without the bytes there is no checksum: PyTorch can leave it out, too.
    common.writeUInt32LE(Buffer.isBuffer(content) ? crc32(content) : 0, 10);
    common.writeUInt32LE(packed, 14);
    common.writeUInt32LE(size, 18);
    const local = Buffer.concat([
      u32(0x04034b50),
      common,
      u16(path.length),
      u16(padding.length),
      path,
      padding,
    ]);
    pieces.push(local, stored);
    entries.push(
      Buffer.concat([
        u32(0x02014b50),
        u16(0),
        common,
        u16(path.length),
        u16(extra.length),
        Buffer.alloc(10),
        u32(at),
        path,
        extra,
      ]),
    );
    at += local.length + packed;
  }
  const directory = Buffer.concat(entries);
  const end = at + directory.length;
  const counts = [u64(files.length), u64(files.length), u64(directory.length), u64(at)];
  const record = Buffer.concat([u32(0x06064b50), u64(44), Buffer.alloc(12), ...counts]);
  const locator = Buffer.concat([u32(0x07064b50), u32(0), u64(end), u32(1)]);
  const count = u16(files.length);
  const last = Buffer.concat([u32(0x06054b50), u32(0), count, count, u32(directory.length), u32(at), u16(0)]);
  pieces.push(Buffer.concat([directory, record, locator, last]));
  return pieces;
}

export function zip(files: readonly ZipFile[]): Buffer {
  return Buffer.concat(zipPieces(files) as Buffer[]);
}

function sizeOf(content: Buffer | number): number {
  return Buffer.isBuffer(content) ? content.length : content;
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
