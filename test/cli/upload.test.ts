import { createCipheriv, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { modelpack, type Outcome, type RunOptions } from '../helpers/run.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import { startS3, type S3Features } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
/** The smallest that S3 takes. */
const part = 5 * MiB;
const bucket = 'models';
const secret = 'AS3cretOfThisTest';
const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: secret };

const s3 = await startS3({ keys: { test: secret }, buckets: [bucket] });
const folder = await temporaryFolder();
/** A bundle of three parts, and one of a single part. */
const bundle = { path: '', id: '' };
const small = { path: '', id: '' };

beforeAll(async () => {
  for (const [name, size, made] of [
    ['big', 2.5 * part, bundle],
    ['tiny', 5000, small],
  ] as const) {
    await folder.write(`${name}/config.json`, '{}');
    await folder.write(`${name}/model.bin`, noise(size));
    made.path = folder.join(`${name}.tar`);
    const fetched = await modelpack(['fetch', folder.join(name), '-o', made.path, '--json']);
    made.id = fetched.json<{ id: string }>().id;
  }
});
beforeEach(() => {
  s3.setFault(undefined);
  s3.log.length = 0;
});
afterAll(async () => {
  await s3.close();
  await folder[Symbol.asyncDispose]();
});

/** Bytes that no part shares with another one. */
function noise(size: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(size));
}

function crcOf(bytes: Buffer): string {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(bytes));
  return value.toString('base64');
}

async function upload(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const env = { ...credentials, AWS_ENDPOINT_URL_S3: s3.endpoint, ...options.env };
  const outcome = await modelpack(['upload', ...args], { cwd: folder.path, ...options, env });
  expect(outcome.stdout + outcome.stderr).not.toContain(secret);
  return outcome;
}

interface Uploaded {
  readonly location: string;
  readonly id: string | null;
  readonly size: number;
  readonly etag: string;
  readonly versionId: string | null;
  readonly checksum: { readonly algorithm: string; readonly value: string };
  readonly parts: { readonly total: number; readonly sent: number; readonly reused: number };
  readonly skipped: boolean;
  readonly seconds: number;
}

/** Uploads, and expects success. */
async function uploaded(args: readonly string[], options?: RunOptions): Promise<Uploaded> {
  const outcome = await upload([...args, '--json'], options);
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome.json<Uploaded>();
}

function requests(operation: string) {
  return s3.log.filter((entry) => entry.operation === operation);
}

describe('upload', () => {
  it('puts a bundle, every byte of it, and says so in one document', async () => {
    const document = await uploaded([bundle.path, 's3://models/a/bundle.tar', '--part-size', '5MiB']);
    const bytes = await readFile(bundle.path);
    expect(Object.keys(document)).toEqual(
      'schema location id size etag versionId checksum parts skipped seconds'.split(' '),
    );
    expect(document).toEqual({
      schema: 'modelpack.upload/1',
      location: 's3://models/a/bundle.tar',
      id: bundle.id,
      size: bytes.length,
      etag: `"${s3.object(bucket, 'a/bundle.tar')?.etag}"`,
      versionId: null,
      checksum: { algorithm: 'CRC32', value: crcOf(bytes) },
      parts: { total: 3, sent: 3, reused: 0 },
      skipped: false,
      seconds: expect.any(Number) as number,
    });
    expect(Object.keys(document.checksum)).toEqual(['algorithm', 'value']);
    expect(Object.keys(document.parts)).toEqual(['total', 'sent', 'reused']);
    expect(bytes.equals(await s3.body(bucket, 'a/bundle.tar'))).toBe(true);
    expect(s3.object(bucket, 'a/bundle.tar')?.metadata).toEqual({
      'modelpack-id': bundle.id,
      'modelpack-format': 'modelpack/1',
    });
    expect(s3.uploads()).toEqual([]);
  });

  it('says on stdout the location and nothing else, and the rest on stderr', async () => {
    const { code, stdout, stderr } = await upload([small.path, 's3://models/said.tar']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 's3://models/said.tar\n' });
    expect(stderr).toMatch(/in 1 part, .*\n.*CRC32.*\n$/);
  });

  it('says nothing but the location with --quiet', async () => {
    expect(await upload([small.path, 's3://models/quiet.tar', '--quiet'])).toMatchObject({
      code: 0,
      stdout: 's3://models/quiet.tar\n',
      stderr: '',
    });
  });

  it('puts any other file too, which has no id', async () => {
    const bytes = Buffer.from('no bundle at all\n');
    const path = await folder.write('notes.txt', bytes);
    const document = await uploaded([path, 's3://models/notes.txt']);
    expect(document).toMatchObject({ id: null, size: bytes.length, skipped: false });
    expect(await s3.body(bucket, 'notes.txt')).toEqual(bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(s3.object(bucket, 'notes.txt')?.metadata).toEqual({ 'modelpack-sha256': sha256 });
  });

  it.each([
    ['no byte', 0, 1],
    ['one byte', 1, 1],
    ['one byte less than a part', part - 1, 1],
    ['exactly one part', part, 1],
    ['one byte more than a part', part + 1, 2],
    ['one byte less than two parts', 2 * part - 1, 2],
    ['exactly two parts', 2 * part, 2],
    ['one byte more than two parts', 2 * part + 1, 3],
  ])('of a file of %s is right', async (name, size, parts) => {
    const bytes = noise(size);
    const path = await folder.write('sized.bin', bytes);
    const key = `sizes/${size}`;
    const document = await uploaded([path, `s3://models/${key}`, '--part-size', '5MiB']);
    expect(document).toMatchObject({
      size,
      checksum: { algorithm: 'CRC32', value: crcOf(bytes) },
      parts: { total: parts, sent: parts, reused: 0 },
    });
    expect(bytes.equals(await s3.body(bucket, key))).toBe(true);
    const sizes = requests('UploadPart').map(({ bytesIn }) => bytesIn);
    expect(sizes.toSorted((a, b) => b - a)).toEqual(
      parts === 1 ? [] : Array.from({ length: parts }, (_, i) => Math.min(part, size - i * part)),
    );
    expect(requests('PutObject')).toHaveLength(parts === 1 ? 1 : 0);
    expect(document.etag).toMatch(parts === 1 ? /^"[0-9a-f]{32}"$/ : new RegExp(`^"[0-9a-f]{32}-${parts}"$`));
  });

  it('sends parts of 16 MiB by default', async () => {
    const path = await folder.write('default.bin', noise(16 * MiB + 1));
    const { parts } = await uploaded([path, 's3://models/default.bin']);
    expect(parts.total).toBe(2);
    const sizes = requests('UploadPart').map(({ bytesIn }) => bytesIn);
    expect(sizes.toSorted((a, b) => b - a)).toEqual([16 * MiB, 1]);
  });

  it('never sends a part that S3 would refuse in the end', async () => {
    const path = await folder.write('narrow.bin', noise(2 * part));
    const { code } = await upload([path, 's3://models/narrow.bin', '--part-size', '1MiB']);
    expect(code === 0 || code === 2).toBe(true);
    expect(requests('UploadPart').filter(({ bytesIn }) => bytesIn < part)).toEqual([]);
    expect(s3.uploads()).toEqual([]);
  });

  it.each([1, 3])('has %i parts under way at once with --jobs', async (jobs) => {
    const parts = { active: 0, most: 0 };
    s3.setFault(async ({ operation }) => {
      if (operation !== 'UploadPart') return undefined;
      parts.most = Math.max(parts.most, ++parts.active);
      // All that may be under way are there before one is answered, and there is time for one too many.
      for (let waited = 0; parts.most < jobs && waited < 5000; waited += 10) await delay(10);
      await delay(200);
      parts.active--;
      return undefined;
    });
    const path = await folder.write('parallel.bin', noise(4 * part));
    await uploaded([path, `s3://models/parallel-${jobs}`, '--part-size', '5MiB', '--jobs', String(jobs)]);
    expect(parts.most).toBe(jobs);
  });

  it('proves each part and the whole by a CRC32, signs no body and waits for no 100 Continue', async () => {
    await uploaded([bundle.path, 's3://models/proof.tar', '--part-size', '5MiB']);
    const bytes = await readFile(bundle.path);
    expect(s3.log.filter(({ headers }) => 'expect' in headers)).toEqual([]);
    expect(requests('CreateMultipartUpload')).toMatchObject([
      { headers: { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' } },
    ]);
    const parts = requests('UploadPart').toSorted((a, b) => partOf(a) - partOf(b));
    expect(parts).toMatchObject(
      [0, 1, 2].map((i) => ({
        headers: {
          'content-length': String(Math.min(part, bytes.length - i * part)),
          'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
          'x-amz-checksum-crc32': crcOf(bytes.subarray(i * part, (i + 1) * part)),
        },
      })),
    );
    expect(requests('CompleteMultipartUpload')).toMatchObject([
      {
        headers: {
          'x-amz-checksum-crc32': crcOf(bytes),
          'x-amz-checksum-type': 'FULL_OBJECT',
          'x-amz-mp-object-size': String(bytes.length),
        },
      },
    ]);
    expect(s3.log.at(-1)).toMatchObject({ operation: 'HeadObject', status: 200 });
  });

  it('proves a single put in the same way', async () => {
    await uploaded([small.path, 's3://models/put.tar']);
    expect(requests('PutObject')).toMatchObject([
      {
        headers: {
          'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
          'x-amz-checksum-crc32': crcOf(await readFile(small.path)),
        },
      },
    ]);
    expect(s3.log.filter(({ headers }) => 'expect' in headers)).toEqual([]);
    expect(s3.log.map(({ operation }) => operation)).toEqual(['HeadObject', 'PutObject', 'HeadObject']);
  });

  it('tells the version of a bucket that has versions', async () => {
    const version = { headers: { 'x-amz-version-id': '3sL4kqtJlcpXroDTDmJ' } };
    s3.setFault(({ operation }) => (operation === 'UploadPart' ? undefined : version));
    const document = await uploaded([small.path, 's3://models/versioned.tar']);
    expect(document.versionId).toBe('3sL4kqtJlcpXroDTDmJ');
  });
});

function partOf({ query }: { query: ReadonlyMap<string, string> }): number {
  return Number(query.get('partNumber'));
}

describe('the attributes of an object', () => {
  const asked = [
    ['--metadata', 'team=search', '--metadata', 'note=a=b c'],
    ['--tag', 'stage=prod', '--tag', 'cost center=a+b/c=d', '--tag', 'empty='],
    ['--storage-class', 'STANDARD_IA', '--sse', 'AES256'],
  ].flat();

  it.each([
    ['multipart upload', bundle],
    ['single put', small],
  ])('are set with a %s', async (kind, { path, id }) => {
    const key = `attributes/${kind}`;
    await uploaded([path, `s3://models/${key}`, '--part-size', '5MiB', ...asked]);
    expect(s3.object(bucket, key)).toMatchObject({
      metadata: {
        team: 'search',
        note: 'a=b c',
        'modelpack-id': id,
        'modelpack-format': 'modelpack/1',
      },
      tags: { stage: 'prod', 'cost center': 'a+b/c=d', empty: '' },
      storageClass: 'STANDARD_IA',
      sse: { algorithm: 'AES256' },
    });
    expect(requests('PutObjectTagging')).toEqual([]); // object and tags appear together
  });

  it.each([
    ['multipart upload', bundle],
    ['single put', small],
  ])('include a KMS key, under which an ETag is no MD5, with a %s', async (kind, { path }) => {
    const key = `kms/${kind}`;
    const kms = ['--sse', 'aws:kms', '--sse-kms-key-id', 'alias/models', '--part-size', '5MiB'];
    const { checksum } = await uploaded([path, `s3://models/${key}`, ...kms]);
    expect(s3.object(bucket, key)?.sse).toEqual({ algorithm: 'aws:kms', kmsKeyId: 'alias/models' });
    expect(checksum).toEqual({ algorithm: 'CRC32', value: crcOf(await readFile(path)) });
  });
});

describe('the address', () => {
  it.each([
    ['s3://models/ids/{id}.tar', () => `ids/${small.id}.tar`],
    ['s3://models/ids/{id}/', () => `ids/${small.id}/tiny.tar`],
    ['s3://models/prefix/', () => 'prefix/tiny.tar'],
    ['s3://models/', () => 'tiny.tar'],
    ['s3://models', () => 'tiny.tar'],
    ["s3://models/odd/a b+ü'(1)!*~?x=1&y#z%41.tar", () => "odd/a b+ü'(1)!*~?x=1&y#z%41.tar"],
    ['s3://models/odd//double', () => 'odd//double'],
  ])('%s leads to the key it says', async (address, key) => {
    const { location } = await uploaded([small.path, address, '--force']);
    expect(location).toBe(`s3://models/${key()}`);
    expect(s3.object(bucket, key())?.metadata['modelpack-id']).toBe(small.id);
    expect(requests('PutObject').map((entry) => entry.key)).toEqual([key()]);
  });

  it.each([
    'models/a.tar',
    's3:/models/a.tar',
    's3://',
    's3://mo dels/a.tar',
    's3://m/a.tar',
    `s3://models/${'k'.repeat(1025)}`,
    's3://models/line\nbreak',
  ])('%j is refused', async (address) => {
    const outcome = await upload([small.path, address, '--json']);
    expect(outcome.code).toBe(2);
    expect(outcome.json()).toEqual({
      error: {
        code: 'usage',
        message: expect.stringContaining('is no S3 address') as string,
        hint: 'it is written s3://bucket/key',
      },
    });
    expect(s3.log).toEqual([]);
  });

  it('has no {id} for a file that is no bundle', async () => {
    const path = await folder.write('plain.bin', 'plain');
    const { code, stderr } = await upload([path, 's3://models/{id}.bin']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^modelpack: only a bundle has an id for \{id\}\nhint: /);
    expect(s3.log).toEqual([]);
  });
});

describe('what is wrong on the command line', () => {
  it.each([
    ['a size without a number', ['--part-size', 'large']],
    ['no jobs', ['--jobs', '0']],
    ['a tag without a value', ['--tag', 'stage']],
    ['metadata without a name', ['--metadata', '=search']],
    ['metadata whose name is no header', ['--metadata', 'größe=1']],
    ['metadata whose value is no header', ['--metadata', 'colour=grün']],
    ['another encryption', ['--sse', 'rot13']],
    ['a KMS key without KMS', ['--sse-kms-key-id', 'alias/models']],
    ['an endpoint that is no web address', ['--endpoint-url', 'localhost:9000']],
    ['an option that does not exist', ['--clobber']],
  ])('%s is told before anything is sent', async (_, args) => {
    const { code, stdout, stderr } = await upload([small.path, 's3://models/usage.tar', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^modelpack: .+\n(hint: .+\n)?$/);
    expect(s3.log).toEqual([]);
  });

  it.each([
    ['a file that is not there', 4, () => folder.join('nothing.tar')],
    ['a folder', 2, () => folder.path],
  ])('%s has exit code %i', async (_, code, path) => {
    expect(await upload([path(), 's3://models/usage.tar'])).toMatchObject({ code, stdout: '' });
    expect(s3.log).toEqual([]);
  });
});

describe('the server', () => {
  it.each([
    ['AWS_ENDPOINT_URL', (here: string) => ({ AWS_ENDPOINT_URL: here })],
    ['MODELPACK_ENDPOINT_URL', (here: string) => ({ MODELPACK_ENDPOINT_URL: here })],
    [
      'AWS_ENDPOINT_URL_S3 before AWS_ENDPOINT_URL',
      (here: string) => ({ AWS_ENDPOINT_URL_S3: here, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }),
    ],
  ])('is found by %s', async (_, env) => {
    const args = ['upload', small.path, 's3://models/found.tar'];
    const { code } = await modelpack(args, { env: { ...credentials, ...env(s3.endpoint) } });
    expect(code).toBe(0);
    expect(s3.log.length).toBeGreaterThan(0);
  });

  it('is the one of --endpoint-url, whatever the environment says', async () => {
    const env = { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' };
    const args = [small.path, 's3://models/option.tar', '--force', '--endpoint-url', s3.endpoint];
    expect(await upload(args, { env })).toMatchObject({ code: 0 });
  });

  it('may be in another region than was asked for: that is bad configuration', async () => {
    await using far = await startS3({ keys: { test: secret }, buckets: [bucket], region: 'eu-central-1' });
    const args = [small.path, 's3://models/far.tar', '--endpoint-url', far.endpoint];
    expect(await upload([...args, '--region', 'eu-central-1'])).toMatchObject({ code: 0 });
    const { code, stderr } = await upload([...args, '--region', 'us-east-1', '--force']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^modelpack: .+\nhint: .*(--region|AWS_REGION)/);
  });

  it('is shown the credentials of a profile, and told its region', async () => {
    const [config, keys] = ['aws/config', 'aws/credentials'];
    await folder.write(config, '[profile ci]\nregion = us-east-1\n');
    await folder.write(keys, `[ci]\naws_access_key_id = test\naws_secret_access_key = ${secret}\n`);
    const env = { AWS_CONFIG_FILE: folder.join(config), AWS_SHARED_CREDENTIALS_FILE: folder.join(keys) };
    const args = ['upload', small.path, 's3://models/profile.tar', '--endpoint-url', s3.endpoint];
    expect(await modelpack([...args, '--profile', 'ci'], { env })).toMatchObject({ code: 0 });
    const other = await modelpack([...args, '--profile', 'none'], { env });
    expect(other.code).toBe(5);
    expect(other.stderr).toMatch(/^modelpack: .*\nhint: .*(--profile|list-profiles)/);
  });

  it.each([
    ['multipart upload', bundle],
    ['single put', small],
  ])('may forbid looking at objects: then its answer to a %s has to do', async (kind, { path }) => {
    s3.setFault(({ operation }) =>
      operation === 'HeadObject' ? { status: 403, code: 'AccessDenied' } : undefined,
    );
    const key = `unseen/${kind}`;
    const { checksum } = await uploaded([path, `s3://models/${key}`, '--part-size', '5MiB']);
    expect(checksum).toEqual({ algorithm: 'CRC32', value: crcOf(await readFile(path)) });
    expect(s3.object(bucket, key)?.metadata['modelpack-format']).toBe('modelpack/1');
  });
});

describe('a server that knows no checksums', () => {
  const features: S3Features = { checksums: false, mpuObjectSize: false };

  it('is believed by its ETags, which are MD5s', async () => {
    await using old = await startS3({ keys: { test: secret }, buckets: [bucket], features });
    for (const { path } of [bundle, small]) {
      const args = [path, 's3://models/old.tar', '--part-size', '5MiB', '--endpoint-url', old.endpoint];
      const { checksum } = await uploaded(args);
      expect(checksum).toEqual({ algorithm: 'ETAG-MD5', value: old.object(bucket, 'old.tar')?.etag });
      expect((await readFile(path)).equals(await old.body(bucket, 'old.tar'))).toBe(true);
    }
  });

  it('is believed by the size alone where ETags are no MD5s, and that is said', async () => {
    await using old = await startS3({ keys: { test: secret }, buckets: [bucket], features });
    for (const { path } of [bundle, small]) {
      const kms = ['--sse', 'aws:kms', '--part-size', '5MiB', '--endpoint-url', old.endpoint];
      const { checksum, size } = await uploaded([path, 's3://models/kms.tar', ...kms], { limit: 12 });
      expect(checksum).toEqual({ algorithm: 'SIZE', value: String(size) });
    }
    const args = [small.path, 's3://models/said', '--sse', 'aws:kms', '--endpoint-url', old.endpoint];
    expect((await upload(args)).stderr).toContain('only the size was compared');
  });
});
