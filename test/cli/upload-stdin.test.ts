import { createCipheriv } from 'node:crypto';
import { crc32 } from 'node:zlib';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { modelpack, type RunOptions } from '../helpers/run.ts';
import { startS3 } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const bucket = 'models';
const secret = 'AS3cretOfThisTest';

const s3 = await startS3({ keys: { test: secret }, buckets: [bucket] });
beforeEach(() => {
  s3.setFault(undefined);
  s3.log.length = 0;
});
afterAll(() => s3.close());

function noise(size: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(size));
}

function crcOf(bytes: Buffer): string {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(bytes));
  return value.toString('base64');
}

/** Pipes `input` into `modelpack upload -`. */
async function pipe(input: Buffer, address: string, args: string[] = [], options: RunOptions = {}) {
  const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: secret, AWS_ENDPOINT_URL_S3: s3.endpoint };
  const outcome = await modelpack(['upload', '-', address, '--json', ...args], { env, input, ...options });
  expect(outcome.stdout + outcome.stderr).not.toContain(secret);
  return outcome;
}

/** The first request of an operation goes wrong. */
function spoilFirst(operation: string, fault: NonNullable<Parameters<typeof s3.setFault>[0]>) {
  s3.setFault((request) => {
    if (request.operation !== operation) return undefined;
    s3.setFault(undefined);
    return fault(request);
  });
}

const isChecksumHeader = (name: string) => /^x-amz-(checksum-(?!mode)|sdk-checksum)/.test(name);

describe('upload of standard input', () => {
  it.each([
    ['40 MiB', 40 * MiB, 3],
    ['exactly a part', 16 * MiB, 1],
    ['one byte more than a part', 16 * MiB + 1, 2],
    ['little', 5000, 1],
    ['nothing', 0, 1],
  ])('of %s is right', async (name, size, parts) => {
    const bytes = noise(size);
    const key = `piped/${size}`;
    const { code, json } = await pipe(bytes, `s3://models/${key}`);
    expect(code).toBe(0);
    const document = json();
    expect(Object.keys(document)).toEqual(
      'schema location id size etag versionId checksum parts skipped seconds'.split(' '),
    );
    expect(document).toMatchObject({
      location: `s3://models/${key}`,
      id: null,
      size,
      etag: `"${s3.object(bucket, key)?.etag}"`,
      versionId: null,
      checksum: { algorithm: 'CRC32', value: crcOf(bytes) },
      parts: { total: parts, sent: parts, reused: 0 },
      skipped: false,
    });
    expect(bytes.equals(await s3.body(bucket, key))).toBe(true);
    expect(s3.uploads()).toEqual([]);
  });

  it('says the location and nothing else on stdout', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: secret };
    const args = ['upload', '-', 's3://models/said', '--endpoint-url', s3.endpoint];
    expect(await modelpack(args, { env, input: 'text' })).toMatchObject({
      code: 0,
      stdout: 's3://models/said\n',
    });
  });

  it('sets the attributes that are asked for', async () => {
    const asked = ['--tag', 'stage=prod', '--metadata', 'team=search', '--storage-class', 'STANDARD_IA'];
    for (const [key, size] of [
      ['put', 10],
      ['multipart', 17 * MiB],
    ] as const) {
      const { code } = await pipe(noise(size), `s3://models/attributes/${key}`, [
        ...asked,
        '--sse',
        'AES256',
      ]);
      expect(code).toBe(0);
      expect(s3.object(bucket, `attributes/${key}`)).toMatchObject({
        metadata: { team: 'search' },
        tags: { stage: 'prod' },
        storageClass: 'STANDARD_IA',
        sse: { algorithm: 'AES256' },
      });
    }
  });

  it.each(['s3://models/prefix/', 's3://models', 's3://models/', 's3://models/{id}.tar'])(
    'to %s is refused, since there is no name and no id',
    async (address) => {
      const { code, json } = await pipe(Buffer.from('x'), address);
      expect(code).toBe(2);
      expect(json()).toMatchObject({
        error: { code: 'usage', hint: expect.stringContaining('key') as string },
      });
      expect(s3.log).toEqual([]);
    },
  );

  it('is refused with --no-clobber when the key exists', async () => {
    const taken = Buffer.from('taken');
    expect(await pipe(taken, 's3://models/taken', ['--no-clobber'])).toMatchObject({ code: 0 });
    expect(await pipe(Buffer.from('late'), 's3://models/taken', ['--no-clobber'])).toMatchObject({ code: 3 });
    expect(await s3.body(bucket, 'taken')).toEqual(taken);
  });

  it.each([
    ['put', 'PutObject', 10],
    ['multipart upload', 'CompleteMultipartUpload', 17 * MiB],
  ])('loses a race with --no-clobber (%s), and the winner stays', async (kind, last, size) => {
    const key = `race/${size}`;
    s3.setFault(async ({ operation }) => {
      if (operation !== last) return undefined;
      s3.setFault(undefined);
      expect(await pipe(Buffer.from('winner'), `s3://models/${key}`)).toMatchObject({ code: 0 });
      return undefined;
    });
    const { code, stderr } = await pipe(noise(size), `s3://models/${key}`, ['--no-clobber']);
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(`modelpack: s3://models/${key} exists\n`) as string,
    });
    expect(await s3.body(bucket, key)).toEqual(Buffer.from('winner'));
    expect(s3.uploads()).toEqual([]);
  });

  it.each([
    ['put', 'PutObject', 10],
    ['multipart upload', 'CompleteMultipartUpload', 17 * MiB],
  ])('takes its own object for its own when the answer to a %s is lost', async (_, last, size) => {
    const bytes = noise(size);
    const key = `lost/${size}`;
    spoilFirst(last, () => ({ loseResponse: true }));
    const { code, stderr } = await pipe(bytes, `s3://models/${key}`, ['--no-clobber']);
    expect(code, stderr).toBe(0);
    expect(bytes.equals(await s3.body(bucket, key))).toBe(true);
  });

  it.each([
    ['a part was reset', 'UploadPart', { reset: true }],
    ['a part met an internal error', 'UploadPart', { status: 500 }],
    ['a part was sent too fast', 'UploadPart', { status: 503, code: 'SlowDown' }],
    ['a part was damaged on the wire', 'UploadPart', { status: 400, code: 'BadDigest' }],
    [
      'completing ended in an error inside a 200',
      'CompleteMultipartUpload',
      { errorInside200: { code: 'InternalError', message: 'try again' } },
    ],
  ] as const)('is right although %s', async (what, operation, fault) => {
    const bytes = noise(17 * MiB);
    spoilFirst(operation, () => fault);
    const { code, stderr } = await pipe(bytes, 's3://models/spoilt');
    expect(code, stderr).toBe(0);
    expect(bytes.equals(await s3.body(bucket, 'spoilt'))).toBe(true);
    expect(s3.uploads()).toEqual([]);
  });

  it('that S3 never takes ends as a failure of the network or of the bytes, not as a bug', async () => {
    s3.setFault(({ operation }) =>
      operation === 'UploadPart' ? { status: 400, code: 'BadDigest' } : undefined,
    );
    const { code, stderr } = await pipe(noise(17 * MiB), 's3://models/spoilt for good');
    expect([6, 7]).toContain(code);
    expect(stderr).not.toContain('this may be a bug');
    expect(s3.uploads()).toEqual([]);
  });

  it.each([
    ['there is no such bucket', 's3://nowhere/key', {}, 4],
    ['the secret is wrong', 's3://models/refused', { AWS_SECRET_ACCESS_KEY: 'AnotherSecret' }, 5],
  ])('has its exit code when %s', async (_, address, more, expected) => {
    const env = {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
    };
    const { code, stdout, stderr } = await pipe(noise(17 * MiB), address, [], { env: { ...env, ...more } });
    expect(code).toBe(expected);
    expect(stdout + stderr).not.toContain('AnotherSecret');
    expect(stderr).toMatch(/^modelpack: .+\nhint: .+\n$/);
    expect(s3.keysOf(bucket)).not.toContain('refused');
    expect(s3.uploads()).toEqual([]);
  });

  it('leaves nothing after Ctrl-C', async () => {
    const outcome = await pipe(noise(40 * MiB), 's3://models/stopped', ['--jobs', '1'], {
      onStart: (running) => {
        s3.setFault(({ operation, query }) => {
          if (operation === 'UploadPart' && query.get('partNumber') === '2') running.kill('SIGINT');
          return undefined;
        });
      },
    });
    expect(outcome.code).toBe(130);
    expect(s3.keysOf(bucket)).not.toContain('stopped');
    expect(s3.uploads()).toEqual([]);
  });

  it('is sent without checksums if that is asked for', async () => {
    for (const size of [10, 17 * MiB]) {
      const { code, json } = await pipe(noise(size), 's3://models/plain', ['--checksum', 'none']);
      expect(code).toBe(0);
      expect(json()).toMatchObject({ checksum: { algorithm: 'ETAG-MD5' } });
    }
    expect(s3.log.flatMap(({ headers }) => Object.keys(headers).filter(isChecksumHeader))).toEqual([]);
  });

  it('on a server without checksums is compared by its MD5', async () => {
    const features = { checksums: false, mpuObjectSize: false };
    await using old = await startS3({ keys: { test: secret }, buckets: [bucket], features });
    for (const size of [10, 17 * MiB]) {
      const bytes = noise(size);
      const { code, json } = await pipe(bytes, 's3://models/old', ['--endpoint-url', old.endpoint]);
      expect(code).toBe(0);
      expect(json()).toMatchObject({
        checksum: { algorithm: 'ETAG-MD5' },
      });
      expect(bytes.equals(await old.body(bucket, 'old'))).toBe(true);
    }
  });
});
