import { join } from 'node:path';

import { checkOf } from '../bundle/check.ts';
import type { IndexModel } from '../bundle/contents.ts';
import { choose, excerptOf } from '../bundle/excerpt.ts';
import { requireBundle } from '../bundle/read.ts';
import { MiB, type Stored } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { brief, shellWord } from '../printable.ts';
import type { Library } from '../sink/folder/caches.ts';
import { folderDestination } from '../sink/folder/destination.ts';
import { place, type FolderLayout } from '../sink/folder/layout.ts';
import { formatCount, formatSize } from '../size.ts';
import { matcher } from '../source/glob.ts';
import { send } from './send.ts';

export interface UnpackOptions {
  readonly layout: FolderLayout;
  /** Globs as Python's fnmatch reads them, over `<model name>/<path>`; none for everything. */
  readonly only: readonly string[];
  /** Parts under way at once. */
  readonly jobs: number;
  readonly run: Run;
}

/** The document of `unpack --json`. Sizes are bytes. */
export interface UnpackResult {
  readonly schema: 'modelpack.unpack/1';
  readonly location: string;
  readonly id: string;
  readonly layout: FolderLayout;
  /** That were asked for, and their bytes together. */
  readonly files: number;
  readonly size: number;
  readonly models: readonly {
    readonly name: string;
    readonly source: string;
    readonly revision: string | null;
    /** The folder that its files are in. */
    readonly path: string;
  }[];
  /** Of the cache layout: who finds the files there, and by which variables or arguments. */
  readonly libraries: readonly Library[];
  readonly transfer: { readonly written: number; readonly reused: number; readonly seconds: number };
}

/** Of a part, in bytes: enough for S3, and little memory. */
const PART_SIZE = 8 * MiB;

/** Files named in a hint. */
const SHOWN = 5;

/**
 * Writes the files of a bundle into a folder, each checked while it is written. Those that are right already are left
 * as they are, others replaced.
 *
 * @throws ModelpackError `integrity` for a file whose hash is wrong: it is not left; `not-found` when nothing matches,
 * `no-room` before anything is written, `usage` when something is in the way
 */
export async function unpackBundle(
  stored: Stored,
  folder: string,
  { layout, only, jobs, run }: UnpackOptions,
): Promise<UnpackResult> {
  const started = Date.now();
  const { location } = stored;
  const bundle = await requireBundle(stored, location);
  const placement = place(chosen(bundle.index.models, only, location), layout, location);
  await using destination = await folderDestination(folder, placement, run);

  const { missing } = destination;
  const size = sizeOf(placement.files);
  const reused = size - sizeOf(missing);
  const there = placement.files.length - missing.length;
  if (there > 0) {
    const text = `${formatCount(there, 'file')}, ${formatSize(reused)}, are there already`;
    run.report({ type: 'note', text });
  }

  const wanted = new Set(missing.map(({ member }) => member));
  const excerpt = await excerptOf(bundle, (path) => wanted.has(path));
  await send(excerpt, {
    verb: 'unpack',
    location: folder,
    files: missing.length,
    begin: () => destination.begin(excerpt.layout),
    check: (writer) =>
      checkOf(excerpt.layout, {
        where: location,
        onFile({ path }) {
          writer.approve(path);
          run.report({ type: 'file', path });
        },
      }),
    onWritten: ({ start, end }) => run.report({ type: 'bytes', count: end - start, from: 'disk' }),
    partSize: PART_SIZE,
    jobs,
    run,
  });

  return {
    schema: 'modelpack.unpack/1',
    location: folder,
    id: bundle.id,
    layout,
    files: placement.files.length,
    size,
    models: placement.models.map(({ name, source, revision = null, path }) => ({
      name,
      source,
      revision,
      path: join(folder, path),
    })),
    libraries: placement.libraries.map((library) => library(destination.path)),
    transfer: { written: size - reused, reused, seconds: (Date.now() - started) / 1000 },
  };
}

function chosen(
  models: readonly IndexModel[],
  only: readonly string[],
  where: string,
): readonly IndexModel[] {
  if (only.length === 0) return models;
  const some = choose(models, matcher(only));
  if (some.length > 0) return some;
  const paths = models.flatMap(({ name, files }) => files.map(({ path }) => `${name}/${path}`));
  const more = paths.length > SHOWN ? ` and ${paths.length - SHOWN} more` : '';
  const globs = only.map((glob) => `--only ${shellWord(glob)}`).join(' ');
  throw new ModelpackError('not-found', `no file of ${where} matches ${globs}`, {
    hint: `it holds ${paths.slice(0, SHOWN).map(brief).join(', ')}${more}`,
  });
}

function sizeOf(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
