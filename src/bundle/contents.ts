import { createHash } from 'node:crypto';

import { ModelpackError } from '../errors.ts';
import { checkPath } from './path.ts';

/** The name of the bundle's first member. */
export const INDEX_NAME = 'modelpack.json';
export const FORMAT = 'modelpack/1';

/** One file: `offset` is where its first byte stands in the bundle, `size` how many there are. */
export interface IndexFile {
  readonly path: string;
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
}

export interface IndexModel {
  readonly name: string;
  readonly source: string;
  readonly revision?: string;
  readonly ref?: string;
  readonly license?: string;
  readonly files: readonly IndexFile[];
}

/** What is in a bundle and where: `modelpack.json`. `size` is that of the whole tar in bytes. */
export interface Index {
  readonly format: typeof FORMAT;
  readonly size: number;
  readonly models: readonly IndexModel[];
}

/** The one spelling of an index: compact JSON, keys in the format's order, a final newline. */
export function encodeIndex(index: Index): Buffer {
  const models = index.models.map(({ name, source, revision, ref, license, files }) => ({
    name,
    source,
    ...(revision === undefined ? {} : { revision }),
    ...(ref === undefined ? {} : { ref }),
    ...(license === undefined ? {} : { license }),
    files: files.map(({ path, offset, size, sha256 }) => ({ path, offset, size, sha256 })),
  }));
  return Buffer.from(`${JSON.stringify({ format: index.format, size: index.size, models })}\n`);
}

/** The bundle id: sha256 of the index bytes, hex. */
export function idOf(indexBytes: Uint8Array): string {
  return createHash('sha256').update(indexBytes).digest('hex');
}

/**
 * Reads an index that comes from outside. Only the one spelling of `encodeIndex` is accepted, because the id is
 * the hash of these bytes. Whether the offsets are right is for the layout to say.
 *
 * @param where for messages: the file or object
 * @throws ModelpackError `integrity`
 */
export function decodeIndex(bytes: Uint8Array, where: string): Index {
  const value = parse(bytes, where);
  const format = isObject(value) ? value['format'] : undefined;
  if (typeof format === 'string' && format !== FORMAT && format.startsWith('modelpack/')) {
    throw new ModelpackError(
      'integrity',
      `${where}: the bundle has format ${format.slice(0, 40)}, this version reads ${FORMAT}`,
      {
        hint: 'update modelpack: npm install -g modelpack',
      },
    );
  }
  const index = value as Index;
  if (!isIndex(value) || !encodeIndex(index).equals(bytes))
    throw corrupt(where, 'its index is not well formed');
  for (const model of index.models) {
    checkPath(model.name, where, REFUSED);
    for (const file of model.files) checkPath(file.path, where, REFUSED);
  }
  return index;
}

const REFUSED = 'the bundle was not made by modelpack: do not unpack it';

export function corrupt(where: string, what: string): ModelpackError {
  return new ModelpackError('integrity', `${where} is a corrupt bundle: ${what}`, {
    hint: 'fetch it again: modelpack fetch <source...> -o <file> --force',
  });
}

function parse(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ModelpackError('integrity', `${where} is a corrupt bundle: its index is no JSON`, { cause });
  }
}

function isIndex(value: unknown): value is Index {
  return (
    isObject(value) &&
    value['format'] === FORMAT &&
    isSize(value['size']) &&
    isArrayOf(value['models'], isModel)
  );
}

function isModel(value: unknown): value is IndexModel {
  return (
    isObject(value) &&
    typeof value['name'] === 'string' &&
    typeof value['source'] === 'string' &&
    [value['revision'], value['ref'], value['license']].every(
      (text) => text === undefined || typeof text === 'string',
    ) &&
    isArrayOf(value['files'], isFile)
  );
}

function isFile(value: unknown): value is IndexFile {
  return (
    isObject(value) &&
    typeof value['path'] === 'string' &&
    isSize(value['offset']) &&
    isSize(value['size']) &&
    typeof value['sha256'] === 'string' &&
    /^[0-9a-f]{64}$/.test(value['sha256'])
  );
}

function isArrayOf<T>(value: unknown, is: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
