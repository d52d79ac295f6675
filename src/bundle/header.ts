import { once } from 'node:events';

import { pack } from 'tar-stream';

/** 1980-01-01T00:00:00Z in seconds: the one time that tar, zip and every file system can hold. */
const MTIME_SECONDS = 315_532_800;

/** The largest size that the 11 octal digits of a ustar header hold; beyond it the size is a pax record. */
const USTAR_SIZE_MAX = 8 ** 11 - 1;

/**
 * The tar header of one regular file, pax records included: everything that stands before its data.
 *
 * tar-stream decides between ustar and pax by the name; a size that ustar cannot hold is ours to say.
 *
 * @param path in the tar, already checked
 * @param size of the data in bytes
 */
export async function encodeHeader(path: string, size: number): Promise<Buffer> {
  const tar = pack();
  const entry = tar.entry({
    name: path,
    size,
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: new Date(MTIME_SECONDS * 1000),
    ...(size > USTAR_SIZE_MAX ? { pax: { size: String(size) } } : {}),
  });
  // Only the header is taken; the entry then ends without its data, which tar-stream rightly calls an error.
  entry.on('error', () => {});
  tar.on('error', () => {});
  await once(tar, 'readable');
  const chunks: Buffer[] = [];
  for (let chunk: unknown = tar.read(); chunk !== null; chunk = tar.read())
    chunks.push(Buffer.from(chunk as Uint8Array));
  tar.destroy();
  return Buffer.concat(chunks);
}

/** At once: each waits for a turn of the event loop, and 100,000 of them would be 100,000 turns. */
const BATCH = 512;

/** The headers of many files, in their order. */
export async function encodeHeaders(
  files: readonly { readonly path: string; readonly size: number }[],
): Promise<Buffer[]> {
  const headers: Buffer[] = [];
  for (let start = 0; start < files.length; start += BATCH) {
    const batch = files.slice(start, start + BATCH);
    headers.push(...(await Promise.all(batch.map(({ path, size }) => encodeHeader(path, size)))));
  }
  return headers;
}
