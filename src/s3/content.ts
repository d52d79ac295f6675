import type { IncomingMessage } from 'node:http';

import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';

import { MiB, type Stored } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { rangeHeader } from '../http/range.ts';
import { Retryable } from '../http/retry.ts';
import { reasonOf } from './failure.ts';
import { calling, nameBehind } from './object.ts';
import { formatS3Url, type S3Url } from './url.ts';

/** Read when an object is opened: of a bundle, the index and the small files. One request then does for most. */
const HEAD = MiB;

/**
 * An object in S3, to be read at any place. Everything that is read is of the version that was opened: ranges are
 * asked for with its ETag.
 *
 * @throws ModelpackError `not-found`, `refused`, `network`
 */
export async function openObject(client: S3Client, url: S3Url, run: Run): Promise<Stored> {
  const location = formatS3Url(url);
  const first = await openHead();

  /** The object's size and ETag, and its first bytes. An empty object has no range to ask for. */
  async function openHead(): Promise<{ size: number; etag: string | undefined; bytes: Buffer }> {
    return calling({ what: `reading ${location}`, action: 's3:GetObject', url, run }, async (signal) => {
      try {
        const command = new GetObjectCommand({
          Bucket: url.bucket,
          Key: url.key,
          Range: rangeHeader(0, HEAD),
        });
        const answer = await client.send(command, { abortSignal: signal });
        const size = sizeOf(answer);
        const bytes = Buffer.alloc(Math.min(HEAD, size));
        await receive(answer, bytes, () => {});
        return { size, etag: answer.ETag, bytes };
      } catch (error) {
        if (reasonOf(error).name === 'InvalidRange')
          return { size: 0, etag: undefined, bytes: Buffer.alloc(0) };
        throw error;
      }
    });
  }

  async function read(into: Uint8Array, start: number, signal: AbortSignal = run.signal): Promise<void> {
    if (start + into.length <= first.bytes.length) {
      into.set(first.bytes.subarray(start, start + into.length));
      return;
    }
    let filled = 0;
    async function send(attempt: AbortSignal): Promise<void> {
      const rest = into.subarray(filled);
      const command = new GetObjectCommand({
        Bucket: url.bucket,
        Key: url.key,
        Range: rangeHeader(start + filled, rest.length),
        IfMatch: first.etag,
      });
      const answer = await client.send(command, { abortSignal: attempt });
      if (sizeOf(answer) !== first.size) throw changed();
      await receive(answer, rest, (count) => (filled += count));
    }
    await calling(
      { what: `reading ${location}`, action: 's3:GetObject', url, run: { ...run, signal } },
      send,
    ).catch((error: unknown) => {
      throw nameBehind(error) === 'PreconditionFailed' ? changed() : error;
    });
  }

  function changed(): ModelpackError {
    return new ModelpackError('integrity', `${location} was replaced while it was read`, {
      hint: 'run the same command again',
    });
  }

  return { location, size: first.size, read, [Symbol.asyncDispose]: async () => client.destroy() };
}

/** Of the whole object, from an answer to a range. */
function sizeOf({ ContentRange: range }: GetObjectCommandOutput): number {
  const size = Number(/^bytes \d+-\d+\/(\d{1,15})$/.exec(range ?? '')?.[1]);
  if (Number.isSafeInteger(size)) return size;
  throw new ModelpackError('unknown', 'S3 answered a range with something else', {
    hint: 'the server has to support ranges',
  });
}

/** Puts a body where it belongs. @throws Retryable when it is cut short */
async function receive(
  { Body: body }: GetObjectCommandOutput,
  into: Uint8Array,
  onBytes: (count: number) => void,
): Promise<void> {
  let filled = 0;
  for await (const chunk of body as IncomingMessage as AsyncIterable<Buffer>) {
    if (filled + chunk.length > into.length) throw new Retryable('S3 sent more than was asked for');
    into.set(chunk, filled);
    filled += chunk.length;
    onBytes(chunk.length);
  }
  if (filled < into.length) throw new Retryable(`S3 sent ${filled} bytes of ${into.length}`);
}
