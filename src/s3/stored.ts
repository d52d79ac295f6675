import type {
  CompleteMultipartUploadCommandOutput,
  HeadObjectCommandOutput,
  PutObjectCommandOutput,
} from '@aws-sdk/client-s3';

import { ModelpackError } from '../errors.ts';
import { isKms, type ObjectAttributes } from './attributes.ts';
import { look, type Place } from './object.ts';
import { prove, type Checksum, type SentPart } from './proof.ts';
import { formatS3Url, type S3Url } from './url.ts';

/** What S3 holds now, and by what it was compared with what was sent. */
export interface Compared {
  readonly etag: string;
  readonly versionId: string | null;
  readonly checksum: Checksum;
  /** Undefined without leave to look. */
  readonly head: HeadObjectCommandOutput | undefined;
}

/** The same for those who asked for it. */
export interface StoredObject extends Omit<Compared, 'head'> {
  readonly parts: { readonly total: number; readonly sent: number; readonly reused: number };
}

/** An object that is being written. */
export interface Target extends Place {
  readonly attributes: ObjectAttributes;
  /** Fail rather than replace an object that appeared meanwhile. */
  readonly noClobber: boolean;
  /** Parts on their way at once. */
  readonly jobs: number;
}

/** What S3 says when it has made the object; undefined when the answer was lost. */
export type Made = PutObjectCommandOutput | CompleteMultipartUploadCommandOutput | undefined;

/**
 * Compares the object with what was sent.
 *
 * @returns undefined when it is another one
 */
export async function compare(
  target: Target,
  sent: readonly SentPart[],
  made: Made,
): Promise<Compared | undefined> {
  const found = await look(target);
  // Without leave to look, what S3 said when it made the object has to do: it had our CRC32 and size to check.
  const told = found === 'denied' ? made : found;
  if (told === undefined || told === 'absent') return undefined;
  const head = typeof found === 'object' ? found : undefined;
  const { ChecksumCRC32: crc32, ChecksumType: type } = told;
  const composite = type === 'COMPOSITE' || crc32?.includes('-') === true;
  const claimed = { size: head?.ContentLength, etag: told.ETag, crc32, composite };
  const checksum = prove(claimed, sent, isKms(told.ServerSideEncryption ?? target.attributes.sse));
  return checksum && { etag: told.ETag ?? '', versionId: told.VersionId ?? null, checksum, head };
}

/** That what is there now is not what was sent. */
export function differs(url: S3Url, cause?: unknown): ModelpackError {
  return new ModelpackError(
    'integrity',
    `${formatS3Url(url)} is not what was sent: its size or checksum differs`,
    {
      hint: 'another upload may have replaced it meanwhile; run the same command again',
      cause,
    },
  );
}
