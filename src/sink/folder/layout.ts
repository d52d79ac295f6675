import type { IndexModel } from '../../bundle/contents.ts';
import { checkPath } from '../../bundle/path.ts';
import { cacheOf, type Library } from './caches.ts';
import { distinct } from './distinct.ts';
import type { Reference } from './hub-cache.ts';

export const folderLayouts = ['flat', 'cache'] as const;
/** `flat` is `<model name>/<path>`, `cache` what each library looks for below its cache path. */
export type FolderLayout = (typeof folderLayouts)[number];

/** A file of a bundle: `member` is its path in the tar, `path` that below the folder, with `/`; `size` in bytes. */
export interface PlacedFile {
  readonly model: string;
  readonly member: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface PlacedModel {
  readonly name: string;
  readonly source: string;
  readonly revision: string | undefined;
  /** Where its files are, below the folder; empty for the folder itself. */
  readonly path: string;
}

/** Where everything goes, below one folder. */
export interface Placement {
  readonly files: readonly PlacedFile[];
  readonly references: readonly Reference[];
  /** Needed although nothing is put in them. */
  readonly folders: readonly string[];
  readonly models: readonly PlacedModel[];
  /** Those that find their files, once they are told the folder. */
  readonly libraries: readonly ((folder: string) => Library)[];
}

/**
 * Decides where the files of `models` go.
 *
 * @param where for messages: the bundle
 * @throws ModelpackError `usage` when two models would write different files at one path; `integrity` for a source, a
 * revision or a path that modelpack would not have written
 */
export function place(models: readonly IndexModel[], layout: FolderLayout, where: string): Placement {
  const placed = models.map((model) => {
    const cache = layout === 'cache' ? cacheOf(model.source) : undefined;
    return { model, cache, home: cache?.home(model, where) ?? model.name };
  });
  const caches = [...new Set(placed.flatMap(({ cache }) => cache ?? []))];
  const files = placed.flatMap(({ model: { name, files: own }, home }) =>
    own.map(({ path, size, sha256 }) => {
      return { model: name, member: `${name}/${path}`, path: below(home, path), size, sha256 };
    }),
  );
  const references = caches.flatMap((cache) => {
    const own = placed.filter((each) => each.cache === cache).map(({ model }) => model);
    return cache.references?.(own) ?? [];
  });
  const folders = caches.flatMap((cache) => cache.folders ?? []);
  for (const { path } of [...files, ...references]) checkPath(path, where, 'do not unpack it');
  return {
    ...distinct(files, references, folders),
    folders,
    models: placed.map(({ model: { name, source, revision }, home }) => {
      return { name, source, revision, path: home };
    }),
    libraries: caches.map(({ library }) => library),
  };
}

function below(home: string, path: string): string {
  return home === '' ? path : `${home}/${path}`;
}
