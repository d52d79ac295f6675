import { ModelpackError } from '../errors.ts';
import type { ComparedFile, ComparedModel } from '../lock/changes.ts';

/** What a report remembers of its bundle, for a later one to compare with. Sizes are bytes. */
export interface Remembered {
  readonly schema: 'modelpack.report/1';
  /** Null where a hash of a file is not known. */
  readonly id: string | null;
  /** Of the tar. */
  readonly size: number;
  readonly models: readonly ComparedModel[];
}

const SCHEMA = 'modelpack.report/1';
const ID = 'modelpack-report';
/** It stands in the page as data: a browser runs nothing of it. */
const START = `<script type="application/json" id="${ID}">`;
const END = '</script>';

/** As an element of the page. Nothing in it can end the element. */
export function encodeRecord({ id, size, models }: Omit<Remembered, 'schema'>): string {
  const plain = models.map(({ name, source, revision, ref, license, files }) => ({
    name,
    source,
    revision,
    ref,
    license,
    files: files.map(({ path, size: bytes, sha256, blobSha1, md5 }) => ({
      path,
      size: bytes,
      sha256,
      blobSha1,
      md5,
    })),
  }));
  const json = JSON.stringify({ schema: SCHEMA, id, size, models: plain });
  return `${START}${json.replaceAll('<', String.raw`\u003c`)}${END}`;
}

/** Whether a file may be a report. */
export function isReport(head: string): boolean {
  return /^<!doctype html>/i.test(head);
}

/**
 * Reads what a report remembers.
 *
 * @param where the file, for messages
 * @throws ModelpackError `usage` for a page that is no report
 */
export function decodeRecord(page: string, where: string): Remembered {
  const start = page.lastIndexOf(START);
  const end = page.indexOf(END, start);
  if (start < 0 || end < 0) throw refused(where, 'is no report of modelpack');
  let value: unknown;
  try {
    value = JSON.parse(page.slice(start + START.length, end));
  } catch {
    throw refused(where, 'is a damaged report');
  }
  if (!isRecord(value)) throw refused(where, 'is a damaged report');
  return value;
}

function refused(where: string, what: string): ModelpackError {
  return new ModelpackError('usage', `${where} ${what}`, {
    hint: 'write one: modelpack size-check <target...> --report report.html',
  });
}

function isRecord(value: unknown): value is Remembered {
  return (
    isObject(value) &&
    value['schema'] === SCHEMA &&
    (value['id'] === null || typeof value['id'] === 'string') &&
    isSize(value['size']) &&
    isArrayOf(value['models'], isModel)
  );
}

function isModel(value: unknown): value is ComparedModel {
  return (
    isObject(value) &&
    [value['name'], value['source']].every((text) => typeof text === 'string') &&
    [value['revision'], value['ref'], value['license']].every(isMaybeText) &&
    isArrayOf(value['files'], isFile)
  );
}

function isFile(value: unknown): value is ComparedFile {
  return (
    isObject(value) &&
    typeof value['path'] === 'string' &&
    isSize(value['size']) &&
    [value['sha256'], value['blobSha1'], value['md5']].every(isMaybeText)
  );
}

function isMaybeText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isArrayOf<T>(value: unknown, is: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
