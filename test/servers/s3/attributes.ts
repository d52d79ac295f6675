import { type Encryption, encryptionHeaders, readEncryption } from './encryption.ts';
import { S3Error } from './errors.ts';
import type { Rules } from './rules.ts';

type Headers = Readonly<Record<string, string>>;

/** What a client says about an object and gets back with it. */
export interface Attributes {
  /** Content-Type and its like, by lower-case name. */
  readonly headers: Headers;
  /** x-amz-meta-*, without the prefix. */
  readonly metadata: Headers;
  readonly storageClass: string;
  readonly encryption?: Encryption;
}

const KEPT = ['content-type', 'cache-control', 'content-disposition', 'content-language', 'expires'];
const PREFIX = 'x-amz-meta-';
const MAX_METADATA_BYTES = 2048;
const STORAGE_CLASSES = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
  'EXPRESS_ONEZONE',
]);

export function readAttributes(headers: Headers, { metadata = true }: Partial<Rules> = {}): Attributes {
  const storageClass = headers['x-amz-storage-class'] ?? 'STANDARD';
  if (!STORAGE_CLASSES.has(storageClass)) throw new S3Error('InvalidStorageClass');
  const encryption = readEncryption(headers);
  return {
    headers: readContentHeaders(headers),
    metadata: metadata ? readMetadata(headers) : {},
    storageClass,
    ...(encryption && { encryption }),
  };
}

export function attributeHeaders({ headers, metadata, storageClass, encryption }: Attributes): Headers {
  return {
    ...headers,
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [PREFIX + name, value])),
    // S3 leaves the header out for its default class.
    ...(storageClass !== 'STANDARD' && { 'x-amz-storage-class': storageClass }),
    ...encryptionHeaders(encryption),
  };
}

/** Archived objects can be listed and described but not read. */
export function isArchived({ storageClass }: Attributes): boolean {
  return storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE';
}

function readContentHeaders(headers: Headers): Headers {
  const kept = KEPT.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]));
  // aws-chunked describes the transfer and is gone once the body is read.
  const encodings = (headers['content-encoding'] ?? '').split(',').map((encoding) => encoding.trim());
  const encoding = encodings.filter((name) => name !== '' && name !== 'aws-chunked').join(',');
  return {
    'content-type': 'binary/octet-stream',
    ...Object.fromEntries(kept),
    ...(encoding !== '' && { 'content-encoding': encoding }),
  };
}

function readMetadata(headers: Headers): Headers {
  const metadata = Object.entries(headers)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, value]) => [name.slice(PREFIX.length), value] as const);
  const size = metadata.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (size > MAX_METADATA_BYTES) {
    throw new S3Error('MetadataTooLarge', { details: { Size: size, MaxSizeAllowed: MAX_METADATA_BYTES } });
  }
  return Object.fromEntries(metadata);
}
