import { Readable } from 'node:stream';

import type { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

import { MiB, type Bytes } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import { Retryable } from '../http/retry.ts';
import { attributesOf } from '../s3/attributes.ts';
import { crc32, encodeCrc32 } from '../s3/crc32.ts';
import { reasonOf, s3Failure } from '../s3/failure.ts';
import { look } from '../s3/object.ts';
import type { Checksum } from '../s3/proof.ts';
import { differs, type Made } from '../s3/stored.ts';
import { completeKey, formatS3Url } from '../s3/url.ts';
import { lookFirst } from '../sink/s3-destination.ts';
import { MAX_PARTS } from '../parts.ts';
import type { UploadOptions, UploadResult } from './upload.ts';

/** Without a known size a part cannot grow with it; smaller ones would end at 10,000 too early. */
const MIN_PART = 16 * MiB;

/**
 * Uploads what comes from a pipe. It cannot be read twice, so lib-storage, which is made for that, keeps each part
 * until S3 has it.
 *
 * @param client retries by itself
 */
export async function uploadStream(
  bytes: Bytes,
  client: S3Client,
  options: UploadOptions,
): Promise<UploadResult> {
  const { attributes, jobs, noClobber, checksums, run } = options;
  const started = Date.now();
  const url = completeKey(options.url, undefined, undefined);
  const location = formatS3Url(url);
  const place = { client, url, checksums, run };
  const partSize = Math.max(MIN_PART, options.partSize);
  await lookFirst({ ...options, client, url });
  run.report({ type: 'transfer', verb: 'upload', to: location, total: undefined, reused: 0, files: 0 });

  let size = 0;
  let crc = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      run.signal.throwIfAborted();
      size += chunk.length;
      crc = crc32(chunk, crc);
      if (size > partSize * MAX_PARTS) {
        throw new ModelpackError(
          'usage',
          `standard input is larger than ${MAX_PARTS} parts of ${partSize} bytes`,
          {
            hint: 'choose larger parts, such as --part-size 64MiB',
          },
        );
      }
      run.report({ type: 'bytes', count: chunk.length, from: 'disk' });
      yield chunk;
    }
  }

  async function isOurs(): Promise<boolean> {
    const found = await look(place);
    return (
      typeof found === 'object' && found.ContentLength === size && found.ChecksumCRC32 === encodeCrc32(crc)
    );
  }

  const upload = new Upload({
    client,
    params: {
      Bucket: url.bucket,
      Key: url.key,
      // Destroyed by the signal: lib-storage's own abort() would leave the parts behind.
      Body: Readable.from(counted(), { objectMode: false, signal: run.signal }),
      ...attributesOf(attributes),
      ...(noClobber ? { IfNoneMatch: '*' } : {}),
      ...(checksums ? { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } : {}),
    },
    partSize,
    queueSize: jobs,
  });
  let made: Made;
  try {
    made = await upload.done();
  } catch (error) {
    // The SDK sends again by itself: an object in the way may be what its first answer, which was lost, spoke of.
    const tries = (error as { $metadata?: { attempts?: number } }).$metadata?.attempts ?? 1;
    const own = reasonOf(error).name === 'PreconditionFailed' && tries > 1 && (await isOurs());
    if (!own) throw lasting(s3Failure(error, url, 's3:PutObject', run.signal));
  }

  const found = await look(place);
  // Without leave to look, what S3 said when it made the object has to do.
  const told = found === 'denied' ? made : found;
  if (told === undefined || told === 'absent') throw differs(url);
  const seenSize = found === 'denied' || found === 'absent' ? size : found.ContentLength;
  const expected = encodeCrc32(crc);
  const whole = told.ChecksumType === 'COMPOSITE' ? undefined : told.ChecksumCRC32;
  if (seenSize !== size || (whole ?? expected) !== expected) throw differs(url);
  const checksum: Checksum =
    whole === undefined ? { algorithm: 'SIZE', value: String(size) } : { algorithm: 'CRC32', value: whole };
  const parts = Math.max(1, Math.ceil(size / partSize));
  return {
    schema: 'modelpack.upload/1',
    location,
    id: null,
    size,
    etag: told.ETag ?? '',
    versionId: told.VersionId ?? null,
    checksum,
    parts: { total: parts, sent: parts, reused: 0 },
    skipped: false,
    seconds: (Date.now() - started) / 1000,
  };
}

/** A pipe cannot be read again: what may pass has been waited for, and did not. */
function lasting(error: unknown): unknown {
  return error instanceof Retryable ? new ModelpackError('network', error.message, { cause: error }) : error;
}
