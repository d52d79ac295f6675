import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

import { KiB } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import { Retryable } from '../http/retry.ts';
import { attributesOf, isKms } from '../s3/attributes.ts';
import { crc32, encodeCrc32 } from '../s3/crc32.ts';
import { damaged, reasonOf } from '../s3/failure.ts';
import { calling, callingOnce, nameBehind } from '../s3/object.ts';
import { isMd5, md5Of, unquoted, wholeCrc32, type SentPart } from '../s3/proof.ts';
import { compare, differs, type Made, type StoredObject, type Target } from '../s3/stored.ts';
import { formatS3Url } from '../s3/url.ts';
import type { Part } from '../parts.ts';
import type { S3Writer } from './s3.ts';
import { StartOver } from './sink.ts';

/** A slow link, at which a part is given up and sent again. */
const SLOWEST_BYTES_PER_SECOND = 64 * KiB;
/** Putting many parts together takes S3 minutes. */
const COMPLETE_SECONDS = 900;
const ABORT_SECONDS = 10;

/**
 * Writes an object by a multipart upload, parts in any order. It appears whole or not at all, and is compared with
 * what was sent before this says that it is there.
 *
 * @param size of the object in bytes
 */
export async function multipartWriter(target: Target, size: number): Promise<S3Writer> {
  const { client, url, attributes, noClobber, run } = target;
  const key = { Bucket: url.bucket, Key: url.key };
  const where = formatS3Url(url);
  const sent = new Map<number, SentPart>();
  let stored: StoredObject | undefined;
  const uploadId = await create();

  async function create(): Promise<string> {
    const checksum = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
    const command = new CreateMultipartUploadCommand({ ...key, ...attributesOf(attributes), ...checksum });
    const { UploadId: id } = await calling(
      { what: `starting an upload to ${where}`, action: 's3:PutObject', url, run },
      (signal) => client.send(command, { abortSignal: signal }),
    );
    if (id === undefined) throw new ModelpackError('unknown', `S3 gave no upload id for ${where}`);
    return id;
  }

  async function write(part: Part, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const crc = crc32(bytes);
    const command = new UploadPartCommand({
      ...key,
      UploadId: uploadId,
      PartNumber: part.number,
      Body: bytes,
      ContentLength: bytes.length,
      ChecksumCRC32: encodeCrc32(crc),
    });
    async function send(attempt: AbortSignal): Promise<Pick<SentPart, 'etag' | 'md5'>> {
      const answer = await client.send(command, { abortSignal: attempt });
      const { ETag: etag = '', ChecksumCRC32: echoed, ServerSideEncryption: sse } = answer;
      // A server that knows CRC32 has compared it; for one that does not, the part's ETag is its MD5, but under KMS.
      if (echoed !== undefined || isKms(sse ?? attributes.sse)) return { etag, md5: undefined };
      const md5 = md5Of(bytes);
      if (isMd5(etag) && unquoted(etag) !== md5) throw new Retryable('the part arrived damaged');
      return { etag, md5 };
    }
    const timeout = Math.max(60, bytes.length / SLOWEST_BYTES_PER_SECOND);
    const call = {
      what: `sending part ${part.number} of ${where}`,
      action: 's3:PutObject',
      url,
      run: { ...run, signal },
      timeout,
    } as const;
    const answer = await calling(call, send).catch(startOver);
    sent.set(part.number, { number: part.number, length: bytes.length, crc32: crc, ...answer });
  }

  async function complete(parts: readonly SentPart[]): Promise<Made> {
    const command = new CompleteMultipartUploadCommand({
      ...key,
      ...(noClobber ? { IfNoneMatch: '*' } : {}),
      UploadId: uploadId,
      ChecksumCRC32: wholeCrc32(parts),
      ChecksumType: 'FULL_OBJECT',
      MpuObjectSize: size,
      MultipartUpload: {
        Parts: parts.map(({ number, etag, crc32: crc }) => ({
          PartNumber: number,
          ETag: etag,
          ChecksumCRC32: encodeCrc32(crc),
        })),
      },
    });
    async function send(signal: AbortSignal): Promise<Made> {
      try {
        return await client.send(command, { abortSignal: signal });
      } catch (error) {
        // Every part was compared on its way: S3 has put together something else.
        throw damaged.has(reasonOf(error).name) ? differs(url, error) : error;
      }
    }
    const call = {
      what: `completing ${where}`,
      action: 's3:PutObject',
      url,
      run,
      timeout: COMPLETE_SECONDS,
    } as const;
    const isThere = async () => (await compare(target, parts, undefined)) !== undefined;
    return callingOnce(call, send, isThere).catch(startOver);
  }

  async function discard(): Promise<void> {
    const command = new AbortMultipartUploadCommand({ ...key, UploadId: uploadId });
    // Its own time: the run's signal may be what brought us here.
    const signal = AbortSignal.timeout(ABORT_SECONDS * 1000);
    try {
      await calling(
        {
          what: `removing the upload to ${where}`,
          action: 's3:AbortMultipartUpload',
          url,
          run: { ...run, signal },
        },
        (attempt) => client.send(command, { abortSignal: attempt }),
      );
    } catch (error) {
      if (nameBehind(error) === 'NoSuchUpload') return;
      const text = `the unfinished upload ${uploadId} of ${where} could not be removed; it is billed until it is`;
      run.report({ type: 'note', text });
    }
  }

  return {
    reused: 0,
    has: () => false,
    readBack: () => Promise.reject(new Error('nothing of an upload is read back')),
    write,
    async finish() {
      const parts = [...sent.values()].toSorted((a, b) => a.number - b.number);
      stored = await compare(target, parts, await complete(parts));
      if (stored === undefined) throw differs(url);
    },
    stored: () => stored!,
    keep: discard,
    discard,
  };
}

/** An upload that a clean-up or a lifecycle rule removed, or that lost a race, has to be made anew. */
function startOver(error: unknown): never {
  const again = ['NoSuchUpload', 'ConditionalRequestConflict'].includes(nameBehind(error));
  throw again ? new StartOver((error as Error).message, { cause: error }) : error;
}
