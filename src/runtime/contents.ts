import { corrupt, decodeIndex, idOf, INDEX_NAME, type Index } from '../bundle/contents.ts';
import { checkDistinct } from '../bundle/path.ts';
import { BLOCK, INDEX_LIMIT, indexLengthIn, paddingOf } from '../bundle/preamble.ts';
import { messageOf } from '../errors.ts';
import { Corrupt } from './errors.ts';

/** A file of the bundle, by its path in it, `<model>/<path>`. Sizes and offsets are bytes. */
export interface Member {
  readonly path: string;
  readonly model: string;
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
}

/** What a bundle holds. */
export interface Contents {
  readonly id: string;
  readonly index: Index;
  /** By offset. */
  readonly members: readonly Member[];
}

/** The two blocks of zeros at the end of a tar. */
const TRAILER = 2 * BLOCK;

/** Up to where the index stands. @throws Corrupt when this is no bundle */
export function endOfIndex(head: Buffer, size: number, location: string): number {
  const length = indexLengthIn(head);
  if (length === undefined) {
    throw new Corrupt(`${location} is no bundle`, {
      hint: 'a bundle is made by: modelpack fetch <source...> -o <file | s3://bucket/key>',
    });
  }
  const end = BLOCK + length;
  if (length > INDEX_LIMIT || end > size) throw corrupt(location, 'its index is cut off');
  return end;
}

/**
 * Reads the index.
 *
 * Headers are not read, so whether they have the length that the format gives them is not asked; whether every file
 * has a place of its own in the bundle is.
 *
 * @param size of the whole object or file
 * @throws ModelpackError `integrity`
 */
export function contentsOf(indexBytes: Uint8Array, size: number, location: string): Contents {
  const index = decodeIndex(indexBytes, location);
  if (index.size !== size) {
    throw new Corrupt(`${location} has ${size} bytes, its index says ${index.size}`, {
      hint: 'it was cut off or changed: fetch or upload it again',
    });
  }
  const members = index.models
    .flatMap(({ name, files }) =>
      files.map((file) => ({ ...file, path: `${name}/${file.path}`, model: name })),
    )
    .toSorted((a, b) => a.offset - b.offset || a.size - b.size);
  let next = blocks(BLOCK + indexBytes.length);
  for (const { path, offset, size: length } of members) {
    if (offset < next + BLOCK || offset % BLOCK !== 0)
      throw corrupt(location, `${path} is not where it can be`);
    next = blocks(offset + length);
  }
  if (next + TRAILER !== size) throw corrupt(location, 'its files do not fill it');
  try {
    checkDistinct([INDEX_NAME, ...members.map(({ path }) => path)]);
  } catch (error) {
    throw corrupt(location, messageOf(error));
  }
  return { id: idOf(indexBytes), index, members };
}

function blocks(size: number): number {
  return size + paddingOf(size);
}
