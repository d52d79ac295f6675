import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { InspectResult } from '../../src/verbs/inspect.ts';
import type { UnpackResult } from '../../src/verbs/unpack.ts';
import { modelpack, type Outcome } from '../helpers/run.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import { treeOf } from '../helpers/tree.ts';
import { startHub } from '../servers/hub/hub.ts';
import { big } from '../servers/hub/models.ts';
import { startS3 } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const address = 's3://models/big.tar';
const head = `bytes=0-${MiB - 1}`;
const weights = ['model-00001-of-00003', 'model-00002-of-00003', 'model-00003-of-00003'].map(
  (name) => `acme/big/${name}.safetensors`,
);
const hub = await startHub({ repos: [big({ size: 42 * MiB, files: 3 })] });
const s3 = await startS3({ buckets: ['models'] });
const folder = await temporaryFolder();
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await s3.close();
  await hub.close();
});

const env = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'testsecret',
  AWS_ENDPOINT_URL_S3: s3.endpoint,
};
const out = folder.join('out');
const run = (...args: string[]) => modelpack(args, { hub, env, cwd: folder.path });
const unpack = (...args: string[]) => run('unpack', address, 'out', '--json', ...args);

function document({ code, stderr, json }: Outcome): UnpackResult {
  expect(code, stderr).toBe(0);
  return json<UnpackResult>();
}

/** Where each file is in the bundle, `end` exclusive, by its path in the tar. */
let places: Map<string, { start: number; end: number }>;

beforeAll(async () => {
  await run('fetch', 'acme/big', '-o', address);
  const { models } = (await run('inspect', address, '--json')).json<InspectResult>();
  places = new Map(
    models.flatMap(({ name, files }) =>
      files.map(({ path, offset, size }) => [`${name}/${path}`, { start: offset, end: offset + size }]),
    ),
  );
});

beforeEach(() => {
  s3.setFault(undefined);
  s3.log.length = 0;
});

afterEach(() => rm(out, { recursive: true, force: true }));

/** The ranges of all requests but the first, in the order of the bytes. */
function rangesRead() {
  const [first, ...rest] = s3.log.map(({ operation, range }) => [operation, range]);
  expect(first).toEqual(['GetObject', head]);
  return rest
    .map(([operation, range]) => {
      expect(operation).toBe('GetObject');
      const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
      return { start: Number(start), end: Number(last) + 1 };
    })
    .toSorted((a, b) => a.start - b.start);
}

async function expectBytes(paths: readonly string[]): Promise<void> {
  const object = await s3.body('models', 'big.tar');
  expect(Object.keys(await treeOf(out)).toSorted()).toEqual([...paths].toSorted());
  for (const path of paths) {
    const { start, end } = places.get(path)!;
    expect((await readFile(join(out, path))).equals(object.subarray(start, end)), path).toBe(true);
  }
}

describe('unpack from S3', () => {
  it('reads the object once, in ranges of one version', async () => {
    expect(document(await unpack())).toMatchObject({ location: 'out', files: 5 });
    await expectBytes([...places.keys()]);
    const ranges = rangesRead();
    const size = s3.object('models', 'big.tar')!.size;
    expect(ranges.map(({ start }) => start)).toEqual([0, ...ranges.slice(0, -1).map(({ end }) => end)]);
    expect(ranges.at(-1)!.end).toBe(size);
    const [, ...rest] = s3.log;
    expect(new Set(rest.map(({ headers }) => headers['if-match']))).toEqual(
      new Set([`"${s3.object('models', 'big.tar')?.etag}"`]),
    );
  });

  it('has several ranges of one large file under way at once', async () => {
    let arrived = 0;
    let release = () => {};
    const both = new Promise<void>((resolve) => (release = resolve));
    s3.setFault(async ({ range }) => {
      if (range === head) return undefined;
      if (++arrived === 2) release();
      await both;
      return undefined;
    });
    expect(document(await unpack('--only', weights[0]!, '--jobs', '2'))).toMatchObject({ files: 1 });
    await expectBytes([weights[0]!]);
  });

  it('asks for the first MiB alone when all that is wanted stands there', async () => {
    expect(document(await unpack('--only', '*.json', '--only', '*.md'))).toMatchObject({ files: 2 });
    await expectBytes(['acme/big/config.json', 'acme/big/README.md']);
    expect(rangesRead()).toEqual([]);
  });

  it('asks for nothing of a file that is not wanted', async () => {
    const [first, , third] = weights;
    document(await unpack('--only', first!, '--only', third!));
    await expectBytes([first!, third!]);
    const wanted = [places.get(first!)!, places.get(third!)!];
    const frame = 1536; // a header and padding
    for (const { start, end } of rangesRead()) {
      expect(wanted.some((place) => start >= place.start - frame && end <= place.end + frame)).toBe(true);
    }
    const bytes = rangesRead().reduce((sum, { start, end }) => sum + end - start, 0);
    const asked = wanted.reduce((sum, place) => sum + place.end - place.start, 0);
    expect(bytes - asked).toBeLessThanOrEqual(2 * frame);
  });

  it('asks for what is missing when some of it is there, and then only for the index', async () => {
    document(await unpack('--only', weights[1]!));
    s3.log.length = 0;
    const { transfer, size } = document(await unpack());
    const { start, end } = places.get(weights[1]!)!;
    expect(transfer).toMatchObject({ reused: end - start, written: size - (end - start) });
    expect(rangesRead().filter((range) => range.start < end && range.end > start)).toEqual([]);
    await expectBytes([...places.keys()]);
    s3.log.length = 0;
    expect(document(await unpack()).transfer).toMatchObject({ written: 0, reused: size });
    expect(rangesRead()).toEqual([]);
  });

  it.each([
    ['a cut answer', { cutResponseAfter: 300_000 }],
    ['a reset', { reset: true }],
    ['a server in trouble', { status: 503, code: 'SlowDown' }],
  ] as const)('gets over %s', async (_, fault) => {
    let left = 3;
    s3.setFault(({ range }) => (range !== head && left-- > 0 ? fault : undefined));
    expect(document(await unpack())).toMatchObject({ files: 5 });
    await expectBytes([...places.keys()]);
  });

  it('never leaves a file that arrived damaged: exit code 7', async () => {
    const { start, end } = places.get(weights[1]!)!;
    s3.setFault(({ range }) => {
      const from = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1]);
      return from > start && from < end - 8 * MiB ? { corruptBody: true } : undefined;
    });
    const outcome = await unpack('--jobs', '1'); // what comes before is finished then
    expect(outcome).toMatchObject({ code: 7, stderr: expect.stringContaining('has sha256') });
    const left = Object.keys(await treeOf(out));
    expect(left).toContain('acme/big/config.json');
    expect(left).not.toContain(weights[1]);
    expect(left.filter((path) => !places.has(path))).toEqual([]);
    s3.setFault(undefined);
    document(await unpack());
    await expectBytes([...places.keys()]);
  });

  it.each([
    ['s3://models/nothing.tar', 4, 'there is no s3://models/nothing.tar'],
    ['s3://nowhere/x.tar', 4, 'there is no bucket nowhere'],
  ])('misses %s', async (missing, code, message) => {
    const outcome = await run('unpack', missing, 'out');
    expect(outcome).toMatchObject({ code, stderr: expect.stringContaining(message) });
    expect(await folder.list()).toEqual([]);
  });

  it('never mixes two versions of an object', async () => {
    let replaced = false;
    s3.setFault(async ({ operation, range }) => {
      if (replaced || operation !== 'GetObject' || range === head) return undefined;
      replaced = true;
      await run('upload', '/bin/true', address);
      return undefined;
    });
    const outcome = await unpack();
    expect(outcome).toMatchObject({ code: 7 });
    expect(outcome.stderr).toContain('was replaced while it was read');
  });
});
