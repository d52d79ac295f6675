import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
  type ListPartsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';

import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { MAX_PARTS } from '../parts.ts';
import { calling, nameBehind } from './object.ts';
import { formatS3Url, type S3Url } from './url.ts';

/** A multipart upload that was begun and neither completed nor aborted. */
export interface Unfinished {
  readonly url: S3Url;
  readonly uploadId: string;
  readonly initiated: Date | undefined;
  /** Of what it was begun with; undefined where the server does not tell. */
  readonly checksum: { readonly algorithm: string | undefined; readonly type: string | undefined };
  readonly storageClass: string | undefined;
}

/** A part of an unfinished upload. */
export interface StoredPart {
  readonly number: number;
  /** In bytes. */
  readonly size: number;
  readonly etag: string;
  /** Base64; undefined where the server keeps none. */
  readonly crc32: string | undefined;
}

/**
 * The unfinished uploads whose keys begin with `prefix.key`, all pages.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
 *
 * @throws ModelpackError `refused`, `not-found`, `network`
 */
export async function* unfinishedUploads(
  client: S3Client,
  prefix: S3Url,
  run: Run,
): AsyncGenerator<Unfinished> {
  const call = {
    what: `listing the unfinished uploads to ${formatS3Url(prefix)}`,
    action: 's3:ListBucketMultipartUploads',
    url: prefix,
    run,
  } as const;
  let after: Pick<ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'> | undefined = {};
  const places = new Set<string>();
  while (after !== undefined) {
    const place = JSON.stringify(after);
    if (places.has(place)) throw stuck(prefix);
    places.add(place);
    const command = new ListMultipartUploadsCommand({ Bucket: prefix.bucket, Prefix: prefix.key, ...after });
    const page: ListMultipartUploadsCommandOutput = await calling(call, (signal) =>
      client.send(command, { abortSignal: signal }),
    );
    for (const { Key: key, UploadId: uploadId, Initiated: initiated, ...rest } of page.Uploads ?? []) {
      if (key?.startsWith(prefix.key) !== true || uploadId === undefined) continue;
      // versitygw leaves them empty where there are none.
      const checksum = {
        algorithm: rest.ChecksumAlgorithm || undefined,
        type: rest.ChecksumType || undefined,
      };
      const storageClass = rest.StorageClass || undefined;
      yield { url: { bucket: prefix.bucket, key }, uploadId, initiated, checksum, storageClass };
    }
    const next = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    after = page.IsTruncated === true ? next : undefined;
  }
}

/**
 * The parts of an unfinished upload, all pages, by number.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
 *
 * @returns undefined when there is no such upload any more
 * @throws ModelpackError `refused`, `network`
 */
export async function storedParts(
  client: S3Client,
  { url, uploadId }: Pick<Unfinished, 'url' | 'uploadId'>,
  run: Run,
): Promise<ReadonlyMap<number, StoredPart> | undefined> {
  const call = {
    what: `listing the parts of ${formatS3Url(url)}`,
    action: 's3:ListMultipartUploadParts',
    url,
    run,
  } as const;
  const upload = { Bucket: url.bucket, Key: url.key, UploadId: uploadId };

  async function pageAfter(marker: string | undefined): Promise<ListPartsCommandOutput | undefined> {
    const command = new ListPartsCommand({ ...upload, PartNumberMarker: marker });
    try {
      return await calling(call, (signal) => client.send(command, { abortSignal: signal }));
    } catch (error) {
      // Ceph says NoSuchKey.
      if (['NoSuchUpload', 'NoSuchKey'].includes(nameBehind(error))) return undefined;
      throw error;
    }
  }

  const parts = new Map<number, StoredPart>();
  let marker: string | undefined;
  do {
    const page = await pageAfter(marker);
    if (page === undefined) return undefined;
    for (const { PartNumber: number, Size: size, ETag: etag, ChecksumCRC32: crc32 } of page.Parts ?? []) {
      const known =
        isCount(number) && number >= 1 && number <= MAX_PARTS && isCount(size) && etag !== undefined;
      if (known) parts.set(number, { number, size, etag, crc32 });
    }
    const next = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
    if (next !== undefined && !(Number(next) > Number(marker ?? 0) && Number(next) <= MAX_PARTS))
      throw stuck(url);
    marker = next;
  } while (marker !== undefined);
  return parts;
}

/**
 * Removes an unfinished upload and its parts. One that is gone is fine.
 *
 * @throws ModelpackError `refused`, `network`
 */
export async function abortUpload(
  client: S3Client,
  { url, uploadId }: Pick<Unfinished, 'url' | 'uploadId'>,
  run: Run,
): Promise<void> {
  const call = {
    what: `removing the unfinished upload to ${formatS3Url(url)}`,
    action: 's3:AbortMultipartUpload',
    url,
    run,
  } as const;
  const command = new AbortMultipartUploadCommand({ Bucket: url.bucket, Key: url.key, UploadId: uploadId });
  try {
    await calling(call, (signal) => client.send(command, { abortSignal: signal }));
  } catch (error) {
    if (nameBehind(error) !== 'NoSuchUpload') throw error;
  }
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0;
}

/** A server that says that there is more, and never gets on. */
function stuck(url: S3Url): ModelpackError {
  return new ModelpackError('unknown', `the server's list of uploads to ${formatS3Url(url)} does not end`, {
    hint: 'this is a fault of the server',
  });
}
