import { readdir, readFile } from 'node:fs/promises';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { modelpack, type Outcome, type RunOptions } from '../helpers/run.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import { startHub } from '../servers/hub/hub.ts';
import { big, tinyBert } from '../servers/hub/models.ts';
import { startS3 } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const bucket = 'models';
const secret = 'AS3cretOfThisTest';
/** One of a single part, one of three. */
const models = ['acme/tiny-bert', 'acme/big'] as const;

const hub = await startHub({ repos: [tinyBert(), big({ size: 12 * MiB })] });
const s3 = await startS3({ keys: { test: secret }, buckets: [bucket] });
afterAll(async () => {
  await s3.close();
  await hub.close();
});

beforeEach(() => {
  s3.setFault(undefined);
  s3.log.length = 0;
  hub.clearFaults();
  hub.log.length = 0;
});

const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: secret, AWS_ENDPOINT_URL_S3: s3.endpoint };

async function fetchTo(
  output: string,
  sources: readonly string[],
  args: string[] = [],
  options: RunOptions = {},
) {
  const all = ['fetch', ...sources, '-o', output, '--part-size', '5MiB', '--json', ...args];
  const outcome = await modelpack(all, { hub, env, ...options });
  expect(outcome.stdout + outcome.stderr).not.toContain(secret);
  expect(s3.uploads()).toEqual([]); // whatever happened, nothing unfinished is left
  return outcome;
}

interface Fetched {
  readonly location: string;
  readonly id: string;
  readonly size: number;
  readonly sha256: string | null;
  readonly transfer: { readonly downloaded: number; readonly reused: number };
  readonly skipped: boolean;
}

function document({ code, stderr, json }: Outcome): Fetched {
  expect(code, stderr).toBe(0);
  return json<Fetched>();
}

/** The weights, once they are asked for in ranges. */
const weights = { file: 'model.safetensors', method: 'GET', origin: 'cdn' } as const;

describe.each(models)('fetch %s -o s3://…', (model) => {
  it('makes the very bundle that it makes on disk', async () => {
    await using folder = await temporaryFolder();
    const onDisk = document(await fetchTo(folder.join('models.tar'), [model]));
    const inS3 = document(await fetchTo(`s3://models/${model}.tar`, [model]));
    expect(Object.keys(inS3)).toEqual(Object.keys(onDisk));
    expect(inS3).toMatchObject({
      location: `s3://models/${model}.tar`,
      id: onDisk.id,
      size: onDisk.size,
      skipped: false,
    });
    expect([null, onDisk.sha256]).toContain(inS3.sha256);
    const bytes = await readFile(folder.join('models.tar'));
    expect(bytes.equals(await s3.body(bucket, `${model}.tar`))).toBe(true);
    expect(s3.object(bucket, `${model}.tar`)?.metadata).toEqual({
      'modelpack-id': onDisk.id,
      'modelpack-format': 'modelpack/1',
      'modelpack-request': expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('transfers nothing when the bundle is there already, small files included', async () => {
    const { skipped, transfer, size } = document(await fetchTo(`s3://models/${model}.tar`, [model]));
    expect(skipped).toBe(true);
    expect(hub.log.filter(({ origin }) => origin === 'cdn')).toEqual([]);
    expect(s3.log.filter(({ method }) => method !== 'HEAD' && method !== 'GET')).toEqual([]);
    expect(transfer).toMatchObject({ downloaded: 0, reused: size });
  });

  it('writes nothing to any disk', async () => {
    await using folder = await temporaryFolder();
    await folder.write('home/.keep', '');
    await folder.write('tmp/.keep', '');
    await folder.write('work/.keep', '');
    const places = { HOME: folder.join('home'), TMPDIR: folder.join('tmp') };
    const more = { ...env, ...places, HF_HOME: folder.join('home/hf') };
    const cwd = folder.join('work');
    document(await fetchTo(`s3://models/diskless/${model}`, [model], [], { cwd, env: more }));
    const left = await readdir(folder.path, { recursive: true });
    expect(left.filter((name) => !/^(home|tmp|work)(\/\.keep)?$/.test(name))).toEqual([]);
  });

  it('never makes an object of a corrupt download', async () => {
    hub.fault({ file: 'model.safetensors', action: { kind: 'flip', at: 1_500_000 } });
    const key = `corrupt/${model}`;
    const { code, stderr } = await fetchTo(`s3://models/${key}`, [model]);
    expect(code).toBe(7);
    expect(stderr).toMatch(/^modelpack: .*model\.safetensors has sha256 [0-9a-f]{64}, expected /m);
    expect(s3.object(bucket, key)).toBeUndefined();
  });

  it('leaves the former object alone when a download is corrupt', async () => {
    const before = s3.object(bucket, `${model}.tar`);
    hub.fault({ file: 'model.safetensors', action: { kind: 'flip', at: 1_500_000 } });
    expect(await fetchTo(`s3://models/${model}.tar`, [model], ['--force'])).toMatchObject({ code: 7 });
    expect(before).toBeDefined();
    expect(s3.object(bucket, `${model}.tar`)).toEqual(before);
  });

  it.each([
    [
      'a range of the Hub is reset in the middle',
      () => hub.fault({ ...weights, nth: 1, action: { kind: 'reset', after: 700_000 } }),
    ],
    ['a request to S3 is reset', () => s3.setFault(resetOnce())],
  ])('survives that %s', async (what, spoil) => {
    spoil();
    const key = `survived/${what}/${model}`;
    document(await fetchTo(`s3://models/${key}`, [model]));
    const whole = await s3.body(bucket, `${model}.tar`);
    expect(whole.equals(await s3.body(bucket, key))).toBe(true);
  });

  it('leaves nothing after Ctrl-C', async () => {
    const key = `stopped/${model}`;
    const { code } = await fetchTo(`s3://models/${key}`, [model], [], {
      onStart: (running) => {
        hub.fault({ ...weights, first: 1, action: { kind: 'delay', ms: 400 } });
        hub.fault({ ...weights, first: 1, action: { kind: 'run', run: () => running.kill('SIGINT') } });
      },
    });
    expect(code).toBe(130);
    expect(s3.object(bucket, key)).toBeUndefined();
  });
});

describe('a bundle in S3', () => {
  const [model] = models;

  it('downloads everything once and reuses nothing that is not there', async () => {
    const { transfer, size } = document(await fetchTo(`s3://models/counted/${model}`, [model]));
    expect(transfer.reused).toBe(0);
    expect(transfer.downloaded).toBeGreaterThan(size * 0.9);
    expect(transfer.downloaded).toBeLessThanOrEqual(size);
  });

  it('writes it again with --force', async () => {
    expect(document(await fetchTo(`s3://models/${model}.tar`, [model], ['--force']))).toMatchObject({
      skipped: false,
    });
  });

  it('is known to upload, which sends nothing then', async () => {
    await using folder = await temporaryFolder();
    document(await fetchTo(folder.join('models.tar'), [model]));
    const args = ['upload', folder.join('models.tar'), `s3://models/${model}.tar`, '--json'];
    expect((await modelpack(args, { env })).json()).toMatchObject({ skipped: true });
  });

  it('keeps to --no-clobber', async () => {
    const { code, stderr } = await fetchTo(`s3://models/${model}.tar`, [model], ['--no-clobber']);
    expect(code).toBe(3);
    expect(stderr).toContain(`modelpack: s3://models/${model}.tar exists\n`);
    expect(hub.log.filter(({ origin }) => origin === 'cdn')).toEqual([]);
  });
});

function resetOnce() {
  let done = false;
  return ({ method }: { method: string }) => {
    if (done || method !== 'PUT') return undefined;
    done = true;
    return { reset: true } as const;
  };
}

describe('where it goes', () => {
  it.each([
    ['s3://models/ids/{id}.tar', (id: string) => `ids/${id}.tar`],
    ['s3://models/prefix/', () => 'prefix/models.tar'],
    ['s3://models/ids/{id}/', (id: string) => `ids/${id}/models.tar`],
  ])('%s is completed, and told as it is in the end', async (output, key) => {
    const { id, location } = document(await fetchTo(output, [models[0]]));
    expect(s3.object(bucket, key(id))?.metadata['modelpack-id']).toBe(id);
    expect(location).toBe(`s3://models/${key(id)}`);
    const args = ['fetch', models[0], '-o', output];
    expect((await modelpack(args, { hub, env })).stdout).toBe(`s3://models/${key(id)}\n`);
  });

  it('holds two models in one bundle, with the attributes that are asked for', async () => {
    const asked = ['--tag', 'stage=prod', '--metadata', 'team=search', '--storage-class', 'STANDARD_IA'];
    const { id } = document(await fetchTo('s3://models/two.tar', models, [...asked, '--sse', 'AES256']));
    expect(s3.object(bucket, 'two.tar')).toMatchObject({
      metadata: { team: 'search', 'modelpack-id': id },
      tags: { stage: 'prod' },
      storageClass: 'STANDARD_IA',
      sse: { algorithm: 'AES256' },
    });
  });

  it('is neither asked nor written to by --dry-run', async () => {
    document(await fetchTo('s3://models/dry.tar', [models[0]], ['--dry-run']));
    expect(s3.object(bucket, 'dry.tar')).toBeUndefined();
    expect(s3.log.filter(({ method }) => method !== 'HEAD')).toEqual([]);
  });

  it.each([
    ['a bad address', 's3://m/x', {}, 2],
    ['no such bucket', 's3://nowhere/x', {}, 4],
    ['a wrong secret', 's3://models/refused', { AWS_SECRET_ACCESS_KEY: 'AnotherSecret' }, 5],
  ])('of %s has its exit code, before any weights are downloaded', async (_, output, more, expected) => {
    const { code, stderr } = await fetchTo(output, [models[1]], [], { env: { ...env, ...more } });
    expect(code).toBe(expected);
    expect(stderr).toMatch(/^hint: /m);
    expect(s3.object(bucket, 'refused')).toBeUndefined();
    expect(hub.log.filter(({ file, range }) => file === 'model.safetensors' && range !== undefined)).toEqual(
      [],
    );
  });
});
