import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompleteMultipartUploadCommandOutput,
  type PutObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';

import { KiB } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { Retryable } from '../http/retry.ts';
import { attributesOf, type ObjectAttributes } from '../s3/attributes.ts';
import { crc32, encodeCrc32 } from '../s3/crc32.ts';
import { reasonOf } from '../s3/failure.ts';
import { calling, callingOnce, look } from '../s3/object.ts';
import {
  isMd5,
  md5Of,
  prove,
  unquoted,
  wholeCrc32,
  type Checksum,
  type Claimed,
  type SentPart,
} from '../s3/proof.ts';
import { formatS3Url, type S3Url } from '../s3/url.ts';
import type { Part, Writer } from './sink.ts';

export interface S3WriterOptions {
  readonly client: S3Client;
  readonly url: S3Url;
  /** Of the object, in bytes. */
  readonly size: number;
  /** Of a part, in bytes. */
  readonly partSize: number;
  readonly attributes: ObjectAttributes;
  /** Fail rather than replace an object that appeared meanwhile. */
  readonly noClobber: boolean;
  readonly run: Run;
}

/** What S3 holds now, and by what it was compared with what was sent. */
export interface StoredObject {
  readonly etag: string;
  readonly versionId: string | null;
  readonly checksum: Checksum;
  readonly parts: { readonly total: number; readonly sent: number; readonly reused: number };
}

export interface S3Writer extends Writer {
  /** After `finish`. */
  stored(): StoredObject;
}

type Made = PutObjectCommandOutput | CompleteMultipartUploadCommandOutput | undefined;

/** A slow link, at which a part is given up and sent again. */
const SLOWEST_BYTES_PER_SECOND = 64 * KiB;
/** Putting many parts together takes S3 minutes. */
const COMPLETE_SECONDS = 900;
const ABORT_SECONDS = 10;

/**
 * Writes an object by a multipart upload, parts in any order; what fits one part is put at once, in the end. The
 * object appears whole or not at all, and is compared with what was sent before this says that it is there.
 */
export async function s3Writer(options: S3WriterOptions): Promise<S3Writer> {
  const { client, url, size, partSize, attributes, noClobber, run } = options;
  const target = { Bucket: url.bucket, Key: url.key };
  const given = attributesOf(attributes);
  const condition = noClobber ? { IfNoneMatch: '*' } : {};
  const where = formatS3Url(url);
  const sent = new Map<number, SentPart>();
  let body: Uint8Array = new Uint8Array();
  let stored: StoredObject | undefined;
  const uploadId = size <= partSize ? undefined : await create();

  async function create(): Promise<string> {
    const checksum = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
    const command = new CreateMultipartUploadCommand({ ...target, ...given, ...checksum });
    const { UploadId: id } = await calling(`starting an upload to ${where}`, url, run, (signal) =>
      client.send(command, { abortSignal: signal }),
    );
    if (id === undefined) throw new ModelpackError('unknown', `S3 gave no upload id for ${where}`);
    return id;
  }

  async function write(part: Part, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (uploadId === undefined) {
      body = Uint8Array.from(bytes); // the caller uses its buffer again, and nothing may be visible yet
      return;
    }
    const crc = crc32(bytes);
    const command = new UploadPartCommand({
      ...target,
      UploadId: uploadId,
      PartNumber: part.number,
      Body: bytes,
      ContentLength: bytes.length,
      ChecksumCRC32: encodeCrc32(crc),
    });
    async function attempt(attemptSignal: AbortSignal): Promise<Pick<SentPart, 'etag' | 'md5'>> {
      const { ETag: etag = '', ChecksumCRC32: echoed } = await client.send(command, {
        abortSignal: attemptSignal,
      });
      // A server that knows CRC32 has compared it; for one that does not, the part's ETag is its MD5.
      const md5 = echoed === undefined ? md5Of(bytes) : undefined;
      if (md5 !== undefined && isMd5(etag) && unquoted(etag) !== md5)
        throw new Retryable('the part arrived damaged');
      return { etag, md5 };
    }
    const what = `sending part ${part.number} of ${where}`;
    const seconds = Math.max(60, bytes.length / SLOWEST_BYTES_PER_SECOND);
    const answer = await calling(what, url, { ...run, signal }, attempt, seconds);
    sent.set(part.number, { number: part.number, length: bytes.length, crc32: crc, ...answer });
  }

  /** @returns what S3 says of the object that it has now made; undefined when its answer was lost */
  async function makeVisible(): Promise<Made> {
    const parts = [...sent.values()].toSorted((a, b) => a.number - b.number);
    const succeeded = async () => (await compare(undefined)) !== undefined;
    if (uploadId === undefined) {
      // Number 0: a single PUT has no parts.
      sent.set(0, { number: 0, length: body.length, crc32: crc32(body), etag: '', md5: md5Of(body) });
      const checksum = { ChecksumCRC32: encodeCrc32(crc32(body)) };
      const put = new PutObjectCommand({
        ...target,
        ...given,
        ...condition,
        ...checksum,
        Body: body,
        ContentLength: body.length,
      });
      const answer = await callingOnce(
        `sending ${where}`,
        url,
        run,
        (signal) => client.send(put, { abortSignal: signal }),
        COMPLETE_SECONDS,
        succeeded,
      );
      return answer;
    }
    const complete = new CompleteMultipartUploadCommand({
      ...target,
      ...condition,
      UploadId: uploadId,
      ChecksumCRC32: wholeCrc32(parts),
      ChecksumType: 'FULL_OBJECT',
      MpuObjectSize: size,
      MultipartUpload: {
        Parts: parts.map((part) => ({
          PartNumber: part.number,
          ETag: part.etag,
          ChecksumCRC32: encodeCrc32(part.crc32),
        })),
      },
    });
    return callingOnce(
      `completing ${where}`,
      url,
      run,
      (signal) => client.send(complete, { abortSignal: signal }),
      COMPLETE_SECONDS,
      succeeded,
    );
  }

  /** @returns undefined when the object is not the one that was sent */
  async function compare(answer: Made): Promise<StoredObject | undefined> {
    const found = await look(client, url, run);
    if (found === 'absent' || (found === 'denied' && answer === undefined)) return undefined;
    // Without leave to look, what S3 said when it made the object has to do: it had our CRC32 and size to check.
    const {
      ETag: etag,
      VersionId: version,
      ChecksumCRC32: crc,
      ChecksumType: type,
    } = found === 'denied' ? answer! : found;
    const claimed: Claimed = {
      size: found === 'denied' ? undefined : found.ContentLength,
      etag,
      crc32: type === 'COMPOSITE' ? undefined : crc,
    };
    const checksum = prove(claimed, [...sent.values()], attributes.sse === 'aws:kms');
    const parts = { total: sent.size, sent: sent.size, reused: 0 };
    return checksum && { etag: etag ?? '', versionId: version ?? null, checksum, parts };
  }

  async function discard(): Promise<void> {
    if (uploadId === undefined) return;
    const command = new AbortMultipartUploadCommand({ ...target, UploadId: uploadId });
    try {
      // Its own time: the run's signal may be what brought us here.
      await client.send(command, { abortSignal: AbortSignal.timeout(ABORT_SECONDS * 1000) });
    } catch (cause) {
      if (reasonOf(cause).name === 'NoSuchUpload') return;
      const text = `the unfinished upload ${uploadId} of ${where} could not be removed; it is billed until it is`;
      run.report({ type: 'note', text });
    }
  }

  return {
    reused: 0,
    has: () => false,
    readBack: () => Promise.reject(new Error('no part of an upload is read back')),
    write,
    async finish() {
      stored = await compare(await makeVisible());
      if (stored !== undefined) return;
      throw new ModelpackError('integrity', `${where} is not what was sent: its size or checksum differs`, {
        hint: 'another upload may have replaced it meanwhile; run the same command again',
      });
    },
    stored: () => stored!,
    keep: discard,
    discard,
  };
}
