import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

import { KiB } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import { Retryable } from '../http/retry.ts';
import { attributesOf, isKms } from './attributes.ts';
import { crc32, encodeCrc32 } from './crc32.ts';
import { damaged, reasonOf } from './failure.ts';
import { conditionally, refusesChecksums, type Condition } from './fallback.ts';
import { calling, callingOnce } from './object.ts';
import { pace } from './pace.ts';
import { isMd5, md5Of, unquoted, wholeCrc32, type SentPart } from './proof.ts';
import { compare, differs, type Made, type Target } from './stored.ts';
import { formatS3Url } from './url.ts';

/** A slow link, at which a part is given up and sent again. */
const SLOWEST_BYTES_PER_SECOND = 64 * KiB;
/** Putting many parts together takes S3 minutes. */
const COMPLETE_SECONDS = 900;

/**
 * What S3 is given to compare: a CRC32 of each part and of the whole, of each part only, or none.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export type Checksums = 'full' | 'composite' | 'none';

/** A multipart upload: its parts are sent in any order, then it is completed. */
export interface Multipart {
  readonly uploadId: string;
  /** Sends one part until S3 has it as it is. */
  send(number: number, bytes: Uint8Array, signal: AbortSignal): Promise<SentPart>;
  /**
   * Makes the object.
   *
   * @param parts all of them, in order
   */
  complete(parts: readonly SentPart[]): Promise<Made>;
}

const asked = {
  full: { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' },
  composite: { ChecksumAlgorithm: 'CRC32' },
  none: {},
} as const;

/** An upload that was begun just now. */
export interface Begun {
  readonly upload: Multipart;
  /** Whether S3 was asked more than once: it may have begun another one, and the answer was lost. */
  readonly repeated: boolean;
}

/** Begins an upload, with the best checksums that the server takes. */
export async function beginMultipart(target: Target): Promise<Begun> {
  const { client, url, attributes, run } = target;
  const what = `starting an upload to ${formatS3Url(url)}`;

  async function create(checksums: Checksums): Promise<Begun> {
    let attempts = 0;
    const command = new CreateMultipartUploadCommand({
      Bucket: url.bucket,
      Key: url.key,
      ...attributesOf(attributes),
      ...asked[checksums],
    });
    try {
      const { UploadId: id } = await calling({ what, action: 's3:PutObject', url, run }, (signal) => {
        attempts++;
        return client.send(command, { abortSignal: signal });
      });
      if (id !== undefined) return { upload: multipart(target, id, checksums), repeated: attempts > 1 };
    } catch (error) {
      if (checksums === 'none' || !refusesChecksums(error)) throw error;
      return create(checksums === 'full' ? 'composite' : 'none');
    }
    throw new ModelpackError('unknown', `S3 gave no upload id for ${formatS3Url(url)}`);
  }

  return create(target.checksums ? 'full' : 'none');
}

/** Goes on with an upload. */
export function multipart(target: Target, uploadId: string, begunWith: Checksums): Multipart {
  const { client, url, attributes, jobs, run } = target;
  const upload = { Bucket: url.bucket, Key: url.key, UploadId: uploadId };
  const where = formatS3Url(url);
  const inTurn = pace(jobs);
  let checksums = begunWith;

  async function send(number: number, bytes: Uint8Array, signal: AbortSignal): Promise<SentPart> {
    const crc = crc32(bytes);
    async function attempt(attemptSignal: AbortSignal): Promise<Pick<SentPart, 'etag' | 'md5'>> {
      const proven = checksums !== 'none'; // other parts may change it meanwhile
      const command = new UploadPartCommand({
        ...upload,
        PartNumber: number,
        Body: bytes,
        ContentLength: bytes.length,
        ...(proven ? { ChecksumCRC32: encodeCrc32(crc) } : {}),
      });
      const answer = await client.send(command, { abortSignal: attemptSignal }).catch((error: unknown) => {
        if (!proven || !refusesChecksums(error)) throw error;
        checksums = 'none';
        throw new Retryable('the server takes no checksums', { waitSeconds: 0, cause: error });
      });
      const { ETag: etag = '', ChecksumCRC32: echoed, ServerSideEncryption: sse } = answer;
      // A server that knows CRC32 has compared it; for one that does not, the part's ETag is its MD5, but under KMS.
      if (echoed !== undefined || isKms(sse ?? attributes.sse)) return { etag, md5: undefined };
      const md5 = md5Of(bytes);
      if (isMd5(etag) && unquoted(etag) !== md5) throw new Retryable('the part arrived damaged');
      return { etag, md5 };
    }
    const call = {
      what: `sending part ${number} of ${where}`,
      action: 's3:PutObject',
      url,
      run: { ...run, signal },
      timeout: Math.max(60, bytes.length / SLOWEST_BYTES_PER_SECOND),
      pace: inTurn,
    } as const;
    return { number, length: bytes.length, crc32: crc, ...(await calling(call, attempt)) };
  }

  async function completeIf(condition: Condition, parts: readonly SentPart[]): Promise<Made> {
    const whole = { ChecksumCRC32: wholeCrc32(parts), ChecksumType: 'FULL_OBJECT' } as const;
    const command = new CompleteMultipartUploadCommand({
      ...upload,
      ...condition,
      ...(checksums === 'full' ? whole : {}),
      MpuObjectSize: parts.reduce((sum, { length }) => sum + length, 0),
      MultipartUpload: {
        Parts: parts.map(({ number, etag, crc32: crc }) => ({
          PartNumber: number,
          ETag: etag,
          ...(checksums === 'none' ? {} : { ChecksumCRC32: encodeCrc32(crc) }),
        })),
      },
    });
    async function attempt(signal: AbortSignal): Promise<Made> {
      try {
        return await client.send(command, { abortSignal: signal });
      } catch (error) {
        // Every part was compared on its way: S3 has put together something else.
        throw damaged.has(reasonOf(error).name) ? differs(url, error) : error;
      }
    }
    const what = `completing ${where}`;
    const call = { what, action: 's3:PutObject', url, run, timeout: COMPLETE_SECONDS } as const;
    return callingOnce(call, attempt, async () => (await compare(target, parts, undefined)) !== undefined);
  }

  return {
    uploadId,
    send,
    complete: (parts) => conditionally(target, (condition) => completeIf(condition, parts)),
  };
}
