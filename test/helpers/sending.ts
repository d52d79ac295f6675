import { createCipheriv, createHash } from 'node:crypto';

import type { S3Client } from '@aws-sdk/client-s3';

import { messageOf } from '../../src/errors.ts';
import type { Run } from '../../src/events.ts';
import type { ObjectAttributes } from '../../src/s3/attributes.ts';
import { s3Client, type S3Settings } from '../../src/s3/client.ts';
import type { StoredObject } from '../../src/s3/stored.ts';
import { s3Destination } from '../../src/sink/s3-destination.ts';
import { s3Writer } from '../../src/sink/s3.ts';
import type { Model } from '../../src/source/source.ts';
import { fetchBundle, type FetchResult } from '../../src/verbs/fetch.ts';
import { send } from '../../src/verbs/send.ts';
import { startS3, type FaultHook, type S3Server, type S3ServerOptions } from '../servers/s3/server.ts';

const KiB = 1024;
/** Of a part, in bytes: small, so that many runs take a moment. */
export const PART = 16 * KiB;
export const bucket = 'models';
export const location = 's3://models/key';

/** What ends a run in its middle, for good. */
export const denied = { status: 403, code: 'AccessDenied' } as const;
/** What is waited for no longer than a moment. */
export const soon = { headers: { 'retry-after': '0' } } as const;

/** Bytes that no part shares with another one. */
export function noise(size: number, seed = 0): Buffer {
  const key = Buffer.alloc(16, seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** An S3 with the bucket, for a test that sends to it from within this process, in parts of a few KiB. */
export async function smallServer(options: S3ServerOptions = {}): Promise<S3Server> {
  return startS3({ minPartSize: 1, buckets: [bucket], ...options });
}

export function clientOf(
  { endpoint }: Pick<S3Server, 'endpoint'>,
  settings: Partial<S3Settings> = {},
): S3Client {
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'testsecret';
  const defaults = { endpointUrl: endpoint, region: 'us-east-1', profile: undefined, jobs: 4 };
  return s3Client({ ...defaults, ...settings });
}

export interface SendingOptions {
  readonly key?: string;
  readonly partSize?: number;
  readonly jobs?: number;
  readonly attributes?: Partial<ObjectAttributes>;
  readonly noClobber?: boolean;
  readonly force?: boolean;
  readonly checksums?: boolean;
  /** Where this machine keeps its journals; none without it. */
  readonly state?: string | undefined;
  readonly run?: Partial<Run>;
}

/** How a run ended, and what it said. */
export interface Sent<T> {
  readonly result: T | undefined;
  /** The code of its error, or `done`. */
  readonly outcome: string;
  readonly message: string;
  readonly notes: readonly string[];
}

async function outcomeOf<T>(options: SendingOptions, work: (run: Run) => Promise<T>): Promise<Sent<T>> {
  const notes: string[] = [];
  const run: Run = {
    signal: new AbortController().signal,
    report: (event) => void (event.type === 'note' && notes.push(event.text)),
    ...options.run,
  };
  try {
    return { result: await work(run), outcome: 'done', message: '', notes };
  } catch (error) {
    const { code = 'bug' } = error as { code?: string };
    return { result: undefined, outcome: code, message: messageOf(error), notes };
  }
}

/** Sends bytes as `upload` does. */
export function upload(
  s3: S3Server,
  bytes: Buffer,
  options: SendingOptions = {},
): Promise<Sent<StoredObject>> {
  const { key = 'key', partSize = PART, jobs = 4, attributes = {}, force = false } = options;
  const { noClobber = false, checksums = true, state: stateFolder } = options;
  const content = {
    size: bytes.length,
    read: async (into: Uint8Array, start: number) => void bytes.copy(into, 0, start, start + into.length),
  };
  const id = createHash('sha256').update(bytes).digest('hex');
  return outcomeOf(options, async (run) => {
    const client = clientOf(s3, { jobs });
    const url = { bucket, key };
    const target = {
      client,
      url,
      noClobber,
      checksums,
      jobs,
      run,
      attributes: { tags: {}, metadata: {}, ...attributes },
    };
    const { writer } = await send(content, {
      verb: 'upload',
      location: `s3://${bucket}/${key}`,
      files: 0,
      begin: (fresh) =>
        s3Writer(target, {
          content,
          id,
          fixed: false,
          partSize,
          fresh,
          force,
          stateFolder,
        }),
      check: () => undefined,
      partSize,
      jobs,
      run,
    });
    client.destroy();
    return writer.stored();
  });
}

/** Refuses the part and all after it, which ends a run and leaves what came before. */
export function stopAt(number: number): FaultHook {
  return ({ operation, query }) =>
    operation === 'UploadPart' && Number(query.get('partNumber')) >= number ? denied : undefined;
}

/** Uploads the parts before `number`, and leaves them. @returns the id of the upload */
export async function broken(
  s3: S3Server,
  bytes: Buffer,
  number: number,
  options: SendingOptions = {},
): Promise<string> {
  s3.setFault(stopAt(number));
  const { outcome, notes, message } = await upload(s3, bytes, { jobs: 1, ...options });
  s3.setFault(undefined);
  s3.log.length = 0;
  const left = notes.at(-1) ?? '';
  if (outcome === 'refused' && left.includes(`left in S3 for the next run: ${number - 1} part`))
    return s3.uploads().at(-1)!.uploadId;
  throw new Error(`${outcome}: ${message}\n${left}`);
}

/** A model in memory, which knows what was read of it. */
export interface MemoryModel extends Model {
  /** In bytes. */
  downloaded(): number;
  /** Called before each read; may throw. */
  onRead: ((path: string, start: number, into: Uint8Array) => void | Promise<void>) | undefined;
}

export function memoryModel(sizes: Readonly<Record<string, number>>): MemoryModel {
  const contents = new Map(Object.entries(sizes).map(([path, size], i) => [path, noise(size, i + 1)]));
  let downloaded = 0;
  const model: MemoryModel = {
    name: 'acme/tiny',
    source: 'hf:acme/tiny',
    revision: '1'.repeat(40),
    files: [...contents].map(([path, bytes]) => ({
      path,
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    })),
    leftOut: [],
    checkAccess: async () => {},
    async read({ path }, into, start) {
      contents.get(path)!.copy(into, 0, start, start + into.length);
      await model.onRead?.(path, start, into);
      downloaded += into.length;
    },
    downloaded: () => downloaded,
    onRead: undefined,
  };
  return model;
}

/** Streams a model to S3 as `fetch -o s3://…` does. */
export function fetchTo(
  s3: S3Server,
  model: Model,
  options: SendingOptions = {},
): Promise<Sent<FetchResult>> {
  const { key = 'key', partSize = PART, jobs = 4, attributes = {}, force = false } = options;
  const { noClobber = false, checksums = true, state: stateFolder } = options;
  const selection = { include: [], exclude: [], weights: undefined, all: false };
  return outcomeOf(options, (run) =>
    fetchBundle(['acme/tiny'], {
      resolve: async () => model,
      selection,
      open: async (_, opened) => ({
        ...s3Destination(
          { bucket, key },
          {
            client: clientOf(s3, { jobs }),
            attributes: { tags: {}, metadata: {}, ...attributes },
            noClobber,
            force,
            checksums,
            jobs,
            stateFolder,
            run: opened,
          },
        ),
        minPartSize: 1,
      }),
      jobs,
      partSize,
      dryRun: false,
      run,
    }),
  );
}

/** Numbers of the parts that were sent since the log was emptied, in order. */
export function partsSent({ log }: S3Server): number[] {
  return log
    .filter(({ operation }) => operation === 'UploadPart')
    .map(({ query }) => Number(query.get('partNumber')))
    .toSorted((a, b) => a - b);
}
