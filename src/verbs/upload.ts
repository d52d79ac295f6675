import { basename } from 'node:path';

import type { S3Client } from '@aws-sdk/client-s3';

import { checkOf } from '../bundle/check.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { SHA256_METADATA, type ObjectAttributes } from '../s3/attributes.ts';
import { MIN_PART } from '../s3/limits.ts';
import type { Checksum } from '../s3/proof.ts';
import { completeKey, formatS3Url, type S3Url } from '../s3/url.ts';
import type { Looked } from '../s3/object.ts';
import { holds, lookFirst, metadataOf } from '../sink/s3-destination.ts';
import type { StoredObject } from '../s3/stored.ts';
import { removeFormerUpload } from '../sink/former-upload.ts';
import { s3Writer } from '../sink/s3.ts';
import { readBundle } from '../bundle/read.ts';
import { hashOf, openDisk, type DiskFile } from '../disk.ts';
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
  /** Upload even if the same bundle or file is already there, and use nothing of an earlier run. */
  readonly force: boolean;
  /** Whether `x-amz-checksum-*` may be sent at all. */
  readonly checksums: boolean;
  /** Where it is noted how far an upload has come; undefined for nowhere. */
  readonly stateFolder: string | undefined;
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
  const { client, attributes, jobs, force, run } = options;
  const started = Date.now();
  await using disk = await openDisk(path);
  const bundle = await readBundle(disk, path);
  const url = completeKey(options.url, bundle?.id, basename(path));
  const location = formatS3Url(url);
  const result = { schema: 'modelpack.upload/1', location, id: bundle?.id ?? null, size: disk.size } as const;

  const found = await lookFirst({ ...options, url });
  const sha256 = bundle === undefined ? await digestOf(disk, run) : undefined;
  const isThere = bundle
    ? await holds({ client, url, run }, found, bundle)
    : holdsFile(found, disk.size, sha256!);
  if (isThere && !force) {
    await removeFormerUpload({ client, url, run }, options.stateFolder);
    return { ...result, ...thereAlready(found), skipped: true, seconds: since(started) };
  }

  const partSize = partSizeFor(disk.size, Math.max(options.partSize, MIN_PART));
  const own = bundle === undefined ? { [SHA256_METADATA]: sha256! } : metadataOf(bundle);
  const target = {
    ...options,
    url,
    attributes: { ...attributes, metadata: { ...attributes.metadata, ...own } },
  };
  const { writer } = await send(disk, {
    verb: 'upload',
    location,
    files: bundle === undefined ? 0 : bundle.layout.members.length - 1,
    begin: (fresh) =>
      s3Writer(target, {
        content: disk,
        id: bundle?.id ?? sha256!,
        fixed: false, // a file may change; reading it again costs little
        partSize,
        fresh,
        force,
        stateFolder: options.stateFolder,
      }),
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
  return { ...result, ...writer.stored(), skipped: false, seconds: since(started) };
}

function since(started: number): number {
  return (Date.now() - started) / 1000;
}

/** sha256 of a single file, hex. It is read for that before it is sent: an object's metadata come first. */
async function digestOf(disk: DiskFile, run: Run): Promise<string> {
  run.report({ type: 'transfer', verb: 'verify', to: disk.path, total: disk.size, reused: 0, files: 0 });
  async function read(into: Uint8Array, start: number): Promise<void> {
    run.signal.throwIfAborted();
    await disk.read(into, start);
    run.report({ type: 'bytes', count: into.length, from: 'disk' });
  }
  return hashOf({ size: disk.size, read }, 'sha256');
}

function holdsFile(found: Looked, size: number, sha256: string): boolean {
  return (
    typeof found === 'object' && found.ContentLength === size && found.Metadata?.[SHA256_METADATA] === sha256
  );
}

async function checkUnchanged(disk: DiskFile): Promise<void> {
  if (!(await disk.changed())) return;
  throw new ModelpackError('integrity', `${disk.path} changed while it was uploaded`, {
    hint: 'run the same command again',
  });
}

/** Of an object that was there before: what S3 tells of it. */
function thereAlready(found: Looked): StoredObject {
  if (typeof found !== 'object') throw new Error('nothing is there');
  const { ETag: etag = '', VersionId: versionId = null, ChecksumCRC32: crc32, ContentLength: size } = found;
  const composite = found.ChecksumType === 'COMPOSITE' || crc32?.includes('-') === true;
  const checksum: Checksum =
    crc32 === undefined
      ? { algorithm: 'SIZE', value: String(size) }
      : { algorithm: composite ? 'CRC32-COMPOSITE' : 'CRC32', value: crc32 };
  return { etag, versionId, checksum, parts: { total: 0, sent: 0, reused: 0 } };
}
