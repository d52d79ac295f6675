import { readFile, stat, writeFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import type { FetchResult } from '../../src/verbs/fetch.ts';
import type { InspectResult } from '../../src/verbs/inspect.ts';
import type { SizeReport } from '../../src/budget/report.ts';
import { openBench, type Bench } from '../helpers/bench.ts';
import { startProxy } from '../helpers/proxy.ts';
import { filesIn, flipBit, foreignTar, membersOf, sha256Of } from '../helpers/bundle.ts';
import type { Hub, HubLogEntry, HubOptions, Repo, RepoFile } from '../servers/hub/hub.ts';
import { hostile, hostileNames, odd, tinyBert } from '../servers/hub/models.ts';
import { sha256Hex } from '../servers/hub/store/hash.ts';

const id = 'acme/tiny-bert';
const bert = tinyBert({ size: 3_300_000, copySize: 30_000 });
const main = bert.revisions['main']!;
const review: RepoFile[] = [...main, { path: 'added.json', storage: 'git', content: Buffer.from('{}') }];
const tiny: Repo = {
  ...bert,
  aliases: ['tiny-bert', 'former/tiny-bert'],
  revisions: { ...bert.revisions, 'refs/pr/1': review, 'feature/x': review.slice(1) },
};
const other: Repo = {
  id: 'acme/other',
  revisions: {
    main: [
      { path: 'config.json', storage: 'git', content: Buffer.from('{"model_type":"other"}') },
      { path: 'model.safetensors', storage: 'lfs', content: { size: 40_000, seed: 5 } },
    ],
  },
};
/** What a loader reads of tiny-bert. */
const kept = [
  'README.md',
  'config.json',
  'model.safetensors',
  'special_tokens_map.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.txt',
];
const inBundle = (names: readonly string[]) => names.map((name) => `${id}/${name}`);

function open(options: Partial<HubOptions> = {}): Promise<Bench> {
  return openBench({ repos: [tiny, other], ...options });
}

function filesAskedFor({ log }: Hub): string[] {
  return [...new Set(log.flatMap(({ file }) => file ?? []))].toSorted();
}

function bytesOf(hub: Hub, path: string): Buffer {
  return hub.file(id, path).bytes();
}

function sizeOf(hub: Hub, paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + hub.file(id, path).size, 0);
}

function isDownload({ kind }: HubLogEntry): boolean {
  return kind !== 'info' && kind !== 'tree';
}

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

describe.concurrent('a source', () => {
  interface Case {
    readonly source: string;
    readonly options?: readonly string[];
    readonly name?: string;
    readonly revision?: string;
  }
  const cases: Case[] = [
    { source: id },
    { source: `hf:${id}` },
    { source: `hf://${id}` },
    { source: `hf://models/${id}@v1.0`, revision: 'v1.0' },
    { source: `https://huggingface.co/${id}` },
    { source: `https://huggingface.co/${id}/tree/main` },
    { source: `https://huggingface.co/${id}/tree/refs%2Fpr%2F1`, revision: 'refs/pr/1' },
    { source: `huggingface.co/${id}` },
    { source: 'tiny-bert' },
    { source: 'former/tiny-bert' },
    { source: `former/tiny-bert@feature/x`, revision: 'feature/x' },
    { source: `${id}@main` },
    { source: `${id}@v1.0`, revision: 'v1.0' },
    { source: `${id}@refs/pr/1`, revision: 'refs/pr/1' },
    { source: `hf:${id}@feature/x`, revision: 'feature/x' },
    { source: id, options: ['--revision', 'feature/x'], revision: 'feature/x' },
    { source: `nice=${id}`, name: 'nice' },
    { source: `vision/nice=hf:${id}@refs/pr/1`, name: 'vision/nice', revision: 'refs/pr/1' },
  ];

  test.each(cases)(
    '$source $options means a model at a commit',
    async ({ source, options = [], ...want }) => {
      await using bench = await open();
      const run = await bench.run(['fetch', source, ...options, '-o', 'x.tar', '--dry-run', '--json']);
      expect(run.json<FetchResult>().models).toEqual([
        { name: want.name ?? id, source: `hf:${id}`, revision: bench.hub.commit(id, want.revision) },
      ]);
    },
  );

  test('may be an address pasted from the Hub in use', async () => {
    await using bench = await open();
    const run = await bench.run(['fetch', `${bench.hub.endpoint}/${id}/tree/main`, '-o', 'x.tar', '--json']);
    expect(run.json<FetchResult>().models[0]).toMatchObject({ name: id, source: `hf:${id}` });
  });

  test.each([false, true])('of a renamed repository is fetched (files redirect: %s)', async (redirects) => {
    await using bench = await open({ unsettled: { redirectRenamedFiles: redirects } });
    const run = await bench.run(['fetch', 'former/tiny-bert', '-o', 'models.tar']);
    expect(run.code).toBe(0);
    expect(await filesIn(bench.folder.join('models.tar'))).toEqual(inBundle(kept));
  });

  test('may be a full commit, which then has no ref in the index', async () => {
    await using bench = await open();
    const commit = bench.hub.commit(id, 'feature/x');
    await bench.run(['fetch', `${id}@${commit}`, '-o', 'commit.tar']);
    await bench.run(['fetch', `${id}@feature/x`, '-o', 'branch.tar']);
    const modelIn = async (name: string) =>
      (await bench.run(['inspect', name, '--json'])).json<InspectResult>().models[0];
    expect(await modelIn('branch.tar')).toMatchObject({
      revision: commit,
      ref: 'feature/x',
      license: 'apache-2.0',
    });
    expect(await modelIn('commit.tar')).toMatchObject({ revision: commit });
    expect(await modelIn('commit.tar')).not.toHaveProperty('ref');
  });

  test('that stands twice needs a name of its own', async () => {
    await using bench = await open();
    const twice = await bench.run(['fetch', id, `${id}@refs/pr/1`, '-o', 'models.tar']);
    expect(twice).toMatchObject({ code: 2, stdout: '' });
    expect(twice.stderr).toMatch(/^hint: .*name=source/m);
    const named = await bench.run(['fetch', id, `new=${id}@refs/pr/1`, '-o', 'models.tar']);
    expect(named.code).toBe(0);
    expect(await filesIn(bench.folder.join('models.tar'))).toContain('new/added.json');
  });

  test.each(['a/../../up', 'a//b', 'modelpack.json'])(
    'may not be renamed to %s: that is a slip of the user',
    async (name) => {
      await using bench = await open();
      const run = await bench.run(['fetch', `${name}=${id}`, '-o', 'models.tar']);
      expect(run).toMatchObject({ code: 2, stdout: '' });
      expect(await bench.folder.list()).toEqual([]);
    },
  );

  test('that moves while it is fetched gives the commit that was there first', async () => {
    await using bench = await open();
    const commit = bench.hub.commit(id);
    bench.hub.fault({
      kind: 'info',
      first: 1,
      action: { kind: 'run', when: 'after', run: () => void bench.hub.move(id, 'main', review) },
    });
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--json']);
    expect(run.json<FetchResult>().models[0]?.revision).toBe(commit);
    expect(await filesIn(bench.folder.join('models.tar'))).toEqual(inBundle(kept));
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

describe.concurrent('the selection', () => {
  const everything = main.map(({ path }) => path).toSorted();
  const without = (...names: string[]) => kept.filter((name) => !names.includes(name));

  test.each([
    [[], kept],
    [['--all'], everything],
    [['--weights', 'safetensors'], kept],
    [['--weights', 'pytorch'], [...without('model.safetensors'), 'pytorch_model.bin'].toSorted()],
    [['--weights', 'tensorflow'], [...without('model.safetensors'), 'tf_model.h5'].toSorted()],
    [['--include', '*.json'], kept.filter((name) => name.endsWith('.json'))],
    [
      ['--include', '*.json', '--include', 'vocab*', '--exclude', 'token*'],
      ['config.json', 'special_tokens_map.json', 'vocab.txt'],
    ],
    [['--include', 'onnx/'], ['onnx/model.onnx']],
    [
      ['--exclude', '*.safetensors', '--exclude', 'onnx/*'],
      everything.filter((name) => !/safetensors|onnx/.test(name)),
    ],
  ])('%j takes %j', async (options, expected) => {
    await using bench = await open();
    const run = await bench.run(['fetch', id, ...options, '-o', 'models.tar']);
    expect(run.code).toBe(0);
    expect(await filesIn(bench.folder.join('models.tar'))).toEqual(inBundle(expected));
    expect(filesAskedFor(bench.hub)).toEqual(expected);
  });

  test('--weights all takes every copy, and still no leftovers', async () => {
    await using bench = await open();
    await bench.run(['fetch', id, '--weights', 'all', '-o', 'models.tar']);
    const files = await filesIn(bench.folder.join('models.tar'));
    for (const copy of ['model.safetensors', 'pytorch_model.bin', 'tf_model.h5', 'flax_model.msgpack'])
      expect(files).toContain(`${id}/${copy}`);
    expect(files).not.toContain(`${id}/.gitattributes`);
  });

  test.each([
    [['--include', '*.gguf'], 4, /hint: the repository has .*\.gitattributes/],
    [['--exclude', '*'], 4, /hint: the repository has/],
    [['--weights', 'gguf'], 4, /hint: choose with --weights safetensors or/],
    [['--all', '--weights', 'pytorch'], 2, /do not go together/],
    [['--all', '--include', '*'], 2, /do not go together/],
  ])('%j ends with %i', async (options, code, said) => {
    await using bench = await open();
    const run = await bench.run(['fetch', id, ...options, '-o', 'models.tar']);
    expect(run).toMatchObject({ code, stdout: '' });
    expect(run.stderr).toMatch(said);
    expect(await bench.folder.list()).toEqual([]);
    expect(bench.hub.log.filter(isDownload)).toEqual([]);
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

describe.concurrent('a destination', () => {
  test('that holds the same bundle is left alone, and nothing is downloaded', async () => {
    await using bench = await open();
    const first = (await bench.run(['fetch', id, '-o', 'models.tar', '--json'])).json<FetchResult>();
    const before = await stat(bench.folder.join('models.tar'));
    bench.hub.log.length = 0;
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--json']);
    expect(run.code).toBe(0);
    expect(run.json<FetchResult>()).toEqual({
      ...first,
      transfer: { downloaded: 0, reused: first.size, seconds: expect.any(Number) },
      skipped: true,
    });
    expect(bench.hub.log.filter(isDownload)).toEqual([]);
    const after = await stat(bench.folder.join('models.tar'));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    expect(await bench.folder.list()).toEqual(['models.tar']);
  });

  test('that holds the same bundle is said to be there already', async () => {
    await using bench = await open();
    await bench.run(['fetch', id, '-o', 'models.tar']);
    const run = await bench.run(['fetch', id, '-o', 'models.tar']);
    expect(run).toMatchObject({ code: 0, stdout: 'models.tar\n' });
    expect(run.stderr).toMatch(/^already there: 7 files/m);
  });

  test('is written anew with --force', async () => {
    await using bench = await open();
    const first = (await bench.run(['fetch', id, '-o', 'models.tar', '--json'])).json<FetchResult>();
    const again = (
      await bench.run(['fetch', id, '-o', 'models.tar', '--force', '--json'])
    ).json<FetchResult>();
    expect(again).toMatchObject({ skipped: false, sha256: first.sha256, transfer: { reused: 0 } });
    expect(again.transfer.downloaded).toBe(first.transfer.downloaded);
  });

  test('that holds another bundle is replaced', async () => {
    await using bench = await open();
    await bench.run(['fetch', 'acme/other', '-o', 'models.tar']);
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--json']);
    expect(run.json<FetchResult>()).toMatchObject({ skipped: false });
    expect(await filesIn(bench.folder.join('models.tar'))).toEqual(inBundle(kept));
    expect(await bench.folder.list()).toEqual(['models.tar']);
  });

  test('keeps its bundle when the one to replace it fails', async () => {
    await using bench = await open();
    await bench.run(['fetch', 'acme/other', '-o', 'models.tar']);
    const before = await sha256Of(bench.folder.join('models.tar'));
    bench.hub.fault({ origin: 'cdn', action: { kind: 'flip', at: 70_000 } });
    const run = await bench.run(['fetch', id, '-o', 'models.tar']);
    expect(run.code).toBe(7);
    expect(await sha256Of(bench.folder.join('models.tar'))).toBe(before);
    expect(await bench.folder.list()).toEqual(['models.tar']);
  });

  test.each([
    ['damaged', (path: string) => flipBit(path, 300_000)],
    ['damaged in its index', (path: string) => flipBit(path, 700)],
    ['cut off', async (path: string) => writeFile(path, (await readFile(path)).subarray(0, 200_000))],
  ])('that holds the same bundle, but %s, is fetched again', async (_, damage) => {
    await using bench = await open();
    const path = bench.folder.join('models.tar');
    await bench.run(['fetch', id, '-o', 'models.tar']);
    const right = await sha256Of(path);
    await damage(path);
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--json']);
    expect(run.json<FetchResult>()).toMatchObject({ skipped: false, sha256: right });
    expect(await sha256Of(path)).toBe(right);
    expect(await bench.folder.list()).toEqual(['models.tar']);
  });

  test.each([
    ['a text', () => 'my diary'],
    ['an empty file', () => ''],
    ['a tar that is no bundle', foreignTar],
  ])('that holds %s is refused without --force', async (_, made) => {
    await using bench = await open();
    const content = Buffer.from(await made());
    const path = await bench.folder.write('models.tar', content);
    const refused = await bench.run(['fetch', id, '-o', 'models.tar']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/models\.tar exists and is no bundle\nhint: .*--force/);
    expect(content.equals(await readFile(path))).toBe(true);
    expect(await bench.folder.list()).toEqual(['models.tar']);
    expect((await bench.run(['fetch', id, '-o', 'models.tar', '--force'])).code).toBe(0);
    expect((await bench.run(['verify', 'models.tar'])).code).toBe(0);
  });

  test('that is a folder, or in a folder that does not exist, is a slip of the user', async () => {
    await using bench = await open();
    await bench.folder.write('folder/file', '');
    const folder = await bench.run(['fetch', id, '-o', 'folder']);
    expect(folder).toMatchObject({ code: 2, stdout: '' });
    const missing = await bench.run(['fetch', id, '-o', 'no/models.tar']);
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toContain('hint: mkdir -p no\n');
    expect(await bench.folder.list()).toEqual(['folder']);
  });
});

describe.concurrent('the token', () => {
  const tokens = Object.fromEntries(
    ['option', 'variable', 'former', 'path', 'home'].map((name) => [`hf_${name}_0123456789`, { name }]),
  );
  const secret = (name: string) => `hf_${name}_0123456789`;
  const closed: Repo = {
    ...other,
    id: 'acme/closed',
    private: true,
    usersWithAccess: Object.values(tokens).map(({ name }) => name),
  };

  /** All the places a token can be in, from the strongest to the weakest. */
  const places = ['option', 'variable', 'former', 'path', 'home'] as const;

  test.each(places.map((place, i) => ({ place, given: places.slice(i) })))(
    'comes from the $place when it is given in $given',
    async ({ place, given }) => {
      await using bench = await open({ repos: [closed], tokens });
      const has = (name: (typeof places)[number]) => given.includes(name);
      const home = bench.folder.join('home');
      if (has('home')) await bench.folder.write('home/token', `${secret('home')}\n`);
      const path = await bench.folder.write('elsewhere', ` ${secret('path')}\r\n`);
      const run = await bench.run(
        ['fetch', 'acme/closed', '-o', 'm.tar', ...(has('option') ? ['--token', secret('option')] : [])],
        {
          env: {
            HF_HOME: home,
            ...(has('variable') && { HF_TOKEN: secret('variable') }),
            ...(has('former') && { HUGGING_FACE_HUB_TOKEN: secret('former') }),
            ...(has('path') && { HF_TOKEN_PATH: path }),
          },
        },
      );
      expect(run.code).toBe(0);
      const sent = bench.hub.log.filter(({ origin }) => origin === 'hub').map(({ token }) => token);
      expect(new Set(sent)).toEqual(new Set([secret(place)]));
    },
  );

  test('is not sent when HF_HUB_DISABLE_IMPLICIT_TOKEN says so, unless it is an option', async () => {
    await using bench = await open({ tokens });
    const env = { HF_TOKEN: secret('variable'), HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' };
    await bench.run(['fetch', id, '-o', 'a.tar'], { env });
    expect(bench.hub.log.filter(({ authorization }) => authorization)).toEqual([]);
    await bench.run(['fetch', id, '-o', 'b.tar', '--token', secret('option')], { env });
    expect(bench.hub.log.some(({ token }) => token === secret('option'))).toBe(true);
  });

  test('never leaves the origin of the Hub', async () => {
    await using bench = await open({ repos: [closed], tokens });
    const thirdOrigin = bench.hub.cdn.replace('localhost', '127.0.0.1');
    bench.hub.fault({
      kind: 'resolve',
      file: 'model.safetensors',
      first: 1,
      action: { kind: 'redirect', to: `${thirdOrigin}/elsewhere` },
    });
    const run = await bench.run(['fetch', 'acme/closed', '-o', 'models.tar'], {
      env: { HF_TOKEN: secret('variable') },
    });
    expect(run.code).toBe(0);
    const onCdn = bench.hub.log.filter(({ origin }) => origin === 'cdn');
    expect(onCdn.some(({ host }) => host.startsWith('127.0.0.1'))).toBe(true);
    expect(onCdn.filter(({ authorization }) => authorization)).toEqual([]);
    expect(bench.hub.log.filter(({ origin, authorization }) => origin === 'hub' && !authorization)).toEqual(
      [],
    );
  });

  test.each([
    ['--token', ['--token', secret('option')], {}],
    ['--token=', [`--token=${secret('option')}`], {}],
    ['HF_TOKEN', [], { HF_TOKEN: secret('option') }],
    ['HF_TOKEN with a newline', [], { HF_TOKEN: `${secret('option')}\n` }],
    ['MODELPACK_TOKEN', [], { MODELPACK_TOKEN: secret('option') }],
    ['the token file', [], {}],
  ])('from %s never appears in what is written', async (from, options, env) => {
    await using bench = await open({ tokens });
    if (from === 'the token file') await bench.folder.write('home/token', secret('option'));
    const with_ = { env: { HF_HOME: bench.folder.join('home'), ...env } };
    const said: string[] = [];
    const run = async (...args: string[]) => {
      const { stdout, stderr } = await bench.run([...args, ...options, '--verbose'], with_);
      expect(bench.hub.log.some(({ token }) => token === secret('option'))).toBe(true);
      said.push(stdout, stderr);
    };
    await run('fetch', id, '-o', 'models.tar');
    await run('fetch', 'acme/missing', '-o', 'missing.tar', '--json');
    // The Hub, or a gateway before it, repeats what it was sent.
    const echo = { 'X-Error-Message': `no rights for Bearer ${secret('option')}`, 'X-Error-Code': '' };
    const fault = bench.hub.fault({
      kind: 'info',
      action: { kind: 'status', status: 403, headers: echo, body: 'no' },
    });
    await run('fetch', id, '-o', 'echo.tar', '--json');
    await run('size-check', id);
    expect(fault.applied).toBe(2);
    expect(said.join('\n')).toContain('no rights for');
    expect(said.join('\n')).not.toContain(secret('option'));
  });

  test('that is bad is blamed on where it came from, without showing it', async () => {
    await using bench = await open({ tokens });
    const bad = 'hf_bad_0123456789';
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--verbose'], { env: { HF_TOKEN: bad } });
    expect(run.code).toBe(5);
    expect(run.stderr).toMatch(/^modelpack: .*token from HF_TOKEN\nhint: /m);
    expect(run.stdout + run.stderr).not.toContain(bad);
    expect(await bench.folder.list()).toEqual([]);
  });

  test('that no header can carry is refused before a request, without showing it', async () => {
    await using bench = await open();
    const run = await bench.run(['fetch', id, '-o', 'models.tar'], { env: { HF_TOKEN: 'hf_two words' } });
    expect(run.code).toBe(2);
    expect(run.stderr).not.toContain('two words');
    expect(bench.hub.log).toEqual([]);
  });

  test('is not needed for the listing of a gated model, but before anything is created', async () => {
    const gated: Repo = { ...other, id: 'acme/gated', gated: 'manual' };
    await using bench = await open({
      repos: [gated],
      tokens: { hf_granted: { name: 'g', gatedAccess: ['acme/gated'] }, hf_none: { name: 'n' } },
    });
    const stranger = await bench.run(['fetch', 'acme/gated', '-o', 'models.tar']);
    expect(stranger).toMatchObject({ code: 5, stdout: '' });
    expect(stranger.stderr).toMatch(/acme\/gated is gated.*\nhint: .*https:\/\/huggingface\.co\/acme\/gated/);
    const guest = await bench.run(['fetch', 'acme/gated', '-o', 'models.tar', '--token', 'hf_none']);
    expect(guest.code).toBe(5);
    expect(await bench.folder.list()).toEqual([]);
    expect(bench.hub.log.some(({ kind }) => kind === 'resolve')).toBe(false);
    expect((await bench.run(['fetch', 'acme/gated', '-o', 'models.tar', '--token', 'hf_granted'])).code).toBe(
      0,
    );
  });
});

describe.concurrent('the requests', () => {
  test('say who asks, and ask for plain bytes', async () => {
    await using bench = await open();
    await bench.run(['fetch', id, '-o', 'models.tar']);
    const { version } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    const agents = new Set(bench.hub.log.map(({ userAgent }) => userAgent));
    expect([...agents]).toEqual([`modelpack/${version}; node/${process.versions.node}`]);
    expect(new Set(bench.hub.log.map(({ acceptEncoding }) => acceptEncoding))).toEqual(new Set(['identity']));
  });

  test('resolve each file once, however many parts it has', async () => {
    await using bench = await open();
    await bench.run(['fetch', id, '-o', 'models.tar', '--part-size', '1MiB', '--jobs', '4']);
    const resolved = bench.hub.log.flatMap(({ kind, file }) => (kind === 'resolve' ? [file!] : []));
    expect(resolved.toSorted()).toEqual(kept);
    expect(bench.hub.log.filter(({ origin }) => origin === 'cdn').length).toBe(4);
  });

  test('are never more at once than --jobs', async () => {
    await using bench = await open({ delayMs: 20 });
    await bench.run(['fetch', id, '-o', 'models.tar', '--part-size', '1MiB', '--jobs', '2']);
    const { log } = bench.hub;
    const most = Math.max(
      ...log.map(
        ({ started }) =>
          log.filter((each) => each.started <= started && (each.ended ?? Infinity) > started).length,
      ),
    );
    expect(most).toBeLessThanOrEqual(2);
  });

  test('go to a mirror below a path that loses headers, and to nothing else', async () => {
    await using plain = await open();
    await using bench = await open({
      pathPrefix: '/api/huggingfaceml/remote',
      mirror: { stripCommit: true, stripLinked: true, stripErrorCode: true, stripLength: true },
      linkStyle: 'canonical-host',
      treePageSize: 3,
    });
    const direct = await plain.run(['fetch', 'former/tiny-bert', '-o', 'models.tar', '--json']);
    const run = await bench.run(['fetch', 'former/tiny-bert', '-o', 'models.tar', '--json']);
    expect(run.json<FetchResult>()).toMatchObject({ sha256: direct.json<FetchResult>().sha256 });
    const page = `${bench.hub.endpoint}/${id}/tree/v1.0`;
    const pasted = await bench.run(['fetch', page, '-o', 'pasted.tar', '--json']);
    expect(pasted.json<FetchResult>().models[0]).toMatchObject({ name: id });
    expect(bench.hub.log.filter(({ kind }) => kind === 'unknown')).toEqual([]);
  });

  test.each(['relative', 'absolute', 'canonical-host'] as const)(
    'follow the pages of a listing that are linked in the form: %s',
    async (linkStyle) => {
      await using bench = await open({ linkStyle, treePageSize: 2 });
      await bench.run(['fetch', id, '-o', 'models.tar']);
      expect(await filesIn(bench.folder.join('models.tar'))).toEqual(inBundle(kept));
      expect(bench.hub.log.filter(({ kind }) => kind === 'tree').length).toBe(8);
    },
  );
});

describe.concurrent('a proxy', () => {
  test.each(['HTTP_PROXY', 'http_proxy'])('named by %s carries every request', async (variable) => {
    await using bench = await open();
    await using proxy = await startProxy();
    const run = await bench.run(['fetch', id, '-o', 'models.tar'], { env: { [variable]: proxy.url } });
    expect(run.code).toBe(0);
    const origins = [bench.hub.endpoint, bench.hub.cdn].map((url) => new URL(url).host);
    expect([...proxy.reached].toSorted()).toEqual(origins.toSorted());
  });

  test('is left out for the hosts of NO_PROXY', async () => {
    await using bench = await open();
    await using proxy = await startProxy();
    const fetch = (output: string, none: string) =>
      bench.run(['fetch', id, '-o', output], { env: { HTTP_PROXY: proxy.url, NO_PROXY: none } });
    expect((await fetch('a.tar', '127.0.0.1,localhost')).code).toBe(0);
    expect([...proxy.reached]).toEqual([]);
    expect((await fetch('b.tar', 'localhost')).code).toBe(0);
    expect([...proxy.reached]).toEqual([new URL(bench.hub.endpoint).host]);
  });

  test('that cannot be reached is named, without its password', async () => {
    await using bench = await open();
    const env = { HTTP_PROXY: 'http://user:hunter22@127.0.0.1:1' };
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--verbose', '--json'], { env });
    expect(run.code).toBe(6);
    expect(run.stdout + run.stderr).not.toContain('hunter22');
    expect(bench.hub.log).toEqual([]);
  });
});

describe.concurrent('every option', () => {
  test('can be set by a variable', async () => {
    await using bench = await open({ tokens: { hf_by_variable: { name: 'x' } } });
    const run = await bench.run(['fetch', id], {
      env: {
        MODELPACK_OUTPUT: 'by-variable.tar',
        MODELPACK_TOKEN: 'hf_by_variable',
        MODELPACK_INCLUDE: '*.json',
        MODELPACK_JSON: '1',
        MODELPACK_DRY_RUN: '0',
      },
    });
    expect(run.code).toBe(0);
    expect(run.json<FetchResult>()).toMatchObject({ location: 'by-variable.tar', files: 4 });
    expect(await bench.folder.list()).toEqual(['by-variable.tar']);
    expect(new Set(bench.hub.log.map(({ token }) => token))).toEqual(new Set(['hf_by_variable']));
  });

  test('on the command line beats its variable', async () => {
    await using bench = await open();
    const env = { MODELPACK_OUTPUT: 'variable.tar', MODELPACK_REVISION: 'missing', MODELPACK_QUIET: 'false' };
    const run = await bench.run(['fetch', id, '-o', 'option.tar', '--revision', 'v1.0'], { env });
    expect(run).toMatchObject({ code: 0, stdout: 'option.tar\n' });
    expect(run.stderr).not.toBe('');
  });

  test('is checked when it comes from a variable', async () => {
    await using bench = await open();
    const run = await bench.run(['fetch', id, '-o', 'models.tar'], { env: { MODELPACK_JOBS: 'many' } });
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/jobs.*whole number from 1 to 256\n/i);
  });
});
