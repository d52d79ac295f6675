import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { modelpack, type RunOptions } from '../helpers/run.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import {
  startS3,
  type FaultHook,
  type S3Fault,
  type S3Features,
  type S3Server,
} from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const bucket = 'models';
const secret = 'AS3cretOfThisTest';
const keys = { test: secret };

const folder = await temporaryFolder();
/** Of four parts, and of one. */
const files = { multipart: '', single: '' };

beforeAll(async () => {
  const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(
    Buffer.alloc(18 * MiB),
  );
  files.multipart = await folder.write('multipart.bin', noise);
  files.single = await folder.write('single.bin', noise.subarray(0, 3 * MiB));
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Each test has a server of its own: most of the time is spent waiting, so they wait together. */
function serverWith(fault?: FaultHook, features: S3Features = {}): Promise<S3Server> {
  return startS3({ keys, buckets: [bucket], features, ...(fault && { fault }) });
}

function upload(
  s3: { readonly endpoint: string },
  file: string,
  args: string[] = [],
  options: RunOptions = {},
) {
  const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: secret, AWS_ENDPOINT_URL_S3: s3.endpoint };
  const all = ['upload', file, 's3://models/key', '--part-size', '5MiB', '--json', ...args];
  return modelpack(all, { env, ...options });
}

/** Uploads, and expects that the object is right whatever went wrong on the way. */
async function survives(s3: S3Server, file: string, endpoint = s3.endpoint) {
  const outcome = await upload({ endpoint }, file);
  expect(outcome.code, outcome.stderr).toBe(0);
  expect((await s3.body(bucket, 'key')).equals(readFileSync(file))).toBe(true);
  expect(s3.uploads()).toEqual([]);
  return outcome.json<{ checksum: { algorithm: string } }>();
}

function count({ log }: S3Server, operation: string): number {
  return log.filter((entry) => entry.operation === operation).length;
}

/** The first requests of an operation go wrong. */
function spoil(operation: string, fault: S3Fault, times = 1): FaultHook {
  let left = times;
  return (request) => (request.operation === operation && left-- > 0 ? fault : undefined);
}

interface Wire extends AsyncDisposable {
  readonly endpoint: string;
}

/** A wire to a server that damages one bit, or breaks, once, when a connection has carried so many bytes. */
async function badWire(to: S3Server, what: 'flip' | 'break', at: number): Promise<Wire> {
  let intact = false;
  const sockets = new Set<Socket>();
  const wire = createServer((from) => {
    const onward = connect(to.port, '127.0.0.1');
    let carried = 0;
    from.on('data', (chunk) => {
      const here = at - carried;
      carried += chunk.length;
      if (!intact && here >= 0 && here < chunk.length) {
        intact = true;
        if (what === 'break') return void from.resetAndDestroy();
        chunk[here]! ^= 0x10;
      }
      if (!onward.write(chunk)) from.pause();
    });
    onward.on('drain', () => from.resume());
    onward.pipe(from);
    for (const [socket, other] of [
      [from, onward],
      [onward, from],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((ready) => wire.listen(0, '127.0.0.1', ready));
  return {
    endpoint: `http://127.0.0.1:${(wire.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => wire.close(closed));
    },
  };
}

describe.concurrent('a failure that passes', () => {
  it.each([
    ['answers 503', { status: 503, code: 'ServiceUnavailable' }],
    ['resets every connection', { reset: true }],
  ] as const)('is survived when S3 %s for five seconds', async (what, fault) => {
    let since: number | undefined;
    await using s3 = await serverWith(({ operation }) => {
      if (operation === 'UploadPart') since ??= Date.now();
      return since !== undefined && Date.now() - since < 5000 ? fault : undefined;
    });
    await survives(s3, files.multipart);
    const failed = s3.log.filter(({ status }) => status === 0 || status >= 500);
    expect(failed.length).toBeGreaterThan(3);
    expect(failed.length).toBeLessThan(100); // it waits between attempts
  });

  it.each([
    ['looking is answered 500', 'HeadObject', { status: 500 }],
    ['looking is reset', 'HeadObject', { reset: true }],
    ['starting is answered 503', 'CreateMultipartUpload', { status: 503 }],
    ['a part is answered 500', 'UploadPart', { status: 500 }],
    ['a part is answered SlowDown', 'UploadPart', { status: 503, code: 'SlowDown' }],
    ['a part is answered 429', 'UploadPart', { status: 429, code: 'TooManyRequests' }],
    ['a part is answered RequestTimeout', 'UploadPart', { status: 400, code: 'RequestTimeout' }],
    ['a part is reset', 'UploadPart', { delayMs: 100, reset: true }],
    ['the answer to a part is lost', 'UploadPart', { loseResponse: true }],
    ['completing is answered 500', 'CompleteMultipartUpload', { status: 500 }],
    ['the answer to completing is lost', 'CompleteMultipartUpload', { loseResponse: true }],
    ['the answer to completing is cut', 'CompleteMultipartUpload', { cutResponseAfter: 60 }],
    [
      'completing ends in an error inside a 200',
      'CompleteMultipartUpload',
      { errorInside200: { code: 'InternalError', message: 'We encountered an internal error.' } },
    ],
  ] as const)('is survived when %s', async (what, operation, fault) => {
    await using s3 = await serverWith(spoil(operation, fault));
    expect(await survives(s3, files.multipart)).toMatchObject({
      parts: { total: 4, sent: 4, reused: 0 },
      checksum: { algorithm: 'CRC32' },
    });
    expect(count(s3, operation)).toBe({ HeadObject: 3, UploadPart: 5 }[operation as string] ?? 2);
  });

  it.each([
    ['is answered 500', { status: 500 }],
    ['is answered SlowDown', { status: 503, code: 'SlowDown' }],
    ['is reset', { reset: true }],
    ['loses its answer', { loseResponse: true }],
  ] as const)('is survived when a single put %s', async (what, fault) => {
    await using s3 = await serverWith(spoil('PutObject', fault));
    expect(await survives(s3, files.single)).toMatchObject({ parts: { total: 1, sent: 1, reused: 0 } });
    expect(count(s3, 'PutObject')).toBe(2);
  });

  it('is survived by every part at once', async () => {
    await using s3 = await serverWith(spoil('UploadPart', { status: 503, code: 'SlowDown' }, 8));
    await survives(s3, files.multipart);
    expect(count(s3, 'UploadPart')).toBe(12);
  });

  it('is told with --verbose', async () => {
    await using s3 = await serverWith(spoil('UploadPart', { status: 500 }));
    const { stderr } = await upload(s3, files.multipart, ['--verbose']);
    expect(stderr).toMatch(/part \d of s3:\/\/models\/key/);
  });

  it('is an event of --progress json, and its bytes count once', async () => {
    await using s3 = await serverWith(spoil('UploadPart', { status: 500 }));
    const { stderr } = await upload(s3, files.multipart, ['--progress', 'json']);
    const lines = stderr.trim().split('\n');
    const events = lines.map((line) => JSON.parse(line) as { type: string; count: number });
    expect(events.filter(({ type }) => type === 'retry')).toHaveLength(1);
    // Before it is sent, the file is read for its hash.
    const sending = events.slice(events.findLastIndex(({ type }) => type === 'transfer'));
    const bytes = sending.filter(({ type }) => type === 'bytes');
    expect(bytes.reduce((sum, event) => sum + event.count, 0)).toBe(18 * MiB);
  });
});

const withoutChecksums = { checksums: false, mpuObjectSize: false };

describe.concurrent('the wire', () => {
  it.each(['multipart', 'single'] as const)(
    'damages an upload (%s): S3 refuses it by its CRC32, and it is sent again',
    async (kind) => {
      await using s3 = await serverWith();
      await using wire = await badWire(s3, 'flip', 2 * MiB);
      await survives(s3, files[kind], wire.endpoint);
      expect(s3.log.map(({ code }) => code)).toContain('BadDigest');
      // It says "checksum", but not that it knows none.
      for (const { method, headers } of s3.log) {
        if (method === 'PUT') expect(headers['x-amz-checksum-crc32']).toBeDefined();
      }
    },
  );

  it('damages a part on its way to a server without checksums: its MD5 tells', async () => {
    await using s3 = await serverWith(undefined, withoutChecksums);
    await using wire = await badWire(s3, 'flip', 2 * MiB);
    const { checksum } = await survives(s3, files.multipart, wire.endpoint);
    expect(checksum.algorithm).toBe('ETAG-MD5');
    expect(count(s3, 'UploadPart')).toBe(5);
  });

  it('damages a single put on its way to a server without checksums: it never becomes an object', async () => {
    await using s3 = await serverWith(undefined, withoutChecksums);
    await using wire = await badWire(s3, 'flip', 2 * MiB);
    const { code } = await upload(wire, files.single);
    expect([0, 7]).toContain(code);
    const right =
      s3.object(bucket, 'key') && (await s3.body(bucket, 'key')).equals(readFileSync(files.single));
    expect(right).toBe(code === 0 ? true : undefined);
  });

  it.each(['multipart', 'single'] as const)(
    'damages standard input (%s) on its way to a server without checksums: its MD5 tells',
    async (kind) => {
      await using s3 = await serverWith(undefined, withoutChecksums);
      await using wire = await badWire(s3, 'flip', 2 * MiB);
      const { code, json } = await upload(wire, '-', [], { input: readFileSync(files[kind]) });
      expect(code).toBe(0);
      expect(json()).toMatchObject({ checksum: { algorithm: 'ETAG-MD5' } });
      expect((await s3.body(bucket, 'key')).equals(readFileSync(files[kind]))).toBe(true);
      expect(count(s3, kind === 'single' ? 'PutObject' : 'UploadPart')).toBe(kind === 'single' ? 2 : 3);
    },
  );

  it('breaks in the middle of a part', async () => {
    await using s3 = await serverWith();
    await using wire = await badWire(s3, 'break', 2 * MiB);
    await survives(s3, files.multipart, wire.endpoint);
    expect(count(s3, 'UploadPart')).toBe(5);
  });
});

describe.concurrent('the end of an upload', () => {
  // Not every server answers it twice, as AWS does.
  it('is found by looking when its answer was lost and the server has forgotten the upload', async () => {
    let completes = 0;
    await using s3 = await serverWith(({ operation }) => {
      if (operation !== 'CompleteMultipartUpload') return undefined;
      return completes++ === 0 ? { loseResponse: true } : { status: 404, code: 'NoSuchUpload' };
    });
    await survives(s3, files.multipart);
    expect(completes).toBe(2);
  });

  it('is an integrity failure when S3 would put together something else', async () => {
    const wrong = { status: 400, code: 'BadDigest' };
    await using s3 = await serverWith(spoil('CompleteMultipartUpload', wrong, Number.POSITIVE_INFINITY));
    const { code } = await upload(s3, files.multipart, [], { limit: 12 });
    expect(code).toBe(7);
    expect(s3.keysOf(bucket)).toEqual([]);
    expect(s3.uploads()).toEqual([]);
  });

  it('leaves nothing behind even if removing the unfinished upload fails once', async () => {
    let aborts = 0;
    await using s3 = await serverWith(({ operation, query }) => {
      if (operation === 'UploadPart' && query.get('partNumber') === '3')
        return { status: 403, code: 'AccessDenied' };
      return operation === 'AbortMultipartUpload' && aborts++ === 0 ? { status: 503 } : undefined;
    });
    expect(await upload(s3, files.multipart, ['--force'])).toMatchObject({ code: 5 });
    expect(s3.uploads()).toEqual([]);
  });

  it('says so when the unfinished upload cannot be removed', async () => {
    const denied = { status: 403, code: 'AccessDenied' };
    await using s3 = await serverWith(({ operation, query }) => {
      if (operation === 'AbortMultipartUpload') return denied;
      return operation === 'UploadPart' && query.get('partNumber') === '3' ? denied : undefined;
    });
    const { code, stderr } = await upload(s3, files.multipart, ['--force']);
    expect(code).toBe(5);
    const uploadId = s3.uploads()[0]?.uploadId;
    expect(stderr).toContain(`the unfinished upload ${uploadId} of s3://models/key could not be removed`);
  });

  // Somebody's clean-up, or a lifecycle rule: AbortIncompleteMultipartUpload.
  it('is reached although the upload was removed while it was under way', async () => {
    let first: string | undefined;
    await using s3 = await serverWith(({ operation, query }) => {
      if (operation !== 'UploadPart') return undefined;
      first ??= query.get('uploadId');
      const gone = query.get('uploadId') === first && query.get('partNumber') === '4';
      return gone ? { status: 404, code: 'NoSuchUpload' } : undefined;
    });
    const { code } = await upload(s3, files.multipart);
    expect(code).toBe(0);
    expect((await s3.body(bucket, 'key')).equals(readFileSync(files.multipart))).toBe(true);
  });
});
