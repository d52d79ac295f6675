import { readFile, stat } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import type { FetchResult } from '../../src/verbs/fetch.ts';
import type { InspectResult } from '../../src/verbs/inspect.ts';
import type { SizeReport } from '../../src/budget/report.ts';
import { membersOf, sha256Of } from '../helpers/bundle.ts';
import type { RepoFile } from '../servers/hub/hub.ts';
import { hostile, hostileNames, odd } from '../servers/hub/models.ts';
import { sha256Hex } from '../servers/hub/store/hash.ts';
import { id, other, kept, inBundle, open, bytesOf, sizeOf } from '../helpers/tiny.ts';

describe.concurrent('a fetch', () => {
  test('prints the location and nothing else, and leaves nothing beside the bundle', async () => {
    await using bench = await open();
    const { code, stdout, stderr } = await bench.run(['fetch', id, '-o', 'models.tar']);
    expect(stderr).toMatch(/ downloaded in [\d.]+ s.*\n7 files, .*, every hash checked; id [0-9a-f]{12}\n$/);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'models.tar\n' });
    expect(await bench.folder.list()).toEqual(['models.tar']);
  });

  test('describes itself in one JSON document', async () => {
    await using bench = await open();
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--json']);
    const result = run.json<FetchResult>();
    const path = bench.folder.join('models.tar');
    const [index] = (await membersOf(path)).values();
    const { budgets } = (await bench.run(['size-check', id, '--json'])).json<SizeReport>();
    expect(Object.keys(result)).toEqual([
      'schema',
      'location',
      'id',
      'size',
      'files',
      'sha256',
      'models',
      'transfer',
      'skipped',
      'budgets',
    ]);
    expect(result).toEqual({
      schema: 'modelpack.fetch/1',
      location: 'models.tar',
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      size: (await stat(path)).size,
      files: 7,
      sha256: await sha256Of(path),
      models: [{ name: id, source: `hf:${id}`, revision: bench.hub.commit(id) }],
      transfer: { downloaded: sizeOf(bench.hub, kept), reused: 0, seconds: expect.any(Number) },
      skipped: false,
      budgets,
    });
    expect(Object.keys(result.models[0]!)).toEqual(['name', 'source', 'revision']);
    expect(Object.keys(result.transfer)).toEqual(['downloaded', 'reused', 'seconds']);
    expect(sha256Hex(index!)).toBe(result.id);
  });

  test('puts the files of the model into the bundle, small ones first', async () => {
    await using bench = await open();
    await bench.run(['fetch', id, '-o', 'models.tar']);
    const [first, ...members] = await membersOf(bench.folder.join('models.tar'));
    expect(first?.[0]).toBe('modelpack.json');
    expect(members.map(([name]) => name).toSorted()).toEqual(inBundle(kept));
    const sizes = members.map(([, bytes]) => bytes.length);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    const wrong = members.filter(
      ([name, bytes]) => !bytes.equals(bytesOf(bench.hub, name.slice(id.length + 1))),
    );
    expect(wrong).toEqual([]);
  });

  test('says nothing but the location with --quiet', async () => {
    await using bench = await open();
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--quiet']);
    expect(run).toMatchObject({ code: 0, stdout: 'models.tar\n', stderr: '' });
  });

  test('reports events as lines of JSON on stderr with --progress json', async () => {
    await using bench = await open();
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--progress', 'json']);
    const events = run.stderr.trimEnd().split('\n');
    const types = events.map((line) => (JSON.parse(line) as { type: string }).type);
    expect(run.stdout).toBe('models.tar\n');
    expect(types).toEqual(expect.arrayContaining(['resolving', 'resolved', 'transfer', 'file', 'stored']));
  });

  test('gives the same bytes every time, however it is cut into parts', async () => {
    await using bench = await open();
    const runs = [
      ['-o', 'a.tar'],
      ['-o', 'b.tar', '--jobs', '1'],
      ['-o', 'c.tar', '--part-size', '1MiB', '--jobs', '3'],
    ];
    const results = await Promise.all(runs.map((options) => bench.run(['fetch', id, ...options, '--json'])));
    const [a, b, c] = results.map((run) => run.json<FetchResult>());
    expect(new Set([a!.id, b!.id, c!.id]).size).toBe(1);
    expect(new Set([a!.sha256, b!.sha256, c!.sha256]).size).toBe(1);
    const bytes = await readFile(bench.folder.join('a.tar'));
    expect(bytes.equals(await readFile(bench.folder.join('b.tar')))).toBe(true);
    expect(bytes.equals(await readFile(bench.folder.join('c.tar')))).toBe(true);
  });

  test('gives the same bundle in whatever order the sources stand', async () => {
    await using bench = await open();
    const first = await bench.run(['fetch', id, 'acme/other', '-o', 'a.tar', '--json']);
    const second = await bench.run(['fetch', 'acme/other', id, '-o', 'b.tar', '--json']);
    expect(second.json<FetchResult>().id).toBe(first.json<FetchResult>().id);
    expect(await sha256Of(bench.folder.join('b.tar'))).toBe(await sha256Of(bench.folder.join('a.tar')));
  });

  test('takes a folder and a file of this machine too', async () => {
    await using bench = await open();
    await bench.folder.write('local/config.json', '{}');
    await bench.folder.write('local/deep/weights.bin', 'weights');
    await bench.folder.write('labels.txt', 'a\nb\n');
    const run = await bench.run(['fetch', './local', 'extra=./labels.txt', id, '-o', 'models.tar', '--json']);
    expect(run.json<FetchResult>().models).toEqual([
      { name: 'local', source: './local', revision: null },
      { name: 'extra', source: './labels.txt', revision: null },
      { name: id, source: `hf:${id}`, revision: bench.hub.commit(id) },
    ]);
    const members = await membersOf(bench.folder.join('models.tar'));
    expect(members.get('local/deep/weights.bin')?.toString()).toBe('weights');
    expect(members.get('extra/labels.txt')?.toString()).toBe('a\nb\n');
  });
});

describe.concurrent('names of files', () => {
  test('that are odd, and empty files, arrive as they are', async () => {
    await using bench = await open({ repos: [odd()], treePageSize: 7 });
    const run = await bench.run(['fetch', 'acme/odd', '--all', '-o', 'models.tar']);
    expect(run.code).toBe(0);
    const members = await membersOf(bench.folder.join('models.tar'));
    const files = bench.hub.files('acme/odd');
    expect([...members.keys()].slice(1).toSorted()).toEqual(
      files.map(({ path }) => `acme/odd/${path}`).toSorted(),
    );
    const wrong = files.filter((file) => !members.get(`acme/odd/${file.path}`)?.equals(file.bytes()));
    expect(wrong).toEqual([]);
    expect((await bench.run(['verify', 'models.tar'])).code).toBe(0);
  });

  test.each(hostileNames)('that could leave their folder are refused: %j', async (name) => {
    await using bench = await open({ repos: [hostile({ names: [name] })] });
    const run = await bench.run(['fetch', 'acme/hostile', '--all', '-o', 'models.tar', '--json', '--quiet']);
    expect(run.code).toBe(7);
    expect(run.json()).toMatchObject({ error: { code: 'integrity' } });
    expect(run.stderr).toMatch(/^modelpack: .*\nhint: .*\n$/);
    expect(await bench.folder.list()).toEqual([]);
  });

  test('are checked before a request is made of them: no listing sends the token elsewhere', async () => {
    const names = ['../../../../api/whoami-v2', './../../../../acme/other/raw/main/config.json'];
    await using bench = await open({
      repos: [hostile({ names }), other],
      tokens: { hf_some: { name: 'x' } },
    });
    const run = await bench.run(['fetch', 'acme/hostile', '--all', '-o', 'm.tar', '--token', 'hf_some']);
    expect(run).toMatchObject({ code: 7, stdout: '' });
    const kinds = new Set(bench.hub.log.map(({ kind }) => kind));
    expect([...kinds].filter((kind) => kind !== 'info' && kind !== 'tree')).toEqual([]);
  });

  test('that differ only in a folder of the same name are refused', async () => {
    const content = Buffer.from('x');
    const clash: RepoFile[] = ['a', 'a/b'].map((path) => ({ path, storage: 'git', content }));
    await using bench = await open({ repos: [{ id: 'acme/clash', revisions: { main: clash } }] });
    const run = await bench.run(['fetch', 'acme/clash', '--all', '-o', 'models.tar']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(await bench.folder.list()).toEqual([]);
  });
});

describe.concurrent('--dry-run', () => {
  test('tells size and id exactly, writes nothing and asks for no weights', async () => {
    await using bench = await open();
    const dry = await bench.run(['fetch', id, 'acme/other', '-o', 'models.tar', '--dry-run', '--json']);
    const plan = dry.json<FetchResult>();
    expect(await bench.folder.list()).toEqual([]);
    const weights = bench.hub.log.filter(
      ({ origin, file }) => origin === 'cdn' || file === 'model.safetensors',
    );
    expect(weights).toEqual([]);

    const real = (
      await bench.run(['fetch', id, 'acme/other', '-o', 'models.tar', '--json'])
    ).json<FetchResult>();
    expect(plan).toMatchObject({
      ...real,
      sha256: null,
      transfer: { reused: 0, seconds: expect.any(Number) },
    });
    expect(plan.size).toBe((await stat(bench.folder.join('models.tar'))).size);
    const inspected = (await bench.run(['inspect', 'models.tar', '--json'])).json<InspectResult>();
    const files = inspected.models.flatMap(({ name, files: own }) =>
      own.map(({ path, size, offset }) => ({ path: `${name}/${path}`, size, offset })),
    );
    expect(plan.plan).toEqual(files.toSorted((a, b) => a.offset - b.offset));
    expect(plan.leftOut?.flatMap((row) => row.files.map(({ path }) => path))).toContain('tf_model.h5');
  });

  test('shows the plan as text: files, exact size, id, what is left out, budgets', async () => {
    await using bench = await open();
    const { code, stdout } = await bench.run(['fetch', id, '-o', 'models.tar', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^models\.tar would hold 7 files, .* \(\d+ bytes\)\nid [0-9a-f]{64}\n/);
    expect(stdout).toMatch(/acme\/tiny-bert\/model\.safetensors/);
    expect(stdout).toMatch(/^left out\n( +[\d.]+ [KM]?B .*\n)+budgets\n/m);
    expect(stdout).toMatch(/✓ snapstart/);
  });

  test('refuses what the fetch itself would refuse', async () => {
    await using bench = await open();
    await bench.folder.write('models.tar', 'my diary');
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--dry-run']);
    expect(run.code).toBe(2);
  });
});
