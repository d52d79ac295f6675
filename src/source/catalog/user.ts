import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { checkDistinct, checkPath } from '../../bundle/path.ts';
import { MiB } from '../../bytes.ts';
import { unreadable } from '../../disk.ts';
import { messageOf, ModelpackError } from '../../errors.ts';
import { quoted } from '../../printable.ts';
import { formatSize } from '../../size.ts';
import type { Catalog, CatalogFile, CatalogModel } from './catalog.ts';
import { findNamed } from './names.ts';

/** A catalog of 10,000 files has about 3 MB. */
const MAX_SIZE = 16 * MiB;

/** Spellings that mean something else; one letter is a drive of Windows. */
const taken = ['hf', 'http', 'https', 's3', 'file'];

/**
 * The catalogs of a folder: each `<scheme>.json` in it.
 *
 * @throws ModelpackError `usage`, naming the file and the field that is wrong
 */
export async function readCatalogs(folder: string): Promise<Catalog[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new ModelpackError('usage', `no catalogs can be read in ${folder}`, {
      hint: 'MODELPACK_CATALOGS has to name a folder',
      cause: error,
    });
  });
  const files = names.filter((name) => name.endsWith('.json')).toSorted();
  return Promise.all(files.map((name) => readCatalog(join(folder, name))));
}

async function readCatalog(path: string): Promise<Catalog> {
  const { size } = await stat(path).catch((error: unknown) => Promise.reject(unreadable(path, error)));
  if (size > MAX_SIZE) throw bad(path, `it has ${formatSize(size)}, more than ${formatSize(MAX_SIZE)}`);
  const text = await readFile(path, 'utf8').catch((error: unknown) =>
    Promise.reject(unreadable(path, error)),
  );
  return decodeCatalog(parse(text, path), path);
}

/** Exported for the tests, which hold the built-in catalogs to the same rules. */
export function decodeCatalog(value: unknown, path: string): Catalog {
  const top = fieldsOf(value, '', ['scheme', 'models'], path);
  const scheme = textOf(top['scheme'], 'scheme', path);
  if (!/^[a-z][a-z0-9+.-]+$/.test(scheme) || taken.includes(scheme))
    throw bad(path, `scheme: ${quoted(scheme)} cannot be one`);
  if (`${scheme}.json` !== basename(path))
    throw bad(path, `scheme: it is ${quoted(scheme)}, unlike the file`);
  const models = listOf(top['models'], 'models', path).map((each, at) =>
    modelOf(each, `models[${at}]`, path),
  );
  const names = models.map(({ name }) => name);
  const twice = names.findIndex((name, at) => names.indexOf(name) !== at);
  if (twice >= 0) throw bad(path, `models[${twice}].name: ${quoted(names[twice]!)} stands twice`);
  return {
    scheme,
    spelling: `${scheme}:${names[0] ?? '…'}`,
    find: (wanted) => findNamed(scheme, models, wanted),
  };
}

function modelOf(value: unknown, field: string, path: string): CatalogModel {
  const fields = fieldsOf(value, field, ['name', 'license', 'files'], path);
  const files = listOf(fields['files'], `${field}.files`, path).map((each, at) =>
    fileOf(each, `${field}.files[${at}]`, path),
  );
  if (files.length === 0) throw bad(path, `${field}.files: there are none`);
  translated(path, `${field}.files: `, () => checkDistinct(files.map((file) => file.path)));
  return {
    name: textOf(fields['name'], `${field}.name`, path),
    license: optional(fields['license'], (text) => textOf(text, `${field}.license`, path)),
    files,
  };
}

function fileOf(value: unknown, field: string, path: string): CatalogFile {
  const keys = ['path', 'url', 'size', 'sha256', 'md5', 'member'];
  const fields = fieldsOf(value, field, keys, path);
  const inModel = textOf(fields['path'], `${field}.path`, path);
  translated(path, '', () => checkPath(inModel, `${field}.path`));
  const hex = (key: 'sha256' | 'md5', digits: number) =>
    optional(fields[key], (text) => hexOf(text, digits, `${field}.${key}`, path));
  return {
    path: inModel,
    url: urlOf(fields['url'], `${field}.url`, path),
    size: optional(fields['size'], (size) => sizeOf(size, `${field}.size`, path)),
    sha256: hex('sha256', 64),
    md5: hex('md5', 32),
    member: optional(fields['member'], (text) => textOf(text, `${field}.member`, path)),
  };
}

function fieldsOf(value: unknown, field: string, known: readonly string[], path: string) {
  const where = field === '' ? '' : `${field}: `;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(path, `${where}it is no object`);
  const strange = Object.keys(value).find((key) => !known.includes(key));
  if (strange === undefined) return value as Readonly<Record<string, unknown>>;
  const at = field === '' ? strange : `${field}.${strange}`;
  throw bad(path, `${quoted(at)} is not known; known are ${known.join(', ')}`);
}

function listOf(value: unknown, field: string, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw bad(path, `${field}: it is no list`);
}

function textOf(value: unknown, field: string, path: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw bad(path, `${field}: it is no text`);
}

function urlOf(value: unknown, field: string, path: string): string {
  const text = textOf(value, field, path);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url.href;
  throw bad(path, `${field}: it is no web address`);
}

function sizeOf(value: unknown, field: string, path: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw bad(path, `${field}: it is no number of bytes`);
}

function hexOf(value: unknown, digits: number, field: string, path: string): string {
  if (typeof value === 'string' && value.length === digits && /^[0-9a-f]*$/i.test(value))
    return value.toLowerCase();
  throw bad(path, `${field}: it is not ${digits} hex digits`);
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}

/** The rules of all bundles, told as a fault of the catalog. */
function translated(path: string, front: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw bad(path, front + messageOf(error));
  }
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw bad(path, `it is no JSON: ${messageOf(error)}`);
  }
}

function bad(path: string, why: string): ModelpackError {
  return new ModelpackError('usage', `the catalog ${path} is wrong: ${why}`, {
    hint: '{"scheme":"zoo","models":[{"name":"tiny","files":[{"path":"tiny.pt","url":"https://…","sha256":"…","size":123}]}]}',
  });
}
