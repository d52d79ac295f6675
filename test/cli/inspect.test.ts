import { appendFile, readFile, truncate } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import type { FetchResult } from '../../src/verbs/fetch.ts';
import type { InspectResult, VerifyResult } from '../../src/verbs/inspect.ts';
import { openBench, type Bench } from '../helpers/bench.ts';
import { flipBit, foreignTar, membersOf, sha256Of } from '../helpers/bundle.ts';
import type { Repo } from '../servers/hub/hub.ts';
import { generatedSafetensors } from '../servers/hub/models/safetensors.ts';

const id = 'acme/model';
const repo: Repo = {
  id,
  revisions: {
    main: [
      { path: 'config.json', storage: 'git', content: Buffer.from('{"model_type":"bert"}') },
      { path: 'empty.txt', storage: 'git', content: Buffer.alloc(0) },
      { path: 'model.safetensors', storage: 'xet', content: generatedSafetensors(100_001, 1) },
    ],
  },
  cardData: { license: 'mit' },
};

/** A bench with models.tar in its folder, and no hub any more. */
async function openBundle(): Promise<Bench & { readonly fetched: FetchResult }> {
  const bench = await openBench({ repos: [repo] });
  const run = await bench.run(['fetch', id, '-o', 'models.tar', '--json']);
  await bench.hub.close();
  return { ...bench, fetched: run.json<FetchResult>() };
}

describe.concurrent('inspect', () => {
  test('--json is the index, with the id and the number of files', async () => {
    await using bench = await openBundle();
    const result = (await bench.run(['inspect', 'models.tar', '--json'])).json<InspectResult>();
    expect(Object.keys(result)).toEqual(['schema', 'location', 'id', 'format', 'size', 'files', 'models']);
    const members = await membersOf(bench.folder.join('models.tar'));
    const { format, size, models } = JSON.parse(members.get('modelpack.json')!.toString()) as InspectResult;
    expect(result).toEqual({
      schema: 'modelpack.inspect/1',
      location: 'models.tar',
      id: bench.fetched.id,
      format,
      size,
      files: 3,
      models,
    });
    expect(result.models[0]).toMatchObject({ name: id, source: `hf:${id}`, ref: 'main', license: 'mit' });
    const bundle = await readFile(bench.folder.join('models.tar'));
    for (const { path, offset, size: length } of result.models[0]!.files) {
      expect(members.get(`${id}/${path}`)).toEqual(bundle.subarray(offset, offset + length));
    }
  });

  test('lists models and files for people', async () => {
    await using bench = await openBundle();
    const { code, stdout } = await bench.run(['inspect', 'models.tar']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^models\.tar: 3 files, .* \(\d+ bytes\)\nid [0-9a-f]{64}\nacme\/model /);
    expect(stdout).toMatch(/^ +97\.7 KB +model\.safetensors$/m);
  });

  test('reads the index alone: damaged weights are for verify', async () => {
    await using bench = await openBundle();
    await flipBit(bench.folder.join('models.tar'), 50_000);
    expect(await bench.run(['inspect', 'models.tar'])).toMatchObject({ code: 0 });
  });
});

describe.concurrent('verify', () => {
  test('finds a good bundle right', async () => {
    await using bench = await openBundle();
    const result = (await bench.run(['verify', 'models.tar', '--json'])).json<VerifyResult>();
    const { id: bundleId, size, sha256 } = bench.fetched;
    expect(Object.keys(result)).toEqual([
      'schema',
      'location',
      'id',
      'size',
      'files',
      'sha256',
      'ok',
      'seconds',
    ]);
    expect(result).toEqual({
      schema: 'modelpack.verify/1',
      location: 'models.tar',
      id: bundleId,
      size,
      files: 3,
      sha256,
      ok: true,
      seconds: expect.any(Number),
    });
    expect(sha256).toBe(await sha256Of(bench.folder.join('models.tar')));
    const text = await bench.run(['verify', 'models.tar', '--verbose']);
    expect(text.stdout).toBe(
      `ok   models.tar: 3 files, ${text.stdout.split(', ')[1]!.split('\n')[0]}\nid ${bundleId}\nsha256 ${sha256}\n`,
    );
    expect(text.stderr).toContain('checked acme/model/model.safetensors');
  });

  type Damage = (path: string, size: number) => Promise<unknown>;
  const damages: [string, Damage][] = [
    ['a wrong byte in the header of the index', (path) => flipBit(path, 110)],
    ['a wrong byte in the index', (path) => flipBit(path, 520)],
    ['a wrong byte in the header of a file', (path, size) => flipBit(path, size - 1024 - 100_352 - 500)],
    ['a wrong byte of weights', (path, size) => flipBit(path, size - 1024 - 60_000)],
    ['a wrong byte in the padding', (path, size) => flipBit(path, size - 1024 - 10)],
    ['a wrong byte at the end', (path, size) => flipBit(path, size - 1)],
    ['its last bytes missing', (path, size) => truncate(path, size - 512)],
    ['most of it missing', (path) => truncate(path, 600)],
    ['bytes behind its end', (path) => appendFile(path, Buffer.alloc(512))],
  ];

  test.each(damages)('finds %s', async (_, damage) => {
    await using bench = await openBundle();
    await damage(bench.folder.join('models.tar'), bench.fetched.size);
    const run = await bench.run(['verify', 'models.tar', '--json']);
    expect(run).toMatchObject({ code: 7 });
    expect(run.json()).toMatchObject({
      error: { code: 'integrity', message: expect.stringContaining('models.tar') },
    });
  });
});

describe.concurrent.each(['inspect', 'verify'])('%s', (command) => {
  test.each([
    ['a text', 'hello', 7],
    ['an empty file', '', 7],
    ['a tar that is no bundle', undefined, 7],
  ])('refuses %s', async (_, content, code) => {
    await using bench = await openBench({ repos: [] });
    await bench.folder.write('other.tar', content ?? (await foreignTar()));
    const run = await bench.run([command, 'other.tar']);
    expect(run).toMatchObject({ code, stdout: '' });
    expect(run.stderr).toMatch(/^modelpack: other\.tar is no bundle\nhint: .*modelpack fetch/);
  });

  test('says when there is no such file, and when it is a folder', async () => {
    await using bench = await openBench({ repos: [] });
    expect(await bench.run([command, 'missing.tar'])).toMatchObject({ code: 4, stdout: '' });
    expect(await bench.run([command, '.'])).toMatchObject({ code: 2, stdout: '' });
  });
});
