import { Readable } from 'node:stream';

import type { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

import { MiB, type Bytes } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import { Retryable } from '../http/retry.ts';
import { attributesOf } from '../s3/attributes.ts';
import { reasonOf, s3Failure } from '../s3/failure.ts';
import { compare, differs, type Made } from '../s3/stored.ts';
import { completeKey, formatS3Url } from '../s3/url.ts';
import { watchBodies } from '../s3/watched.ts';
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
  const { attributes, checksums, jobs, noClobber, run } = options;
  const started = Date.now();
  const url = completeKey(options.url, undefined, undefined);
  const location = formatS3Url(url);
  const partSize = Math.max(MIN_PART, options.partSize);
  await lookFirst({ ...options, client, url });
  run.report({ type: 'transfer', verb: 'upload', to: location, total: undefined, reused: 0, files: 0 });

  let size = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      run.signal.throwIfAborted();
      size += chunk.length;
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

  const sent = watchBodies(client, attributes.sse);
  const compareWith = (answer: Made) => compare({ ...options, client, url }, [...sent.values()], answer);

  const upload = new Upload({
    client,
    params: {
      Bucket: url.bucket,
      Key: url.key,
      // Destroyed by the signal: lib-storage's own abort() would leave the parts behind.
      Body: Readable.from(counted(), { objectMode: false, signal: run.signal }),
      ...attributesOf(attributes),
      ...(noClobber ? { IfNoneMatch: '*' } : {}),
      ...(checksums ? ({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const) : {}),
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
    const own = reasonOf(error).name === 'PreconditionFailed' && tries > 1 && (await compareWith(undefined));
    if (!own) throw lasting(s3Failure(error, url, 's3:PutObject', run.signal));
  }

  const compared = await compareWith(made);
  if (compared === undefined) throw differs(url);
  const { etag, versionId, checksum } = compared;
  return {
    schema: 'modelpack.upload/1',
    location,
    id: null,
    size,
    etag,
    versionId,
    checksum,
    parts: { total: sent.size, sent: sent.size, reused: 0 },
    skipped: false,
    seconds: (Date.now() - started) / 1000,
  };
}

/** A pipe cannot be read again: what may pass has been waited for, and did not. */
function lasting(error: unknown): unknown {
  return error instanceof Retryable ? new ModelpackError('network', error.message, { cause: error }) : error;
}
