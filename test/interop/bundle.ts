import { readFile } from 'node:fs/promises';

import type { Index } from '../../src/bundle/contents.ts';
import type { Bench } from './bench.ts';

/** A bundle that modelpack made, and what its index says, read by docs/bundle-format.md and not by modelpack. */
export interface Made {
  readonly path: string;
  readonly bytes: Buffer;
  /** By their paths in the tar, in its order, without the index. */
  readonly files: readonly Entry[];
}

export interface Entry {
  readonly path: string;
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
}

/** Fetches everything the models have into a new folder. */
export async function fetchInto(bench: Bench, folder: string, ...models: readonly string[]): Promise<Made> {
  const path = await bench.path(folder, 'models.tar');
  await bench.modelpack(['fetch', ...models, '--all', '-o', path]);
  const bytes = await readFile(path);
  const index = JSON.parse(
    bytes.toString('utf8', 512, 512 + Number.parseInt(bytes.toString('latin1', 124, 136), 8)),
  ) as Index;
  const files = index.models
    .flatMap(({ name, files: own }) => own.map((file) => ({ ...file, path: `${name}/${file.path}` })))
    .toSorted((a, b) => a.offset - b.offset);
  return { path, bytes, files };
}
