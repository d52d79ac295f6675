import { PutObjectCommand } from '@aws-sdk/client-s3';

import { Retryable } from '../http/retry.ts';
import { attributesOf } from '../s3/attributes.ts';
import { crc32, encodeCrc32 } from '../s3/crc32.ts';
import { reasonOf } from '../s3/failure.ts';
import { conditionally, refusesChecksums, type Condition } from '../s3/fallback.ts';
import { callingOnce } from '../s3/object.ts';
import { md5Of, type SentPart } from '../s3/proof.ts';
import { compare, differs, type Compared, type Made, type Target } from '../s3/stored.ts';
import { formatS3Url } from '../s3/url.ts';
import type { S3Writer } from './s3.ts';

/** Seconds for one attempt at an object of one part. */
const TIMEOUT = 300;

/** Writes what fits one part: it is held, and put when everything has been checked. */
export function putWriter(target: Target): S3Writer {
  const { client, url, attributes, run } = target;
  const where = formatS3Url(url);
  let body: Uint8Array = new Uint8Array();
  let compared: Compared | undefined;

  let checksums = target.checksums;

  async function put(sent: readonly SentPart[], condition: Condition): Promise<Made> {
    const command = () =>
      new PutObjectCommand({
        Bucket: url.bucket,
        Key: url.key,
        ...attributesOf(attributes),
        ...condition,
        Body: body,
        ContentLength: body.length,
        ...(checksums ? { ChecksumCRC32: encodeCrc32(crc32(body)) } : {}),
        // For servers that know no other checksum: what arrives damaged must never be visible.
        ContentMD5: Buffer.from(md5Of(body), 'hex').toString('base64'),
      });
    async function send(signal: AbortSignal): Promise<Made> {
      try {
        return await client.send(command(), { abortSignal: signal });
      } catch (error) {
        if (checksums && refusesChecksums(error)) {
          checksums = false;
          throw new Retryable('the server takes no checksums', { waitSeconds: 0, cause: error });
        }
        // A race with another conditional write: S3 asks to try again.
        const raced = reasonOf(error).name === 'ConditionalRequestConflict';
        throw raced ? new Retryable('S3 answered 409', { cause: error }) : error;
      }
    }
    const isThere = async () => (await compare(target, sent, undefined)) !== undefined;
    return callingOnce(
      { what: `sending ${where}`, action: 's3:PutObject', url, run, timeout: TIMEOUT },
      send,
      isThere,
    );
  }

  return {
    reused: 0,
    has: () => false,
    readBack: () => Promise.reject(new Error('nothing of an upload is read back')),
    async write(_part, bytes) {
      body = Uint8Array.from(bytes); // the caller uses its buffer again
    },
    async finish() {
      // Number 0: a single PUT has no parts, and its ETag is the MD5 itself.
      const sent = [{ number: 0, length: body.length, crc32: crc32(body), etag: '', md5: md5Of(body) }];
      compared = await compare(
        target,
        sent,
        await conditionally(target, (condition) => put(sent, condition)),
      );
      if (compared === undefined) throw differs(url);
    },
    stored() {
      const { etag, versionId, checksum } = compared!;
      return { etag, versionId, checksum, parts: { total: 1, sent: 1, reused: 0 } };
    },
    keep: async () => {},
    discard: async () => {},
  };
}
