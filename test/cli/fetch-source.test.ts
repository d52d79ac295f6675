import { describe, expect, test } from 'vitest';

import type { FetchResult } from '../../src/verbs/fetch.ts';
import type { InspectResult } from '../../src/verbs/inspect.ts';
import { filesIn } from '../helpers/bundle.ts';
import { id, main, review, kept, inBundle, open, filesAskedFor, isDownload } from '../helpers/tiny.ts';

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

  const repoOf = (...paths: string[]) => ({
    id: 'acme/gguf',
    revisions: {
      main: paths.map((path, seed) => ({ path, storage: 'lfs' as const, content: { size: 4096, seed } })),
    },
  });

  test('of a quantisation is left to the user', async () => {
    const paths = ['a-Q4_K_M-00001-of-00002.gguf', 'a-Q4_K_M-00002-of-00002.gguf', 'a-Q8_0.gguf'];
    await using bench = await open({ repos: [repoOf(...paths)] });
    const refused = await bench.run(['fetch', 'acme/gguf', '-o', 'models.tar']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('modelpack: acme/gguf: 2 quantisations in GGUF');
    const [, option = ''] =
      /hint: choose one: --include '(.+?)'; there are Q8_0 \(4 KB\), /.exec(refused.stderr) ?? [];
    const taken = await bench.run(['fetch', 'acme/gguf', '--include', option, '-o', 'models.tar']);
    expect(taken.code).toBe(0);
    expect(filesAskedFor(bench.hub)).toEqual(paths.slice(0, 2));
  });

  test('refuses a repository with a missing shard before anything is downloaded', async () => {
    const paths = ['model-00001-of-00002.safetensors', 'model.safetensors.index.json'];
    await using bench = await open({ repos: [repoOf(...paths)] });
    for (const command of [
      ['size-check', 'acme/gguf'],
      ['fetch', 'acme/gguf', '-o', 'models.tar'],
    ]) {
      const run = await bench.run(command);
      expect(run).toMatchObject({ code: 4, stdout: '' });
      expect(run.stderr).toContain(
        'acme/gguf: model-00002-of-00002.safetensors is missing: there are 1 of 2 shards',
      );
    }
    expect(await bench.folder.list()).toEqual([]);
    expect(bench.hub.log.filter(isDownload)).toEqual([]);
  });
});
