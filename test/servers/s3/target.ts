import { S3Error } from './errors.ts';

/** The parts of a request target, decoded; path style only: /bucket/key?query. */
export interface Target {
  readonly path: string;
  /** Every query pair as sent, which is what signatures cover. */
  readonly pairs: readonly (readonly [name: string, value: string])[];
  readonly query: ReadonlyMap<string, string>;
  readonly bucket: string;
  readonly key: string;
}

const MAX_KEY_BYTES = 1024;

export function parseTarget(url: string): Target {
  if (!url.startsWith('/')) throw new S3Error('InvalidURI');
  const [path, query] = cutAt(url, '?');
  const pairs = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => cutAt(pair.replaceAll('+', '%20'), '=').map(decode) as [string, string]);
  const [bucket, key] = cutAt(path.slice(1), '/').map(decode) as [string, string];
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error('KeyTooLongError');
  return { path, pairs, query: new Map(pairs), bucket, key };
}

/** The text before the first separator and the text after it. */
export function cutAt(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI');
  }
}
