import { ModelpackError } from '../errors.ts';
import { quoted } from '../printable.ts';

export interface S3Url {
  readonly bucket: string;
  /** May be empty, end in `/`, or contain `{id}`. */
  readonly key: string;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const KEY_BYTES = 1024;

export function isS3Url(text: string): boolean {
  return /^s3:\/\//i.test(text);
}

/**
 * Reads `s3://bucket/key`.
 *
 * Bucket names: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html (3 to 63 of lower-case
 * letters, digits, dots and hyphens; older ones and other servers also allow capitals and underscores). Keys are up
 * to 1,024 bytes of UTF-8.
 *
 * @throws ModelpackError `usage`
 */
export function parseS3Url(text: string): S3Url {
  const [, bucket, key] = /^s3:\/\/([^/]*)(?:\/(.*))?$/is.exec(text) ?? [];
  const named = bucket !== undefined && /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/.test(bucket);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const clean = key === undefined || isKey(key);
  if (!named || !clean) {
    throw new ModelpackError('usage', `${quoted(text)} is no S3 address`, {
      hint: 'it is written s3://bucket/key',
    });
  }
  return { bucket, key: key ?? '' };
}

/**
 * The key that an upload goes to: `{id}` becomes the bundle's id, a key that ends in `/` takes the file's name.
 *
 * @throws ModelpackError `usage` when there is no id, or no name
 */
export function completeKey({ bucket, key }: S3Url, id: string | undefined, name: string | undefined): S3Url {
  if (key.includes('{id}') && id === undefined) {
    throw new ModelpackError('usage', 'only a bundle has an id for {id}', { hint: 'write the key out' });
  }
  const given = key.replaceAll('{id}', id ?? '');
  const takesName = given === '' || given.endsWith('/');
  if (takesName && name === undefined) {
    throw new ModelpackError('usage', `s3://${bucket}/${key} names no object`, {
      hint: `write the key: s3://${bucket}/${key}models.tar`,
    });
  }
  const full = takesName ? given + name! : given;
  if (isKey(full)) return { bucket, key: full };
  throw new ModelpackError('usage', `${quoted(full)} is no key that S3 takes`, {
    hint: 'write another key out',
  });
}

function isKey(text: string): boolean {
  return !/[\u0000-\u001f\u007f]|\p{Surrogate}/u.test(text) && Buffer.byteLength(text) <= KEY_BYTES;
}

export function formatS3Url({ bucket, key }: S3Url): string {
  return `s3://${bucket}/${key}`;
}
