import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { modelpack, type Outcome, type RunOptions } from '../helpers/run.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import { startS3, type FaultHook } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const bucket = 'models';
const secret = 'AS3cretOfThisTest';

const s3 = await startS3({ keys: { test: secret }, buckets: [bucket] });
const folder = await temporaryFolder();
/** A bundle of two parts, and one of a single part. */
const bundles = { multipart: '', single: '' };

beforeAll(async () => {
  for (const [name, size] of [
    ['multipart', 8 * MiB],
    ['single', 5000],
  ] as const) {
    await folder.write(`${name}/model.bin`, Buffer.alloc(size, name));
    bundles[name] = folder.join(`${name}.tar`);
    const { code, stderr } = await modelpack(['fetch', folder.join(name), '-o', bundles[name]]);
    if (code !== 0) throw new Error(stderr);
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

async function upload(file: string, key: string, args: string[] = [], options?: RunOptions) {
  const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: secret, AWS_ENDPOINT_URL_S3: s3.endpoint };
  const outcome = await modelpack(
    ['upload', file, `s3://models/${key}`, '--part-size', '5MiB', '--json', ...args],
    { env, ...options },
  );
  expect(outcome.stdout + outcome.stderr).not.toContain(secret);
  return outcome;
}

function document({ code, stderr, json }: Outcome) {
  expect(code, stderr).toBe(0);
  return json();
}

/** What a program that is not modelpack put there. */
async function putOther(key: string): Promise<Buffer> {
  const bytes = Buffer.from('somebody else was here\n');
  document(await upload(await folder.write('other.txt', bytes), key));
  s3.log.length = 0;
  return bytes;
}

/** The operations so far, each once. */
function operations(): string[] {
  return [...new Set(s3.log.map(({ operation }) => operation))];
}

const kinds = ['multipart', 'single'] as const;

describe.each(kinds)('uploading a bundle (%s) once more', (kind) => {
  it('sends nothing when it is there already', async () => {
    const key = `again/${kind}`;
    const first = document(await upload(bundles[kind], key));
    s3.log.length = 0;
    const second = document(await upload(bundles[kind], key));
    expect(operations()).toEqual(['HeadObject']);
    expect(Object.keys(second)).toEqual(Object.keys(first));
    expect(second).toEqual({
      ...first,
      parts: { total: 0, sent: 0, reused: 0 },
      skipped: true,
      seconds: expect.any(Number) as number,
    });
  });

  it('says the location and that nothing was sent', async () => {
    const args = ['upload', bundles[kind], `s3://models/again/${kind}`, '--endpoint-url', s3.endpoint];
    const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: secret };
    const { code, stdout, stderr } = await modelpack(args, { env });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `s3://models/again/${kind}\n` });
    expect(stderr).toContain('nothing was sent');
  });

  it('sends everything with --force', async () => {
    const key = `again/${kind}`;
    const second = document(await upload(bundles[kind], key, ['--force']));
    expect(second).toMatchObject({ skipped: false });
    expect(operations()).toContain(kind === 'single' ? 'PutObject' : 'CompleteMultipartUpload');
    expect(s3.uploads()).toEqual([]);
  });

  it('replaces another object', async () => {
    const key = `replaced/${kind}`;
    await putOther(key);
    expect(document(await upload(bundles[kind], key))).toMatchObject({ skipped: false });
    expect((await s3.body(bucket, key)).equals(await readFile(bundles[kind]))).toBe(true);
  });

  it('replaces another bundle', async () => {
    const key = `exchanged/${kind}`;
    const other = kinds.find((one) => one !== kind)!;
    document(await upload(bundles[other], key));
    expect(document(await upload(bundles[kind], key))).toMatchObject({ skipped: false });
    expect((await s3.body(bucket, key)).equals(await readFile(bundles[kind]))).toBe(true);
  });
});

it('sends a file that is no bundle once, known again by its sha256', async () => {
  const path = await folder.write('plain.bin', 'plain');
  document(await upload(path, 'plain'));
  expect(document(await upload(path, 'plain'))).toMatchObject({ skipped: true, parts: { sent: 0 } });
  await folder.write('plain.bin', 'other'); // of the same size
  expect(document(await upload(path, 'plain'))).toMatchObject({ skipped: false, parts: { sent: 1 } });
  expect(document(await upload(path, 'plain', ['--force']))).toMatchObject({ skipped: false });
});

it('sends nothing when it is there already, although the clock of this machine is wrong', async () => {
  const now = () => Date.now() + 20 * 60_000;
  await using ahead = await startS3({ keys: { test: secret }, buckets: [bucket], now });
  const args = ['--endpoint-url', ahead.endpoint];
  expect(document(await upload(bundles.single, 'skewed', args))).toMatchObject({ skipped: false });
  expect(document(await upload(bundles.single, 'skewed', args))).toMatchObject({ skipped: true });
});

it('does not believe an object that has the id of the bundle but another size', async () => {
  const { id } = document(await upload(bundles.single, 'liar'));
  const other = await folder.write('liar.bin', 'not the bundle');
  document(await upload(other, 'liar', ['--metadata', `modelpack-id=${String(id)}`]));
  expect(document(await upload(bundles.single, 'liar'))).toMatchObject({ skipped: false });
});

describe.each(kinds)('--no-clobber (%s)', (kind) => {
  it('uploads to a key that is free, under a condition', async () => {
    const key = `free/${kind}`;
    expect(document(await upload(bundles[kind], key, ['--no-clobber']))).toMatchObject({ skipped: false });
    const last = kind === 'single' ? 'PutObject' : 'CompleteMultipartUpload';
    const writes = s3.log.filter(({ operation }) => operation === last);
    expect(writes.map(({ headers }) => headers['if-none-match'])).toEqual(['*']);
  });

  it('fails at once when the key exists, even if it is the same bundle', async () => {
    const { code, stderr, json } = await upload(bundles[kind], `free/${kind}`, ['--no-clobber']);
    expect(code).toBe(3);
    const message = `s3://models/free/${kind} exists`;
    const hint = 'leave out --no-clobber to replace it';
    expect(stderr).toBe(`modelpack: ${message}\nhint: ${hint}\n`);
    expect(json()).toEqual({ error: { code: 'check', message, hint } });
    expect(operations()).toEqual(['HeadObject']);
  });

  it('fails when another object appears meanwhile, which stays as it is', async () => {
    const key = `race/${kind}`;
    const last = kind === 'single' ? 'PutObject' : 'CompleteMultipartUpload';
    let other: Buffer | undefined;
    const whenFree: FaultHook = async ({ operation, headers }) => {
      if (operation !== last || headers['if-none-match'] === undefined) return undefined;
      s3.setFault(undefined);
      other = await putOther(key);
      return undefined;
    };
    s3.setFault(whenFree);
    const { code, stderr } = await upload(bundles[kind], key, ['--no-clobber']);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining(`modelpack: s3://models/${key} exists\n`) as string,
    });
    expect(await s3.body(bucket, key)).toEqual(other);
    expect(s3.uploads()).toEqual([]);
  });

  it('takes its own object for its own when the answer is lost', async () => {
    const key = `lost/${kind}`;
    const last = kind === 'single' ? 'PutObject' : 'CompleteMultipartUpload';
    s3.setFault(({ operation }) => {
      if (operation !== last) return undefined;
      s3.setFault(undefined);
      return { loseResponse: true };
    });
    expect(document(await upload(bundles[kind], key, ['--no-clobber']))).toMatchObject({ skipped: false });
    expect((await s3.body(bucket, key)).equals(await readFile(bundles[kind]))).toBe(true);
    expect(s3.log.filter(({ operation }) => operation === last)).toHaveLength(2);
  });

  // What S3 answers when two conditional writes meet: the object may or may not be there when both are over.
  it('tries again after 409 ConditionalRequestConflict', async () => {
    const key = `conflict/${kind}`;
    const last = kind === 'single' ? 'PutObject' : 'CompleteMultipartUpload';
    s3.setFault(({ operation }) => {
      if (operation !== last) return undefined;
      s3.setFault(undefined);
      return { status: 409, code: 'ConditionalRequestConflict' };
    });
    expect(document(await upload(bundles[kind], key, ['--no-clobber']))).toMatchObject({ skipped: false });
    expect((await s3.body(bucket, key)).equals(await readFile(bundles[kind]))).toBe(true);
    expect(s3.uploads()).toEqual([]);
  });
});

it('fails when another upload replaced the object before it could be compared', async () => {
  let written = false;
  s3.setFault(async ({ operation }) => {
    if (operation === 'PutObject') written = true;
    if (operation !== 'HeadObject' || !written) return undefined;
    s3.setFault(undefined);
    await putOther('overtaken');
    return undefined;
  });
  const { code, stderr } = await upload(bundles.single, 'overtaken');
  expect(code).toBe(7);
  expect(stderr).toContain('s3://models/overtaken is not what was sent');
});
