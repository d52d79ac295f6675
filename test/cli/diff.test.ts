import { readFile, writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { decodeLock } from '../../src/lock/decode.ts';
import { encodeLock } from '../../src/lock/encode.ts';
import type { LockedBundle } from '../../src/lock/lock.ts';
import type { DiffResult } from '../../src/verbs/diff.ts';
import { openBench, type Bench } from '../helpers/bench.ts';
import { writeBundle, writeSparseBundle } from '../helpers/made-bundle.ts';
import type { Outcome } from '../helpers/run.ts';
import { startS3, type S3Server } from '../servers/s3/server.ts';

const MB = 1024 * 1024;
const small = (path: string, text: string) => ({ path, storage: 'git' as const, content: Buffer.from(text) });
const weights = (seed: number) => ({
  path: 'model.onnx',
  storage: 'lfs' as const,
  content: { size: 5000, seed },
});

let bench: Bench;
let s3: S3Server;

beforeAll(async () => {
  s3 = await startS3({ keys: { test: 'testsecret' }, buckets: ['models'] });
  bench = await openBench({
    repos: [
      {
        id: 'acme/bert',
        revisions: {
          'refs/tags/v1': [small('config.json', '{"v":1}'), small('vocab.txt', 'a b'), weights(1)],
          main: [small('config.json', '{"v":2}'), small('vocab.txt', 'a b c'), weights(1)],
        },
      },
    ],
  });
  const files = { 'config.json': '{}', 'old/weights.bin': 'w'.repeat(900), 'gone.txt': 'gone' };
  await writeBundle(bench.folder.join('one.tar'), [
    { name: 'm', source: 'hf:acme/m', revision: 'a'.repeat(40), files },
  ]);
  await writeBundle(bench.folder.join('two.tar'), [
    {
      name: 'm',
      source: 'hf:acme/m',
      revision: 'b'.repeat(40),
      files: { 'config.json': '{ }', 'new/weights.bin': 'w'.repeat(900), 'added.txt': 'added' },
    },
  ]);
  await writeSparseBundle(bench.folder.join('huge.tar'), 600 * MB);
});

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await s3.close();
});

const run = (...args: readonly string[]): Promise<Outcome> => bench.run(['diff', ...args]);

async function differences(...args: readonly string[]): Promise<DiffResult> {
  const { code, stderr, json } = await run(...args, '--json');
  expect([code, stderr.includes('modelpack:')]).toEqual([0, false]);
  return json<DiffResult>();
}

const fileRows = ({ bundles }: DiffResult) =>
  bundles.flatMap(({ files }) =>
    files.map(({ change, path, from }) => [change, path, ...(from === null ? [] : [from])]),
  );

describe('a diff of two bundles', () => {
  test('says what became of each file and model, and of the budgets', async () => {
    const result = await differences('one.tar', 'two.tar');
    expect(Object.keys(result)).toEqual(['schema', 'same', 'before', 'after', 'bundles']);
    expect(result).toMatchObject({
      schema: 'modelpack.diff/1',
      same: false,
      before: { target: 'one.tar', kind: 'bundle' },
      after: { target: 'two.tar', kind: 'bundle' },
    });
    expect(fileRows(result)).toEqual([
      ['added', 'm/added.txt'],
      ['changed', 'm/config.json'],
      ['removed', 'm/gone.txt'],
      ['moved', 'm/new/weights.bin', 'm/old/weights.bin'],
    ]);
    const [only] = result.bundles;
    expect(only).toMatchObject({
      bundle: null,
      before: { size: 906, files: 3 },
      after: { size: 908, files: 3 },
      counts: { added: 1, removed: 1, changed: 1, moved: 1, unknown: 0 },
      models: [{ name: 'm', change: 'changed', from: null, before: { revision: 'a'.repeat(40) } }],
    });
    expect(only!.budgets.map(({ name }) => name)).toEqual([
      'tmp',
      'tmp-naive',
      'tmp-max',
      'snapstart',
      'memory',
      'package',
      'image',
    ]);
    expect(only!.budgets[5]).toEqual({
      name: 'package',
      limit: 250 * MB,
      before: 906,
      after: 908,
      fits: true,
    });
  });

  test('reads nothing but their indexes, in S3 too', async () => {
    const env = {
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'testsecret',
      AWS_REGION: 'us-east-1',
    };
    await bench.run(['upload', 'one.tar', 's3://models/one.tar'], { env });
    s3.log.length = 0;
    const outcome = await bench.run(['diff', 's3://models/one.tar', 'huge.tar', '--json'], { env });
    expect(outcome.json<DiffResult>().same).toBe(false);
    expect(s3.log.map(({ operation }) => operation)).toEqual(['GetObject']);
  });

  test('ends with 0 whatever differs, and with 3 on demand', async () => {
    expect((await run('one.tar', 'two.tar')).code).toBe(0);
    expect((await run('one.tar', 'two.tar', '--exit-code')).code).toBe(3);
    const same = await run('one.tar', 'one.tar', '--exit-code');
    expect([same.code, same.stdout]).toEqual([0, 'one.tar → one.tar\nthe same, 906 B\n']);
  });

  test('says it as text', async () => {
    const { stdout } = await run('one.tar', 'two.tar');
    expect(stdout).toBe(
      [
        'one.tar → two.tar',
        '1 added, 1 removed, 1 changed, 1 moved; 906 B → 908 B, +2 B',
        '  m: aaaaaaa → bbbbbbb',
        '+ m/added.txt              5 B  +5 B',
        '~ m/config.json      2 B → 3 B  +1 B',
        '- m/gone.txt               4 B  -4 B',
        '> m/new/weights.bin      900 B  from m/old/weights.bin',
        'budget              before   after   limit',
        '✓ /tmp, unpacked     12 KB   12 KB  512 MB  512 MB to spare',
        '✓ SnapStart          12 KB   12 KB  512 MB  512 MB to spare',
        '✓ memory, streamed  512 MB  512 MB   10 GB  9.5 GB to spare',
        '',
      ].join('\n'),
    );
  });

  test('says nothing of bytes where a file without any came or went', async () => {
    const write = (tar: string, files: Readonly<Record<string, string>>) =>
      writeBundle(bench.folder.join(tar), [{ name: 'm', source: 'hf:acme/m', files }]);
    await write('before.tar', { 'a.txt': 'a', 'old/__init__.py': '' });
    await write('after.tar', { 'a.txt': 'a', 'new/__init__.py': '' });
    const { stdout } = await run('before.tar', 'after.tar');
    expect(stdout).toMatch(/^\+ m\/new\/__init__\.py +0 B +±0$/m);
    expect(stdout).toMatch(/^- m\/old\/__init__\.py +0 B +±0$/m);
  });

  test('says it as Markdown, and what does not fit any more', async () => {
    const { stdout } = await run('one.tar', 'huge.tar', '--format', 'markdown');
    expect(stdout).toContain(
      '### Models: 1 added, 3 removed; 906 B → 600 MB, +600 MB ❌ does not fit any more\n',
    );
    expect(stdout).toContain('| ❌ | /tmp, unpacked | 12 KB | 600 MB | 512 MB | **over now by 88 MB** |');
    expect(stdout).toContain('| `+` | `acme/huge/model.safetensors` |  | 600 MB | +600 MB |');
    const fits = await run('one.tar', 'huge.tar', '--tmp', '1GB', '--format', 'markdown');
    expect(fits.stdout).toContain('| ✅ | /tmp, unpacked | 12 KB | 600 MB | 1 GB | 424 MB to spare |');
  });

  test('is not led astray by what files are called', async () => {
    const name = '`|<img src=x>\u202e[a](b)';
    const files = { [name]: 'x' };
    await writeBundle(bench.folder.join('odd.tar'), [{ name: 'm', source: 'hf:acme/m', files }]);
    const { stdout } = await run('one.tar', 'odd.tar', '--format', 'markdown');
    expect(stdout).toContain(
      String.raw`| ${'`'}+${'`'} | ${'``'} m/${'`'}\|<img src=x>\u{202e}[a](b) ${'``'} |`,
    );
    expect(stdout).not.toContain('\u202e');
  });
});

describe('a diff of sources', () => {
  test('compares by the hashes of the Hub, and downloads nothing', async () => {
    bench.hub.log.length = 0;
    const result = await differences('acme/bert@v1', 'acme/bert@main');
    expect(fileRows(result)).toEqual([
      ['changed', 'acme/bert/config.json'],
      ['changed', 'acme/bert/vocab.txt'],
    ]);
    expect(new Set(bench.hub.log.map(({ kind }) => kind))).toEqual(new Set(['tree', 'info']));
  });

  test('does not guess where a bundle and the Hub know other hashes', async () => {
    await bench.run(['fetch', 'acme/bert@v1', '-o', 'bert.tar']);
    expect((await differences('bert.tar', 'acme/bert@v1')).same).toBe(true);
    expect(fileRows(await differences('bert.tar', 'acme/bert@main'))).toEqual([
      ['unknown', 'acme/bert/config.json'], // as long as before
      ['changed', 'acme/bert/vocab.txt'],
    ]);
    expect(fileRows(await differences('bert.tar', 'acme/bert@main', '--checksum'))[0]).toEqual([
      'changed',
      'acme/bert/config.json',
    ]);
  });

  test('takes folders, whatever they are called', async () => {
    await bench.folder.write('a/one.bin', 'one');
    await bench.folder.write('b/two.bin', 'one');
    expect(fileRows(await differences('./a', './b', '-c'))).toEqual([['moved', 'b/two.bin', 'a/one.bin']]);
  });
});

describe('a diff of locks', () => {
  async function lock(file: string, bundles: readonly LockedBundle[]): Promise<void> {
    await writeFile(bench.folder.join(file), encodeLock({ version: 1, bundles }));
  }

  async function locked(name: string, tar: string): Promise<LockedBundle> {
    const { id, size, models } = (await bench.run(['inspect', tar, '--json'])).json<LockedBundle>();
    return {
      name,
      id,
      size,
      models: models.map((model) => ({ ...model, asked: model.source, selection: {} })),
    };
  }

  beforeAll(async () => {
    const [one, two, huge] = await Promise.all([
      locked('chat', 'one.tar'),
      locked('chat', 'two.tar'),
      locked('vision', 'huge.tar'),
    ]);
    await lock('before.lock', [one, huge]);
    await lock('after.lock', [two]);
    await decodeLock(await readFile(bench.folder.join('before.lock'), 'utf8'), 'before.lock');
  });

  test('compares bundles by their names', async () => {
    const { bundles } = await differences('before.lock', 'after.lock');
    expect(bundles.map(({ bundle, before, after }) => [bundle, before?.files, after?.files])).toEqual([
      ['chat', 3, 3],
      ['vision', 1, undefined],
    ]);
    const { stdout } = await run('before.lock', 'after.lock', '--format', 'markdown');
    expect(stdout).toContain('### Models: 2 of 2 bundles differ\n');
    expect(stdout).toContain('#### `vision`: removed; 1 removed; 600 MB → 0 B, -600 MB\n');
  });

  test('compares one of its bundles with anything', async () => {
    expect((await differences('before.lock#chat', 'one.tar')).same).toBe(true);
    expect((await differences('two.tar', 'after.lock')).same).toBe(true);
    expect((await differences('before.lock#vision', 'after.lock#chat')).bundles).toHaveLength(1);
  });

  test.each([
    [
      ['before.lock', 'one.tar'],
      2,
      'before.lock has 2 bundles: which of them?\nhint: before.lock#chat, before.lock#vision',
    ],
    [['before.lock#none', 'one.tar'], 2, 'before.lock has no bundle none\nhint: it has chat, vision'],
    [['broken.lock', 'one.tar'], 3, 'broken.lock:6:15: size must be >= 0'],
    [['none.lock', 'one.tar'], 4, ''],
    [['text.txt', 'one.tar'], 2, 'text.txt is no bundle, no lock and no report'],
    [['one.tar'], 2, 'missing required argument'],
  ] as const)('refuses %j', async (args, code, message) => {
    const text = await readFile(bench.folder.join('after.lock'), 'utf8');
    await bench.folder.write('broken.lock', text.replace(/"size": \d+/, '"size": -1'));
    await bench.folder.write('text.txt', 'text');
    const outcome = await run(...args);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain(message);
    expect(outcome.stdout).toBe('');
  });
});
