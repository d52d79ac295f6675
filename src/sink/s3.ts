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
import { attributesOf, isKms, type ObjectAttributes } from '../s3/attributes.ts';
import { crc32, encodeCrc32 } from '../s3/crc32.ts';
import { damaged, reasonOf } from '../s3/failure.ts';
import { calling, callingOnce, look, nameBehind } from '../s3/object.ts';
import { isMd5, md5Of, prove, unquoted, wholeCrc32, type Checksum, type SentPart } from '../s3/proof.ts';
import { formatS3Url, type S3Url } from '../s3/url.ts';
import { StartOver, type Part, type Writer } from './sink.ts';

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

/** What S3 says when it has made the object; undefined when the answer was lost. */
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
    const { UploadId: id } = await calling({ what: `starting an upload to ${where}`, url, run }, (signal) =>
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
    const call = { what: `sending part ${part.number} of ${where}`, url, run: { ...run, signal }, timeout };
    const answer = await calling(call, send).catch(startOver);
    sent.set(part.number, { number: part.number, length: bytes.length, crc32: crc, ...answer });
  }

  /** An upload that a clean-up or a lifecycle rule removed, or that lost a race, has to be made anew. */
  function startOver(error: unknown): never {
    const again = ['NoSuchUpload', 'ConditionalRequestConflict'].includes(nameBehind(error));
    throw again ? new StartOver((error as Error).message, { cause: error }) : error;
  }

  async function put(): Promise<Made> {
    // Number 0: a single PUT has no parts.
    sent.set(0, { number: 0, length: body.length, crc32: crc32(body), etag: '', md5: md5Of(body) });
    const command = new PutObjectCommand({
      ...target,
      ...given,
      ...condition,
      Body: body,
      ContentLength: body.length,
      ChecksumCRC32: encodeCrc32(crc32(body)),
      // For servers that know no other checksum: what arrives damaged must never be visible.
      ContentMD5: Buffer.from(md5Of(body), 'hex').toString('base64'),
    });
    async function send(signal: AbortSignal): Promise<Made> {
      try {
        return await client.send(command, { abortSignal: signal });
      } catch (error) {
        // A race with another conditional write: S3 asks to try again.
        if (reasonOf(error).name === 'ConditionalRequestConflict')
          throw new Retryable('S3 answered 409', { cause: error });
        throw error;
      }
    }
    return callingOnce({ what: `sending ${where}`, url, run, timeout: COMPLETE_SECONDS }, send, isThere);
  }

  async function complete(uploaded: string): Promise<Made> {
    const parts = [...sent.values()].toSorted((a, b) => a.number - b.number);
    const command = new CompleteMultipartUploadCommand({
      ...target,
      ...condition,
      UploadId: uploaded,
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
        if (damaged.has(reasonOf(error).name)) throw differs(error);
        throw error;
      }
    }
    const call = { what: `completing ${where}`, url, run, timeout: COMPLETE_SECONDS };
    return callingOnce(call, send, isThere).catch(startOver);
  }

  async function isThere(): Promise<boolean> {
    return (await compare(undefined)) !== undefined;
  }

  /** @returns undefined when the object is not the one that was sent */
  async function compare(made: Made): Promise<StoredObject | undefined> {
    const found = await look(client, url, run);
    // Without leave to look, what S3 said when it made the object has to do: it had our CRC32 and size to check.
    const told = found === 'denied' ? made : found;
    if (told === undefined || told === 'absent') return undefined;
    const claimed = {
      size: found === 'denied' || found === 'absent' ? undefined : found.ContentLength,
      etag: told.ETag,
      crc32: told.ChecksumType === 'COMPOSITE' ? undefined : told.ChecksumCRC32,
    };
    const checksum = prove(claimed, [...sent.values()], isKms(told.ServerSideEncryption ?? attributes.sse));
    const parts = { total: sent.size, sent: sent.size, reused: 0 };
    return checksum && { etag: told.ETag ?? '', versionId: told.VersionId ?? null, checksum, parts };
  }

  function differs(cause?: unknown): ModelpackError {
    return new ModelpackError('integrity', `${where} is not what was sent: its size or checksum differs`, {
      hint: 'another upload may have replaced it meanwhile; run the same command again',
      cause,
    });
  }

  async function discard(): Promise<void> {
    if (uploadId === undefined) return;
    const command = new AbortMultipartUploadCommand({ ...target, UploadId: uploadId });
    // Its own time: the run's signal may be what brought us here.
    const signal = AbortSignal.timeout(ABORT_SECONDS * 1000);
    try {
      await calling({ what: `removing the upload to ${where}`, url, run: { ...run, signal } }, (attempt) =>
        client.send(command, { abortSignal: attempt }),
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
    readBack: () => Promise.reject(new Error('no part of an upload is read back')),
    write,
    async finish() {
      stored = await compare(await (uploadId === undefined ? put() : complete(uploadId)));
      if (stored === undefined) throw differs();
    },
    stored: () => stored!,
    keep: discard,
    discard,
  };
}
