import { mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { AwsChunkedDecoder } from '../servers/s3/aws-chunked.ts';
import { verifyChunks } from '../servers/s3/chunk-signature.ts';
import { type S3Fault, type S3ServerOptions, startS3 } from '../servers/s3/server.ts';

const Bucket = 'models';
const Key = 'dir/a b+ü.bin';
const bytes = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 251));

const server = await startS3({ buckets: [Bucket], minPartSize: 1000 });
const client = connect();
afterAll(() => server.close());
beforeEach(() => {
  server.setFault(undefined);
  server.log.length = 0;
});

function connect(config: S3ClientConfig = {}, endpoint = server.endpoint): S3Client {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'testsecret' };
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials,
    ...config,
  });
}

function put(Body: string | Buffer, more: Partial<PutObjectCommandInput> = {}, by = client) {
  return by.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
}

async function get(range?: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ...(range && { Range: range }) }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

function base64Crc(data: Buffer): string {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(data));
  return value.toString('base64');
}

function spoil(operation: string, fault: S3Fault): void {
  server.setFault((request) => (request.operation === operation ? fault : undefined));
}

function complete(upload: CompleteMultipartUploadCommandInput, by = client) {
  return by.send(new CompleteMultipartUploadCommand(upload));
}

/** Begins an upload, sends the two halves, and gives back what completes it. */
async function uploadHalves(to = client): Promise<CompleteMultipartUploadCommandInput> {
  const full = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
  const { UploadId } = await to.send(new CreateMultipartUploadCommand({ Bucket, Key, ...full }));
  const halves = [bytes.subarray(0, 1500), bytes.subarray(1500)];
  const Parts = await Promise.all(
    halves.map(async (Body, index) => {
      const part = { PartNumber: index + 1, ChecksumCRC32: base64Crc(Body) };
      const { ETag } = await to.send(new UploadPartCommand({ Bucket, Key, UploadId, Body, ...part }));
      return { ...part, ETag };
    }),
  );
  return { Bucket, Key, UploadId, MultipartUpload: { Parts } };
}

describe('objects', () => {
  test('come back as they were put, whole and in ranges', async () => {
    const given = { Metadata: { id: '42' }, ContentType: 'application/x-tar', Tagging: 'a=1' };
    await put(bytes, { StorageClass: 'STANDARD_IA', ...given });
    expect(await get()).toEqual(bytes);
    expect(await get('bytes=10-19')).toEqual(bytes.subarray(10, 20));
    expect(await get('bytes=-5')).toEqual(bytes.subarray(-5));
    await expect(get('bytes=3000-')).rejects.toMatchObject({ name: 'InvalidRange' });
    expect(await server.body(Bucket, Key)).toEqual(bytes);
    expect(server.keysOf(Bucket)).toEqual([Key]);
    expect(server.object(Bucket, Key)).toMatchObject({
      size: 3000,
      metadata: { id: '42' },
      tags: { a: '1' },
      contentType: 'application/x-tar',
      storageClass: 'STANDARD_IA',
      checksum: { algorithm: 'CRC32', type: 'FULL_OBJECT', value: base64Crc(bytes) },
    });
  });

  test('echo their encryption, and under KMS have no MD5 for an ETag', async () => {
    const encrypted = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'key-1' } as const;
    await put('a', encrypted);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
    expect(head).toMatchObject(encrypted);
    expect(head.ETag).not.toBe('"0cc175b9c0f1b6a831c399e269772661"');
  });

  test('are not replaced against a condition', async () => {
    await put('first');
    const failed = { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } };
    await expect(put('second', { IfNoneMatch: '*' })).rejects.toMatchObject(failed);
    await expect(put('second', { IfMatch: '"0"' })).rejects.toMatchObject(failed);
    const upload = await uploadHalves();
    await expect(complete({ ...upload, IfNoneMatch: '*' })).rejects.toMatchObject(failed);
    expect(await server.body(Bucket, Key)).toEqual(Buffer.from('first'));
  });
});

describe('multipart uploads', () => {
  test('have the joined CRC32, which the client may state beforehand', async () => {
    const upload = await uploadHalves();
    await expect(complete({ ...upload, ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({
      name: 'BadDigest',
    });
    const right = { ...upload, ChecksumCRC32: base64Crc(bytes), MpuObjectSize: 3000 };
    const completed = await complete(right);
    expect(completed).toMatchObject({ ChecksumCRC32: base64Crc(bytes), ChecksumType: 'FULL_OBJECT' });
    expect(completed.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    expect(await get('bytes=1400-1599')).toEqual(bytes.subarray(1400, 1600));
    const again = await complete(right);
    expect(again.ETag).toBe(completed.ETag);
  });

  test('refuse a part whose checksum is wrong', async () => {
    const { UploadId } = await uploadHalves();
    const part = { Bucket, Key, UploadId, PartNumber: 3, Body: 'abc', ChecksumCRC32: 'AAAAAA==' };
    await expect(client.send(new UploadPartCommand(part))).rejects.toMatchObject({ name: 'BadDigest' });
    expect(server.uploads(Bucket)).toContainEqual(
      expect.objectContaining({ key: Key, uploadId: UploadId, parts: 2 }),
    );
  });

  test('leave nothing after an abort', async () => {
    for (const { uploadId: UploadId } of server.uploads()) {
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    }
    expect(server.uploads()).toEqual([]);
  });
});

describe('signatures', () => {
  test.each([
    ['SignatureDoesNotMatch', { credentials: { accessKeyId: 'test', secretAccessKey: 'other' } }],
    ['InvalidAccessKeyId', { credentials: { accessKeyId: 'nobody', secretAccessKey: 'testsecret' } }],
    ['AuthorizationHeaderMalformed', { region: 'eu-west-1' }],
    ['RequestTimeTooSkewed', { systemClockOffset: 20 * 60_000 }],
  ])('are refused with %s', async (name, config) => {
    await expect(put('x', {}, connect(config))).rejects.toMatchObject({ name });
  });

  // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html, the example
  test('of chunks agree with the example of the documentation', () => {
    const seed = {
      key: Buffer.from('dbb893acc010964918f1fd433add87c70e8b0db6be30c1fbeafefa5ec6ba8378', 'hex'),
      timestamp: '20130524T000000Z',
      scope: '20130524/us-east-1/s3/aws4_request',
      signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    };
    const decode = (last: string) => {
      const framed = [
        `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648`,
        'a'.repeat(65_536),
        `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497`,
        'a'.repeat(1024),
        `0;chunk-signature=${last}\r\n\r\n`,
      ];
      const decoder = new AwsChunkedDecoder(verifyChunks(seed));
      return Buffer.concat([...decoder.decode(Buffer.from(framed.join('\r\n')))]);
    };
    expect(decode('b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9')).toHaveLength(66_560);
    expect(() => decode('0'.repeat(64))).toThrow(/signature/);
  });
});

describe('faults', () => {
  test('reset: the connection breaks and nothing is stored', async () => {
    await put('before');
    spoil('PutObject', { reset: true });
    await expect(put('after')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await server.body(Bucket, Key)).toEqual(Buffer.from('before'));
    expect(server.log.map(({ status }) => status)).toEqual([200, 0]);
  });

  test('hang: no answer until the client gives up', async () => {
    spoil('PutObject', { hang: true });
    const abortSignal = AbortSignal.timeout(100);
    const command = new PutObjectCommand({ Bucket, Key, Body: 'x' });
    await expect(client.send(command, { abortSignal })).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('delayMs, status, code and headers: a late refusal', async () => {
    spoil('PutObject', { delayMs: 50, status: 503, code: 'SlowDown', headers: { 'retry-after': '7' } });
    const start = performance.now();
    const refused = { name: 'SlowDown', $response: { statusCode: 503, headers: { 'retry-after': '7' } } };
    await expect(put('x')).rejects.toMatchObject(refused);
    expect(performance.now() - start).toBeGreaterThan(45);
  });

  test('cutResponseAfter: the body ends early', async () => {
    await put(bytes);
    spoil('GetObject', { cutResponseAfter: 1000 });
    const { Body, ContentLength } = await client.send(new GetObjectCommand({ Bucket, Key }));
    const received: Buffer[] = [];
    const read = async () => {
      for await (const chunk of Body as AsyncIterable<Buffer>) received.push(chunk);
    };
    await expect(read()).rejects.toThrow('aborted');
    expect(Buffer.concat(received)).toEqual(bytes.subarray(0, 1000));
    expect(ContentLength).toBe(3000);
    expect(server.log.at(-1)).toMatchObject({ status: 200, bytesOut: 1000 });
  });

  test('errorInside200: an error where success was announced', async () => {
    const upload = await uploadHalves();
    spoil('CompleteMultipartUpload', { errorInside200: { code: 'InternalError', message: 'try again' } });
    await expect(complete(upload)).rejects.toMatchObject({
      name: 'InternalError',
    });
    expect(server.log.at(-1)).toMatchObject({ status: 200, code: 'InternalError' });
    server.setFault(undefined);
    await complete(upload);
  });

  test('loseResponse: done, but the client cannot know', async () => {
    const upload = await uploadHalves();
    spoil('CompleteMultipartUpload', { loseResponse: true });
    await expect(complete(upload)).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    expect(await server.body(Bucket, Key)).toEqual(bytes);
  });

  test('corruptBody: one byte of the answer is another one', async () => {
    await put(bytes);
    spoil('GetObject', { corruptBody: true });
    const received = await get('bytes=0-2');
    expect(received).toEqual(Buffer.from([0, 0xfe, 2]));
    await expect(get()).rejects.toThrow(/checksum/i);
  });

  test('ignoreConditions and noChecksums: an older server', async () => {
    await put('first');
    spoil('PutObject', { ignoreConditions: true, noChecksums: true });
    const answer = await put('second', { IfNoneMatch: '*', ChecksumCRC32: 'AAAAAA==' });
    expect(answer.ChecksumCRC32).toBeUndefined();
    expect(await server.body(Bucket, Key)).toEqual(Buffer.from('second'));
    expect(server.object(Bucket, Key)?.checksum).toBeUndefined();
  });
});

test('features can be switched off for a whole server', async () => {
  const features: S3ServerOptions['features'] = {
    checksums: false,
    conditionalWrites: false,
    mpuObjectSize: false,
  };
  const older = await startS3({ buckets: [Bucket], minPartSize: 1000, features });
  onTestFinished(() => older.close());
  const olderClient = connect({}, older.endpoint);
  await put('first', {}, olderClient);
  const upload = await uploadHalves(olderClient);
  const wrong = { IfNoneMatch: '*', MpuObjectSize: 1, ChecksumCRC32: 'AAAAAA==' };
  await complete({ ...upload, ...wrong }, olderClient);
  const head = await olderClient.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
  expect(head.ContentLength).toBe(3000);
  expect(head.ChecksumCRC32).toBeUndefined();
});

test('the log has every request, in order of arrival', async () => {
  await put(bytes);
  await get('bytes=0-9');
  await client.send(new HeadObjectCommand({ Bucket, Key: 'none' })).catch(() => {});
  expect(server.log).toMatchObject([
    {
      operation: 'PutObject',
      method: 'PUT',
      bucket: Bucket,
      key: Key,
      status: 200,
      bytesIn: 3000,
      bytesOut: 0,
    },
    { operation: 'GetObject', range: 'bytes=0-9', status: 206, bytesIn: 0, bytesOut: 10 },
    { operation: 'HeadObject', key: 'none', status: 404, code: 'NoSuchKey' },
  ]);
});

test.each([
  ['a path that is not UTF-8', '/%ff'],
  ['a broken escape', '/models/%'],
  ['a broken query', '/models/k?%'],
  ['a long key', `/models/${'k'.repeat(1025)}`],
  ['half a presigned URL', '/models/k?X-Amz-Signature=0'],
  ['no bucket', '//'],
])('a hostile request with %s is refused and does no harm', async (_, target) => {
  const response = await fetch(server.endpoint + target, { method: 'PUT', body: '<'.repeat(9999) });
  expect(await response.text()).toMatch(/^<\?xml .*\n<Error><Code>/);
  expect([400, 403]).toContain(response.status);
});

test('close ends what is under way and deletes the bodies', async () => {
  const dir = await mkdtemp(join(tmpdir(), 's3-server-test-'));
  const closing = await startS3({ dir, buckets: [Bucket], fault: () => ({ hang: true }) });
  expect(await readdir(dir)).toHaveLength(1);
  const pending = put('x', {}, connect({}, closing.endpoint));
  const outcome = pending.catch((error: unknown) => error);
  await expect.poll(() => closing.log).toHaveLength(1);
  await closing.close();
  expect(await outcome).toMatchObject({ code: 'ECONNRESET' });
  expect(await readdir(dir)).toEqual([]);
  await rmdir(dir);
});
