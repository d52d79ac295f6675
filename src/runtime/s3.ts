import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';

import { MiB } from '../bytes.ts';
import { codeOf, ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { Retryable, retrying } from '../http/retry.ts';
import { reasonOf, s3Failure } from '../s3/failure.ts';
import { pace } from '../s3/pace.ts';
import { formatS3Url, parseS3Url } from '../s3/url.ts';
import { Changed, Corrupt } from './errors.ts';
import { Filling, type Range } from './memory.ts';
import type { Origin, Traffic } from './origin.ts';

/** An `S3Client` of any version 3 of the SDK. */
export interface S3Sender {
  send(command: never, options: { readonly abortSignal: AbortSignal }): Promise<unknown>;
}

export interface S3Options {
  readonly endpointUrl?: string;
  readonly region?: string;
  /** Made from these and the environment unless given. */
  readonly client?: S3Sender;
  /** Connections at once. */
  readonly connections: number;
  readonly run: Run;
}

/** Most bundles have their index and all small files in these first bytes. */
const HEAD = MiB;
/** For one request. One that is slow is sent again from the byte that was reached. */
const TIMEOUT_MS = 60_000;
const CONNECT_MS = 5000;
/** Without a byte for so long a connection is dead. */
const SOCKET_MS = 20_000;

/** A bundle in S3. Everything that is read is of the version that was opened: ranges are asked for with its ETag. */
export async function openS3(address: string, options: S3Options, traffic: Traffic): Promise<Origin> {
  const url = parseS3Url(address);
  const location = formatS3Url(url);
  if (url.key === '')
    throw new ModelpackError('usage', `${location} names no object`, { hint: 's3://bucket/models.tar' });
  const { connections, run: opening } = options;
  const { GetObjectCommand, S3Client } = await sdk();
  const own = options.client === undefined ? new S3Client(settings(options)) : undefined;
  const client = (own ?? options.client) as S3Client;
  const turn = pace(connections);
  let size: number | undefined;
  let etag: string | undefined;

  /** Sends requests until the range is complete. */
  async function fill(range: Range, run: Run): Promise<void> {
    const filling = new Filling(range);
    let reached = filling.position;
    function progressed(): boolean {
      const before = reached;
      reached = filling.position;
      return reached > before;
    }
    await retrying(() => turn(() => once(filling, run)), { what: `reading ${location}`, run, progressed });
  }

  async function once(filling: Filling, run: Run): Promise<void> {
    try {
      run.signal.throwIfAborted();
      traffic.requests++;
      const { position: start } = filling;
      const answer = await client.send(
        new GetObjectCommand({
          Bucket: url.bucket,
          Key: url.key,
          Range: `bytes=${start}-${start + filling.missing - 1}`,
          ...(etag === undefined ? {} : { IfMatch: etag }),
        }),
        { abortSignal: AbortSignal.any([run.signal, AbortSignal.timeout(TIMEOUT_MS)]) },
      );
      const body = answer.Body as AsyncIterable<Uint8Array> & { destroy(): void };
      try {
        check(answer, start);
        const expected = Math.min(filling.missing, size! - start);
        for await (const chunk of body) {
          if (filling.position + chunk.length > start + expected)
            throw new Retryable('S3 sent more than was asked for');
          filling.take(chunk);
          traffic.bytes += chunk.length;
        }
        const got = filling.position - start;
        if (got < expected) throw new Retryable(`S3 sent ${got} bytes of ${expected}`);
      } finally {
        body.destroy();
      }
    } catch (error) {
      if (reasonOf(error).name === 'PreconditionFailed') throw new Changed(location, { cause: error });
      throw forFunctions(s3Failure(error, url, 's3:GetObject', run.signal));
    }
  }

  /** That the answer is the range that was asked for, of the version that was asked for first. */
  function check({ ContentRange: range, ETag: tag }: GetObjectCommandOutput, start: number): void {
    const [, first, total] = /^bytes (\d{1,16})-\d{1,16}\/(\d{1,16})$/.exec(range ?? '') ?? [];
    if (Number(first) !== start) {
      throw new ModelpackError('unknown', `S3 answered a range of ${location} with something else`, {
        hint: 'the server has to support ranges',
      });
    }
    size ??= Number(total);
    etag ??= tag;
    // Some servers know no If-Match.
    if (Number(total) !== size || tag !== etag) throw new Changed(location);
  }

  /** The first bytes. That there are fewer than were asked for is no failure here. */
  async function open(): Promise<Buffer<ArrayBuffer>> {
    const head = Buffer.alloc(HEAD);
    try {
      await fill({ start: 0, end: HEAD, pieces: [{ at: 0, into: head }] }, opening);
    } catch (error) {
      const { name } = reasonOf((error as Error).cause);
      if (name === 'InvalidRange') throw new Corrupt(`${location} is empty`, { cause: error });
      throw error;
    }
    return head.subarray(0, Math.min(HEAD, size!));
  }

  const close = async () => own?.destroy();
  try {
    const head = await open();
    return {
      location,
      size: size!,
      head,
      atOnce: connections,
      read: fill,
      finish: async () => {},
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The hints of the command line name its options. */
function forFunctions(failure: unknown): unknown {
  if (!(failure instanceof ModelpackError) || failure.code !== 'usage') return failure;
  return new ModelpackError('usage', failure.message, {
    hint: 'check region and endpoint: AWS_REGION, AWS_ENDPOINT_URL_S3, or open(location, { region, endpointUrl })',
    cause: failure.cause,
  });
}

/** Lambda's Node.js has the SDK; a program that reads local files needs none. */
async function sdk(): Promise<typeof import('@aws-sdk/client-s3')> {
  try {
    // oxlint-disable-next-line no-restricted-imports -- here it is only loaded when S3 is asked for
    return await import('@aws-sdk/client-s3');
  } catch (cause) {
    if (codeOf(cause) !== 'ERR_MODULE_NOT_FOUND' && codeOf(cause) !== 'MODULE_NOT_FOUND') throw cause;
    throw new ModelpackError('usage', 'reading from S3 needs the package @aws-sdk/client-s3', {
      hint: 'Lambda has it; elsewhere: npm install @aws-sdk/client-s3',
      cause,
    });
  }
}

function settings({ endpointUrl, region, connections }: S3Options) {
  // A server that is named is reached by paths; AWS by the bucket's own name.
  const named = endpointUrl ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'] ?? '';
  return {
    ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    ...(region === undefined ? {} : { region }),
    maxAttempts: 1, // `retrying` does that, and goes on where it stopped
    followRegionRedirects: true,
    forcePathStyle: named !== '',
    responseChecksumValidation: 'WHEN_REQUIRED' as const,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: SOCKET_MS,
      httpAgent: { keepAlive: true, maxSockets: connections },
      httpsAgent: { keepAlive: true, maxSockets: connections },
    },
  };
}
