import { basename } from 'node:path';

import type { HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';

import { checkOf } from '../bundle/check.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import type { ObjectAttributes } from '../s3/attributes.ts';
import { MIN_PART } from '../s3/limits.ts';
import type { Checksum } from '../s3/proof.ts';
import { completeKey, formatS3Url, type S3Url } from '../s3/url.ts';
import { isBundle, lookFirst, metadataOf } from '../sink/s3-destination.ts';
import type { StoredObject } from '../s3/stored.ts';
import { s3Writer } from '../sink/s3.ts';
import { readBundle } from '../bundle/read.ts';
import { openDisk, type DiskFile } from '../disk.ts';
import { partSizeFor } from '../parts.ts';
import { send } from './send.ts';

export interface UploadOptions {
  readonly client: S3Client;
  readonly url: S3Url;
  readonly attributes: ObjectAttributes;
  readonly jobs: number;
  /** Bytes of a part; grows so that 10,000 parts suffice. */
  readonly partSize: number;
  /** Fail if the key exists. */
  readonly noClobber: boolean;
  /** Upload even if the same bundle is already there. */
  readonly force: boolean;
  readonly run: Run;
}

/** The document of `upload --json`. Sizes are bytes. */
export interface UploadResult {
  readonly schema: 'modelpack.upload/1';
  readonly location: string;
  /** Of a bundle; null for any other file. */
  readonly id: string | null;
  readonly size: number;
  readonly etag: string;
  readonly versionId: string | null;
  readonly checksum: Checksum;
  readonly parts: StoredObject['parts'];
  readonly skipped: boolean;
  readonly seconds: number;
}

/**
 * Uploads a bundle or any single file. A bundle's files are checked against its index while they pass, so that a
 * damaged one never becomes an object.
 *
 * @throws ModelpackError `check` for `noClobber`, `integrity` for a damaged bundle or a file that changed
 */
export async function uploadFile(path: string, options: UploadOptions): Promise<UploadResult> {
  const { client, attributes, jobs, noClobber, force, run } = options;
  const started = Date.now();
  await using disk = await openDisk(path);
  const bundle = await readBundle(disk, path);
  const url = completeKey(options.url, bundle?.id, basename(path));
  const location = formatS3Url(url);
  const result = { schema: 'modelpack.upload/1', location, id: bundle?.id ?? null, size: disk.size } as const;

  const found = await lookFirst(client, url, noClobber, run);
  if (
    !force &&
    bundle !== undefined &&
    typeof found === 'object' &&
    isBundle(found, bundle.id, bundle.size)
  ) {
    const parts = { total: 0, sent: 0, reused: 0 };
    const stored = {
      etag: found.ETag ?? '',
      versionId: found.VersionId ?? null,
      checksum: checksumOf(found),
      parts,
    };
    return { ...result, ...stored, skipped: true, seconds: (Date.now() - started) / 1000 };
  }

  const partSize = partSizeFor(disk.size, Math.max(options.partSize, MIN_PART));
  const metadata = { ...attributes.metadata, ...(bundle && metadataOf(bundle)) };
  const target = { client, url, attributes: { ...attributes, metadata }, noClobber, run };
  const { writer } = await send(disk, {
    verb: 'upload',
    location,
    files: bundle === undefined ? 0 : bundle.layout.members.length - 1,
    begin: () => s3Writer(target, disk.size, partSize),
    check: () =>
      bundle &&
      checkOf(bundle.layout, {
        where: path,
        onFile: (file) => run.report({ type: 'file', path: file.path }),
      }),
    last: () => checkUnchanged(disk),
    onWritten: ({ start, end }) => run.report({ type: 'bytes', count: end - start, from: 'disk' }),
    partSize,
    jobs,
    run,
  });
  return { ...result, ...writer.stored(), skipped: false, seconds: (Date.now() - started) / 1000 };
}

async function checkUnchanged(disk: DiskFile): Promise<void> {
  if (!(await disk.changed())) return;
  throw new ModelpackError('integrity', `${disk.path} changed while it was uploaded`, {
    hint: 'run the same command again',
  });
}

/** Of an object that was there before: what S3 tells of it. */
function checksumOf({ ChecksumCRC32: crc32, ContentLength: size }: HeadObjectCommandOutput): Checksum {
  if (crc32 !== undefined) return { algorithm: 'CRC32', value: crc32 };
  return { algorithm: 'SIZE', value: String(size) };
}
