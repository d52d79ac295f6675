import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { cache, findPeer } from '../peers.ts';
import { flagsOf, startProgram, startScript, type Distance, type Server } from './process.ts';

/**
 * Which S3 is written to: `sink` drops what it gets, so that the client alone is measured; `embedded` is that of the
 * tests, which verifies all of it on one core; `versitygw` is one that nobody here wrote; `static` only serves what was
 * put there in one piece, over TLS.
 */
export const s3Kinds = ['sink', 'embedded', 'versitygw', 'static'] as const;
export type S3Kind = (typeof s3Kinds)[number];

export const BUCKET = 'bench';
export const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };
const REGION = 'us-east-1';
const CERTIFICATE = 'certificate.pem';

/** A bucket that is empty at the start. */
export interface Bucket extends Server {
  readonly kind: S3Kind;
  /** By which our side and the peers find it. */
  readonly env: NodeJS.ProcessEnv;
  remove(key: string): Promise<void>;
  /** Uploads a file in one request, of 5 GiB at most. */
  put(key: string, file: string): Promise<void>;
  /** In bytes. @throws when there is no such object */
  sizeOf(key: string): Promise<number>;
}

export async function startS3(kind: S3Kind, distance: Distance | undefined): Promise<Bucket> {
  // In memory where there is such a place: it is not the server's disk that is measured.
  const folder = await mkdtemp('/dev/shm/modelpack-bench-').catch(() =>
    mkdtemp(join(tmpdir(), 'modelpack-bench-s3-')),
  );
  const server = await startKind(kind, folder, distance);
  const { endpoint, secure = endpoint, pid } = server;
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'; // read when it is loaded
  const { CreateBucketCommand, DeleteObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } =
    await import('@aws-sdk/client-s3');
  const client = new S3Client({
    endpoint,
    region: REGION,
    forcePathStyle: true,
    credentials,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  return {
    kind,
    endpoint,
    pid,
    env: {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      AWS_ENDPOINT_URL: secure,
      ...(kind === 'static' && { AWS_CA_BUNDLE: join(folder, CERTIFICATE) }),
      S3_ENDPOINT_URL: endpoint, // s5cmd
      RCLONE_CONFIG: '',
      RCLONE_S3_PROVIDER: 'Other',
      RCLONE_S3_ENDPOINT: endpoint,
      RCLONE_S3_ENV_AUTH: 'true',
    },
    async remove(Key) {
      await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));
    },
    async put(Key, file) {
      const { size: ContentLength } = await stat(file);
      const Body = createReadStream(file);
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body, ContentLength }));
    },
    async sizeOf(Key) {
      return (await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key }))).ContentLength ?? 0;
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startKind(kind: S3Kind, folder: string, distance: Distance | undefined): Promise<Server> {
  switch (kind) {
    case 'sink':
      return startScript('bench/servers/sink.ts', flagsOf(distance));
    case 'embedded':
      return startScript('test/servers/s3/main.ts', ['--dir', folder]);
    case 'static':
      return startStatic(folder, distance);
    case 'versitygw': {
      const gateway = await findPeer('versitygw');
      if (gateway.program === undefined) throw new Error(`versitygw: ${gateway.why}`);
      const keys = ['--access', credentials.accessKeyId, '--secret', credentials.secretAccessKey];
      const address = ['--port', `127.0.0.1:${await freePort()}`, '--keep-alive'];
      await mkdir(join(folder, 'data'));
      return startProgram(gateway.program, [...keys, ...address, 'posix', join(folder, 'data')]);
    }
  }
}

/** Compiled anew each time, which Go's cache makes quick. */
async function startStatic(folder: string, distance: Distance | undefined): Promise<Server> {
  const [program, dir] = [join(cache, 'bin/static'), join(folder, 'data')];
  await promisify(execFile)('go', ['build', '-o', program, '.'], {
    cwd: fileURLToPath(new URL('static', import.meta.url)),
  });
  await mkdir(dir);
  const { delay = 0, rate = Infinity } = distance ?? {};
  const far = ['-delay', String(delay), '-rate', String(Number.isFinite(rate) ? rate : 0)];
  return startProgram(program, ['-dir', dir, '-ca', join(folder, CERTIFICATE), ...far]);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}
