import { S3Error } from './errors.ts';
import type { StoredObject } from './store.ts';

type Headers = Readonly<Record<string, string>>;

/** Conditions of Put, Copy and Complete: checked in the same turn that replaces the object, so no one comes between. */
export function checkWrite(headers: Headers, existing: StoredObject | undefined): void {
  const noneMatch = headers['if-none-match'];
  const match = headers['if-match'];
  if (noneMatch !== undefined && noneMatch !== '*') {
    throw new S3Error('NotImplemented', {
      message: 'If-None-Match takes * only',
      details: { Header: 'If-None-Match' },
    });
  }
  if (noneMatch !== undefined && existing) throw failed('If-None-Match');
  if (match === undefined) return;
  if (!existing) throw new S3Error('NoSuchKey');
  if (!matches(match, existing)) throw failed('If-Match');
}

/** Conditions of Get and Head. Of a pair, the one about the ETag decides and the one about the date is ignored. */
export function checkRead(headers: Headers, object: StoredObject): void {
  const noneMatch = headers['if-none-match'];
  checkUnchanged(headers['if-match'], headers['if-unmodified-since'], object);
  const unchanged =
    noneMatch === undefined ? !isAfter(object, headers['if-modified-since']) : matches(noneMatch, object);
  if (unchanged) {
    throw new S3Error('NotModified', {
      headers: { etag: `"${object.etag}"`, 'last-modified': new Date(object.modified).toUTCString() },
    });
  }
}

/** Conditions on the source of a copy; all of them fail with 412. */
export function checkCopySource(headers: Headers, source: StoredObject): void {
  const prefix = 'x-amz-copy-source-if-';
  const noneMatch = headers[`${prefix}none-match`];
  checkUnchanged(headers[`${prefix}match`], headers[`${prefix}unmodified-since`], source);
  if (noneMatch !== undefined && matches(noneMatch, source)) throw failed(`${prefix}none-match`);
  if (!isAfter(source, headers[`${prefix}modified-since`])) throw failed(`${prefix}modified-since`);
}

function checkUnchanged(match: string | undefined, since: string | undefined, object: StoredObject): void {
  if (match !== undefined) {
    if (!matches(match, object)) throw failed('If-Match');
    return;
  }
  if (Number.isFinite(toSeconds(since)) && isAfter(object, since)) throw failed('If-Unmodified-Since');
}

function matches(list: string, { etag }: StoredObject): boolean {
  return list.split(',').some((item) => {
    const wanted = item.trim().replace(/^W\//, '').replaceAll('"', '');
    return wanted === '*' || wanted === etag;
  });
}

/** True without a date, or with one that cannot be read. */
function isAfter({ modified }: StoredObject, date: string | undefined): boolean {
  const limit = toSeconds(date);
  return !Number.isFinite(limit) || Math.floor(modified / 1000) > limit;
}

function toSeconds(date: string | undefined): number {
  return date === undefined ? Number.NaN : Math.floor(Date.parse(date) / 1000);
}

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', { details: { Condition: condition } });
}
