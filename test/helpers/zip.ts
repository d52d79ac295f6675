import { crc32, deflateRawSync } from 'node:zlib';

/** A member as it is written; the rest is for zips that lie. */
export interface ZipEntry {
  readonly name: string;
  readonly data: Buffer;
  /** 8 deflates, 0 stores; any other stores and lies. Default 8. */
  readonly method?: number;
  readonly flags?: number;
  /** What the directory says of the size. */
  readonly size?: number;
}

/** A zip of these members. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, method = 8, flags = 0, size = data.length } of entries) {
    const bytes = method === 8 ? deflateRawSync(data) : data;
    const path = Buffer.from(name);
    // The fields that both headers have, from the flags to the length of the extra field.
    const common = Buffer.alloc(24);
    common.writeUInt16LE(flags | 0x800, 0); // names are UTF-8
    common.writeUInt16LE(method, 2);
    common.writeUInt16LE(0x21, 6); // 1980-01-01
    common.writeUInt32LE(crc32(data), 8);
    common.writeUInt32LE(bytes.length, 12);
    common.writeUInt32LE(size, 16);
    common.writeUInt16LE(path.length, 20);
    const local = Buffer.concat([Buffer.from('504b03041400', 'hex'), common, path, bytes]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('504b010214001400', 'hex'), common, tail, path]));
    files.push(local);
    offset += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, listed, end]);
}
