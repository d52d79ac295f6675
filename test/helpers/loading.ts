import { readFile } from 'node:fs/promises';

import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

import type { Bundle as Planned } from '../../src/bundle/bundle.ts';
import { open, type Bundle, type OpenOptions } from '../../src/runtime/index.ts';
import type { S3LogEntry, S3Server, S3ServerOptions } from '../servers/s3/server.ts';
import { writeBundle, type MadeModel } from './made-bundle.ts';
import { bucket, clientOf, location, noise, smallServer } from './sending.ts';
import { temporaryFolder, type TemporaryFolder } from './tmp.ts';

const MiB = 1024 ** 2;
export const weights = noise(19 * MiB + 5, 1);
export const second = noise(3 * MiB, 2);
export const tokenizer = noise(70_001, 3);
/** What is small is read with the index; the rest is in three ranges of 8 MiB, the first and the last shorter. */
export const bert: MadeModel = {
  name: 'acme/bert',
  source: 'hf:acme/bert',
  revision: 'c0ffee'.padEnd(40, '0'),
  ref: 'v1',
  files: {
    'config.json': '{"model_type":"bert"}',
    'vocab.txt': 'größe\n',
    empty: '',
    'tokenizer.json': tokenizer,
    'onnx/model.onnx': weights,
  },
};
export const own: MadeModel = { name: 'own', source: './own', files: { 'state.bin': second } };

/** A bundle as a file and as an object in S3, and what opens it. */
export interface Loading extends AsyncDisposable {
  readonly s3: S3Server;
  readonly client: S3Client;
  readonly folder: TemporaryFolder;
  readonly file: string;
  readonly bytes: Buffer;
  readonly planned: Planned;
  readonly lines: string[];
  put(bytes: Buffer): Promise<void>;
  /** Opens the object, quietly. */
  open(options?: OpenOptions): Promise<Bundle>;
  /** What was asked of the object so far: its ranges, as `first-last`. */
  ranges(): string[];
  gets(): S3LogEntry[];
}

export async function loading(
  models: readonly MadeModel[] = [bert, own],
  options: S3ServerOptions = {},
): Promise<Loading> {
  const s3 = await smallServer(options);
  const folder = await temporaryFolder();
  const client = clientOf(s3, { jobs: 16 });
  const file = folder.join('models.tar');
  const planned = await writeBundle(file, models);
  const bytes = await readFile(file);
  const lines: string[] = [];
  const gets = () => s3.log.filter(({ operation }) => operation === 'GetObject');
  async function put(body: Buffer): Promise<void> {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'key', Body: body }));
  }
  await put(bytes);
  return {
    s3,
    client,
    folder,
    file,
    bytes,
    planned,
    lines,
    put,
    open: (more) => open(location, { client, log: (line) => lines.push(line), ...more }),
    ranges: () => gets().map(({ range }) => range?.replace('bytes=', '') ?? 'all'),
    gets,
    async [Symbol.asyncDispose]() {
      client.destroy();
      await s3.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
