import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';

import { extract } from 'tar-stream';

/** The members of a small tar, in their order. */
export async function membersOf(path: string): Promise<Map<string, Buffer>> {
  const members = new Map<string, Buffer>();
  const entries = createReadStream(path).pipe(extract());
  for await (const entry of entries) members.set(entry.header.name, await buffer(entry));
  return members;
}

/** The names of the models' files in a small bundle, without its index. */
export async function filesIn(path: string): Promise<string[]> {
  return [...(await membersOf(path)).keys()].slice(1).toSorted();
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Changes one bit of a file. */
export async function flipBit(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0]! ^= 1;
    await file.write(byte, 0, 1, at);
  } finally {
    await file.close();
  }
}

/** A tar that modelpack did not make: one file, `hello.txt`. */
export async function foreignTar(): Promise<Buffer> {
  const { pack } = await import('tar-stream');
  const tar = pack();
  tar.entry({ name: 'hello.txt' }, 'hello\n');
  tar.finalize();
  return buffer(tar);
}

/** Its lines without the empty one behind the last newline. */
export async function linesOf(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8')).split('\n').slice(0, -1);
}
