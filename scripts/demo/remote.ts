import { createHash } from 'node:crypto';

import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';

import type { Index } from '../../src/bundle/contents.ts';
import type { S3Server } from '../../test/servers/s3/server.ts';

/** A bundle in S3, read with the AWS SDK alone, as a program on Lambda could: docs/bundle-format.md. */
export interface Remote extends Disposable {
  readonly id: string;
  readonly index: Index;
  /** `start` to `end`, which is exclusive. */
  read(start: number, end: number): Promise<Buffer>;
  /** Of the whole object. */
  sha256(): Promise<string>;
}

const MiB = 1024 * 1024;
/** A tar header is a block of 512 bytes: the name from byte 0, the size in octal digits from byte 124. */
const BLOCK = 512;
const NAME = 'modelpack.json';

export async function openRemote(s3: S3Server, Bucket: string, Key: string): Promise<Remote> {
  const [[accessKeyId, secretAccessKey] = ['', '']] = Object.entries(s3.keys);
  const client = new S3Client({
    endpoint: s3.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });

  async function read(start: number, end: number): Promise<Buffer> {
    const Range = `bytes=${start}-${end - 1}`;
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, Range }));
    return Buffer.from(await Body!.transformToByteArray());
  }

  async function sha256(): Promise<string> {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    const hash = createHash('sha256');
    for await (const chunk of Body as AsyncIterable<Uint8Array>) hash.update(chunk);
    return hash.digest('hex');
  }

  return {
    ...contentsOf(await read(0, MiB)),
    read,
    sha256,
    [Symbol.dispose]: () => client.destroy(),
  };
}

/** What the first bytes of a bundle say is in it. */
export function contentsOf(head: Buffer): { readonly id: string; readonly index: Index } {
  if (head.toString('latin1', 0, NAME.length) !== NAME) throw new Error(`no ${NAME} at the beginning`);
  const size = Number.parseInt(head.toString('latin1', 124, 136), 8);
  const bytes = head.subarray(BLOCK, BLOCK + size);
  return { id: sha256Of(bytes), index: JSON.parse(bytes.toString()) as Index };
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The names of the tensors in a safetensors file: u64 LE length, then JSON. */
export function tensorsOf(file: Buffer): string[] {
  const header = JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE(0)))) as object;
  return Object.keys(header).filter((name) => name !== '__metadata__');
}
