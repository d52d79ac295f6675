import { createHash } from 'node:crypto';

import type { Former } from '../bundle/bundle.ts';
import type { Index } from '../bundle/contents.ts';
import { open, type Content } from '../bytes.ts';
import type { Kept } from './keep.ts';
import type { Model, ModelFile } from './source.ts';

export interface Digested {
  /** Hex. */
  readonly sha256: string;
  /** Which hash is not the one that the source gave. */
  readonly wrong: string | undefined;
  /** Where the bytes are now, if there was a place for all of them. */
  readonly kept: Kept | undefined;
}

/** Whether the source gave a hash of the file, if not the one that the index needs. */
export function isRecognisable({ blobSha1, md5 }: ModelFile): boolean {
  return blobSha1 !== undefined || md5 !== undefined;
}

/** The hashes of a file, and its bytes in `place`. */
export async function digest(content: Content, file: ModelFile, place: Kept | undefined): Promise<Digested> {
  const sha256 = createHash('sha256');
  const others = [
    {
      name: 'git blob sha1',
      expected: file.blobSha1,
      hash: createHash('sha1').update(`blob ${content.size}\0`),
    },
    { name: 'md5', expected: file.md5, hash: createHash('md5') },
  ].filter(({ expected }) => expected !== undefined);
  const inMemory = place?.memory;
  if (inMemory !== undefined) await content.read(inMemory, 0);
  let isKept = place !== undefined;
  let position = 0;
  for await (const chunk of inMemory === undefined ? open(content) : [inMemory]) {
    sha256.update(chunk);
    for (const { hash } of others) hash.update(chunk);
    if (isKept && inMemory === undefined) isKept = await stored(place!, chunk, position);
    position += chunk.length;
  }
  const wrong = others
    .map(({ name, expected, hash }) => ({ name, expected, got: hash.digest('hex') }))
    .find(({ expected, got }) => got !== expected);
  return {
    sha256: sha256.digest('hex'),
    wrong: wrong && `${wrong.name} ${wrong.got}, expected ${wrong.expected}`,
    kept: isKept ? place : undefined,
  };
}

/** False where the disk is full: the file is read again then. */
function stored(place: Kept, chunk: Uint8Array, at: number): Promise<boolean> {
  return place.write(chunk, at).then(
    () => true,
    () => false,
  );
}

/** The same from a former bundle, if that held this very file. */
export async function digestFormer(
  model: Model,
  file: ModelFile,
  former: Former | undefined,
  place: Kept | undefined,
): Promise<Digested | undefined> {
  const offset = isRecognisable(file) ? former && offsetIn(former.index, model, file) : undefined;
  if (former === undefined || offset === undefined) return undefined;
  const read = (into: Uint8Array, start: number) => former.content.read(into, offset + start);
  // What cannot be read or is another file is damaged: the source has it.
  const found = await digest({ size: file.size, read }, file, place).catch(() => undefined);
  return found?.wrong === undefined ? found : undefined;
}

function offsetIn(index: Index, { source, revision }: Model, { path, size }: ModelFile): number | undefined {
  const models = index.models.filter((each) => each.source === source && each.revision === revision);
  const files = models.flatMap((each) => each.files);
  return files.find((each) => each.path === path && each.size === size)?.offset;
}
