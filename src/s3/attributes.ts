import type { HeadObjectCommandOutput, ServerSideEncryption, StorageClass } from '@aws-sdk/client-s3';

/** What an object is given besides its bytes. */
export interface ObjectAttributes {
  readonly storageClass?: string | undefined;
  readonly sse?: 'AES256' | 'aws:kms' | undefined;
  readonly sseKmsKeyId?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Under KMS an ETag is no MD5, whatever it looks like. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html */
export function isKms(encryption: string | undefined): boolean {
  return encryption?.startsWith('aws:kms') === true;
}

/** User metadata by which a bundle is known again. */
export const ID_METADATA = 'modelpack-id';
export const FORMAT_METADATA = 'modelpack-format';
/** Of a single file that is no bundle, hex. */
export const SHA256_METADATA = 'modelpack-sha256';
/** What was asked for, by which a fetch knows the bundle before it has read the small files. */
export const REQUEST_METADATA = 'modelpack-request';

/** The same for CreateMultipartUpload and PutObject. Tags go along, so that object and tags appear together. */
export function attributesOf({ storageClass, sse, sseKmsKeyId, tags, metadata }: ObjectAttributes) {
  const tagging = new URLSearchParams(tags).toString();
  return {
    Metadata: metadata,
    ...(storageClass === undefined ? {} : { StorageClass: storageClass as StorageClass }),
    ...(sse === undefined ? {} : { ServerSideEncryption: sse as ServerSideEncryption }),
    ...(sseKmsKeyId === undefined ? {} : { SSEKMSKeyId: sseKmsKeyId }),
    ...(tagging === '' ? {} : { Tagging: tagging }),
  };
}

/** All of them as one text, the same for the same attributes. */
export function describeAttributes({
  storageClass,
  sse,
  sseKmsKeyId,
  tags,
  metadata,
}: ObjectAttributes): string {
  return JSON.stringify([storageClass, sse, sseKmsKeyId, inOrder(tags), inOrder(metadata)]);
}

/**
 * Whether an object has these attributes, as far as S3 tells them: not the values of tags, nor which alias of a key was
 * asked for.
 *
 * @param head undefined without leave to look: then nothing is known
 */
export function keepsAttributes(
  head: HeadObjectCommandOutput | undefined,
  { storageClass, sse, tags, metadata }: ObjectAttributes,
): boolean {
  if (head === undefined) return false;
  const {
    StorageClass: foundClass = 'STANDARD',
    ServerSideEncryption: foundSse,
    TagCount: foundTags,
    Metadata: found = {},
  } = head;
  const tagged = Object.keys(tags).length;
  return (
    JSON.stringify(inOrder(found)) === JSON.stringify(inOrder(metadata)) &&
    tagged === (foundTags ?? tagged) &&
    foundClass === (storageClass ?? foundClass) &&
    foundSse === (sse ?? foundSse)
  );
}

/** S3 keeps the names of metadata in lower case. */
function inOrder(pairs: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  const lower = Object.entries(pairs).map(([name, value]) => [name.toLowerCase(), value] as const);
  return lower.toSorted(([a], [b]) => (a < b ? -1 : 1));
}
