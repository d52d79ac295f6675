import { ModelpackError } from '../errors.ts';
import { encodeHeader, encodeHeaders } from './header.ts';
import { corrupt, encodeIndex, FORMAT, idOf, INDEX_NAME, type Index, type IndexModel } from './contents.ts';
import { checkDistinct, checkPath } from './path.ts';
import { BLOCK, paddingOf } from './preamble.ts';

/** What a layout is made from: models and their files, in any order. Sizes are bytes. */
export interface LayoutModel<F extends LayoutFile = LayoutFile> {
  readonly name: string;
  readonly source: string;
  readonly revision?: string | undefined;
  readonly ref?: string | undefined;
  readonly license?: string | undefined;
  readonly files: readonly F[];
}

export interface LayoutFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** A member of the tar: its header at `start`, its data from `offset`, the next member at `end`. */
export interface Member {
  /** `<model name>/<path>`, or the index. */
  readonly path: string;
  readonly start: number;
  readonly header: Buffer;
  readonly offset: number;
  readonly size: number;
  readonly end: number;
  readonly sha256: string;
  /** Which file of which model, as positions in what the layout was made from; the index has none. */
  readonly model: number;
  readonly file: number;
}

/** Where every byte of a bundle comes from. */
export interface Layout {
  readonly index: Index;
  readonly indexBytes: Buffer;
  readonly id: string;
  /** Of the whole tar, in bytes. */
  readonly size: number;
  /** The index first, then the files by ascending size. */
  readonly members: readonly Member[];
}

/** The end of a tar: two blocks of zeros. */
const TRAILER = 2 * BLOCK;

interface Draft {
  readonly path: string;
  readonly header: Buffer;
  readonly size: number;
  readonly sha256: string;
  readonly model: number;
  readonly file: number;
}

/**
 * Fixes every byte of a bundle from what its files are. The order of `models` and of their files changes nothing.
 *
 * @throws ModelpackError `integrity` for a hostile path, `usage` for two files at one path
 */
export async function layOut(models: readonly LayoutModel[]): Promise<Layout> {
  const drafts = await draft(models);
  // The index holds offsets that depend on its own length. Longer offsets make a longer index and never a
  // shorter one, so starting from nothing this climbs to the least length that agrees with itself.
  for (let length = 0; ;) {
    const members = await place(length, drafts);
    const index = indexOf(models, members);
    const indexBytes = encodeIndex(index);
    if (indexBytes.length === length) {
      return { index, indexBytes, id: idOf(indexBytes), size: index.size, members };
    }
    length = indexBytes.length;
  }
}

/**
 * The layout of an index that was read: lays its files out again and compares.
 *
 * @throws ModelpackError `integrity` when offsets, order or size are not those of the format
 */
export async function layOutAgain(index: Index, where: string): Promise<Layout> {
  const layout = await layOut(index.models).catch((error: unknown) => {
    // Two files at one path are the user's to mend in a plan; in a bundle they are damage.
    throw error instanceof ModelpackError ? corrupt(where, error.message) : error;
  });
  if (!layout.indexBytes.equals(encodeIndex(index)))
    throw corrupt(where, 'its offsets do not follow the format');
  return layout;
}

/**
 * Refuses models whose files cannot stand in one bundle.
 *
 * @throws ModelpackError `integrity` for a hostile path, `usage` for two files at one path
 */
export function checkPlaces(
  models: readonly { readonly name: string; readonly files: readonly { readonly path: string }[] }[],
): void {
  const paths = models.flatMap(({ name, files }) => {
    checkPath(name, name);
    return files.map(({ path }) => {
      checkPath(path, name);
      const full = `${name}/${path}`;
      checkPath(full, name);
      return full;
    });
  });
  checkDistinct([INDEX_NAME, ...paths]);
}

async function draft(models: readonly LayoutModel[]): Promise<Draft[]> {
  checkPlaces(models);
  const files = models.flatMap(({ name, files: own }, model) =>
    own.map(({ path, size, sha256 }, file) => ({ path: `${name}/${path}`, size, sha256, model, file })),
  );
  const headers = await encodeHeaders(files);
  return files
    .map((file, i) => ({ ...file, header: headers[i]! }))
    .toSorted((a, b) => a.size - b.size || compareBytes(a.path, b.path));
}

async function place(indexLength: number, drafts: readonly Draft[]): Promise<Member[]> {
  const header = await encodeHeader(INDEX_NAME, indexLength);
  const index: Draft = { path: INDEX_NAME, header, size: indexLength, sha256: '', model: -1, file: -1 };
  let start = 0;
  return [index, ...drafts].map((entry) => {
    const offset = start + entry.header.length;
    const end = offset + entry.size + paddingOf(entry.size);
    const member = { ...entry, start, offset, end };
    start = end;
    return member;
  });
}

function indexOf(models: readonly LayoutModel[], members: readonly Member[]): Index {
  const byModel = models.map((model, number) => ({
    ...pick(model),
    files: members
      .filter((member) => member.model === number)
      .map(({ file, offset, size, sha256 }) => ({ path: model.files[file]!.path, offset, size, sha256 })),
  }));
  return {
    format: FORMAT,
    size: members.at(-1)!.end + TRAILER,
    models: byModel.toSorted(inOrder),
  };
}

/** A key whose value is unknown is left out. */
function pick({ name, source, revision, ref, license }: LayoutModel) {
  return {
    name,
    source,
    ...(revision === undefined ? {} : { revision }),
    ...(ref === undefined ? {} : { ref }),
    ...(license === undefined ? {} : { license }),
  };
}

/** By name; two models of one name (two of CLIP's, say) by source, revision, and where their first file stands. */
function inOrder(a: IndexModel, b: IndexModel): number {
  return (
    compareBytes(a.name, b.name) ||
    compareBytes(a.source, b.source) ||
    compareBytes(a.revision ?? '', b.revision ?? '') ||
    (a.files[0]?.offset ?? 0) - (b.files[0]?.offset ?? 0)
  );
}

/** Byte order of the UTF-8 spelling; JavaScript's own order differs beyond the basic plane. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
