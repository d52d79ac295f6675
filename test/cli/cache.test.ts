import { readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { SizeReport } from '../../src/budget/report.ts';
import type { FetchResult } from '../../src/verbs/fetch.ts';
import { openBench, type Bench } from '../helpers/bench.ts';
import { flipBit } from '../helpers/bundle.ts';
import { hashOf, writeCache, type CacheOptions } from '../helpers/hf-cache.ts';
import type { Outcome } from '../helpers/run.ts';
import { kept } from '../helpers/tiny.ts';
import type { Repo } from '../servers/hub/hub.ts';
import { tinyBert } from '../servers/hub/models.ts';

const id = 'acme/tiny-bert';
const tiny: Repo = { ...tinyBert({ size: 600_000, copySize: 50_000 }), aliases: ['former/tiny-bert'] };
interface Cached {
  readonly bench: Bench;
  /** The repository's folder in the cache. */
  readonly root: string;
  fetch(output: string, ...options: readonly string[]): Promise<Outcome>;
}

const open = () => openBench({ repos: [tiny] });

/** Puts a cache in the bench's folder; the fetch looks for it by HF_HOME. */
async function cached(bench: Bench, options: CacheOptions = {}): Promise<Cached> {
  const home = bench.folder.join('home');
  const root = await writeCache(join(home, 'hub'), bench.hub, id, options);
  return {
    bench,
    root,
    fetch: (output, ...more) =>
      bench.run(['fetch', id, '-o', output, '--json', ...more], { env: { HF_HOME: home } }),
  };
}

/** The bundle as it is without a cache. */
async function online(bench: Bench): Promise<FetchResult> {
  const result = (await bench.run(['fetch', id, '-o', 'online.tar', '--json'])).json<FetchResult>();
  bench.hub.log.length = 0;
  return result;
}

function blob({ bench, root }: Cached, path: string): string {
  return join(root, 'blobs', hashOf(bench.hub.file(id, path)));
}

function asked({ hub }: Bench): string[] {
  return [...new Set(hub.log.flatMap(({ file }) => file ?? []))];
}

describe.concurrent('the local Hugging Face cache', () => {
  test('is used instead of downloads', async () => {
    await using bench = await open();
    const { sha256, transfer } = await online(bench);
    const { fetch } = await cached(bench);
    const run = await fetch('models.tar');
    expect(run.json<FetchResult>()).toMatchObject({
      sha256,
      skipped: false,
      transfer: { downloaded: 0, reused: transfer.downloaded },
    });
    expect(bench.hub.log.filter(({ kind }) => kind !== 'info' && kind !== 'tree')).toEqual([]);
  });

  test('spares what it has of a model', async () => {
    await using bench = await open();
    const { sha256 } = await online(bench);
    const { fetch } = await cached(bench, { paths: ['config.json', 'model.safetensors'] });
    expect((await fetch('models.tar')).json()).toMatchObject({ sha256 });
    expect(asked(bench).toSorted()).toEqual(
      kept.filter((path) => !/^(config\.json|model\.safe.*)$/.test(path)),
    );
  });

  test('is used for blobs of other commits too', async () => {
    await using bench = await open();
    const { fetch } = await cached(bench);
    bench.hub.move(id, 'main', [
      ...tiny.revisions['main']!,
      { path: 'added.json', storage: 'git', content: Buffer.from('{}') },
    ]);
    expect((await fetch('models.tar')).json()).toMatchObject({ files: 8 });
    expect(asked(bench)).toEqual(['added.json']);
  });

  test('is used where links are off, and the files lie in the snapshot', async () => {
    await using bench = await open();
    const { fetch } = await cached(bench, { links: false });
    expect((await fetch('models.tar')).json()).toMatchObject({ transfer: { downloaded: 0 } });
    expect(asked(bench)).toEqual([]);
  });

  test('is used under the name that was asked for', async () => {
    await using bench = await open();
    const home = bench.folder.join('home');
    await writeCache(join(home, 'hub'), bench.hub, id, { name: 'former/tiny-bert' });
    const run = await bench.run(['fetch', 'former/tiny-bert', '-o', 'models.tar', '--json'], {
      env: { HF_HOME: home },
    });
    expect(run.json()).toMatchObject({ models: [{ name: id }], transfer: { downloaded: 0 } });
  });

  test.each<[string, (home: string) => Record<string, string>, string]>([
    ['HF_HOME', (home) => ({ HF_HOME: `${home}/a` }), 'a/hub'],
    ['HF_HUB_CACHE', (home) => ({ HF_HUB_CACHE: `${home}/b` }), 'b'],
    ['HUGGINGFACE_HUB_CACHE', (home) => ({ HUGGINGFACE_HUB_CACHE: `${home}/c` }), 'c'],
    ['a variable in HF_HUB_CACHE', (home) => ({ HF_HUB_CACHE: '${BASE}/d', BASE: home }), 'd'],
    ['~ in HF_HOME', (home) => ({ HF_HOME: '~/e', HOME: home }), 'e/hub'],
    ['XDG_CACHE_HOME', (home) => ({ HF_HOME: '', XDG_CACHE_HOME: `${home}/f` }), 'f/huggingface/hub'],
    ['the home folder', (home) => ({ HF_HOME: '', HOME: home }), '.cache/huggingface/hub'],
  ])('is found by %s', async (_, envOf, place) => {
    await using bench = await open();
    await writeCache(bench.folder.join(place), bench.hub, id);
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--json'], {
      env: envOf(bench.folder.path),
    });
    expect(run.json()).toMatchObject({ transfer: { downloaded: 0 } });
  });

  test.each(['model.safetensors', 'config.json'])('is not used where it is damaged: %s', async (path) => {
    await using bench = await open();
    const { sha256 } = await online(bench);
    const cache = await cached(bench);
    await flipBit(blob(cache, path), 100);
    const run = await cache.fetch('models.tar');
    expect(run.json()).toMatchObject({ sha256 });
    expect(run.stderr).toMatch(/the cached .* is damaged; it is not used/);
    expect(asked(bench)).toEqual([path]);
  });

  test('is not used where it is cut off', async () => {
    await using bench = await open();
    const { sha256 } = await online(bench);
    const cache = await cached(bench);
    await truncate(blob(cache, 'model.safetensors'), 1000);
    expect((await cache.fetch('models.tar')).json()).toMatchObject({ sha256 });
    expect(asked(bench)).toEqual(['model.safetensors']);
  });

  test('is left as it is', async () => {
    await using bench = await open();
    const cache = await cached(bench, { paths: ['config.json'] });
    const before = await readdir(bench.folder.join('home'), { recursive: true });
    await cache.fetch('models.tar');
    expect(await readdir(bench.folder.join('home'), { recursive: true })).toEqual(before);
  });
});

describe.concurrent('offline', () => {
  const ways: [string, readonly string[], Record<string, string>][] = [
    ['--offline', ['--offline'], {}],
    ['HF_HUB_OFFLINE=1', [], { HF_HUB_OFFLINE: '1' }],
    ['TRANSFORMERS_OFFLINE=ON', [], { TRANSFORMERS_OFFLINE: 'ON' }],
    ['MODELPACK_OFFLINE=true', [], { MODELPACK_OFFLINE: 'true' }],
  ];

  test.each(ways)(
    'by %s, a complete cache gives the same bundle without a request',
    async (_, options, env) => {
      await using bench = await open();
      const { id: bundleId, sha256 } = await online(bench);
      await writeCache(bench.folder.join('home/hub'), bench.hub, id);
      const run = await bench.run(['fetch', id, '-o', 'models.tar', '--json', ...options], {
        env: { HF_HOME: bench.folder.join('home'), ...env },
      });
      expect(run).toEqual({ ...run, code: 0 });
      expect(run.json()).toMatchObject({ id: bundleId, sha256, transfer: { downloaded: 0 } });
      expect(bench.hub.log).toEqual([]);
    },
  );

  test.each<[string, CacheOptions]>([
    ['only the files that are needed', { paths: kept }],
    ['only the files that are needed, and the listing', { paths: kept, tree: true }],
    ['everything and the listing', { tree: true }],
    ['files instead of links', { links: false }],
  ])('a cache with %s gives the same bundle', async (_, options) => {
    await using bench = await open();
    const { id: bundleId } = await online(bench);
    const { fetch } = await cached(bench, options);
    const run = await fetch('models.tar', '--offline');
    expect(run).toEqual({ ...run, code: 0 });
    expect(run.json()).toMatchObject({
      id: bundleId,
      models: [{ name: id, revision: bench.hub.commit(id) }],
    });
    expect(bench.hub.log).toEqual([]);
  });

  test('takes a commit by its name', async () => {
    await using bench = await open();
    const home = bench.folder.join('home');
    await writeCache(join(home, 'hub'), bench.hub, id);
    const source = `${id}@${bench.hub.commit(id)}`;
    const run = await bench.run(['fetch', source, '-o', 'models.tar', '--offline'], {
      env: { HF_HOME: home },
    });
    expect(run).toEqual({ ...run, code: 0 });
  });

  const missing: [string, CacheOptions, readonly string[], (cache: Cached) => Promise<unknown>][] = [
    ['nothing', { paths: [] }, [], ({ root }) => rm(root, { recursive: true })],
    ['another revision', {}, ['--revision', 'v1.0'], async () => {}],
    ['a ref without its snapshot', {}, [], ({ root }) => rm(join(root, 'snapshots'), { recursive: true })],
    ['a listing but not the weights', { tree: true }, [], (cache) => rm(blob(cache, 'model.safetensors'))],
    [
      'weights that are cut off',
      { tree: true },
      [],
      (cache) => truncate(blob(cache, 'model.safetensors'), 1000),
    ],
  ];

  test.each(missing)(
    'a cache with %s is not enough: exit code 4 and what to do',
    async (_, options, more, damage) => {
      await using bench = await open();
      const cache = await cached(bench, options);
      await damage(cache);
      const run = await cache.fetch('models.tar', '--offline', ...more);
      expect(run).toMatchObject({ code: 4 });
      expect(run.stderr).toMatch(
        /^modelpack: the local cache does not hold .* of acme\/tiny-bert.*\nhint: run once without --offline/,
      );
      expect(bench.hub.log).toEqual([]);
      expect(await bench.folder.list()).toEqual(['home']);
    },
  );

  test('a damaged cache is found out: exit code 7, nothing written', async () => {
    await using bench = await open();
    const cache = await cached(bench);
    await flipBit(blob(cache, 'model.safetensors'), 5000);
    const run = await cache.fetch('models.tar', '--offline');
    expect(run).toMatchObject({ code: 7 });
    expect(run.json()).toMatchObject({
      error: { code: 'integrity', message: expect.stringContaining('model.safetensors') },
    });
    expect(await bench.folder.list()).toEqual(['home']);
  });

  test.each([
    ['no JSON', '{"format_version":1,'],
    ['of another version', '{"format_version":2,"files":{}}'],
    ['something else', '[]'],
    ['half wrong', '{"format_version":1,"files":{"config.json":null}}'],
  ])('a listing in the cache that is %s is not used', async (_, content) => {
    await using bench = await open();
    const { id: bundleId } = await online(bench);
    const cache = await cached(bench, { tree: true });
    await writeFile(join(cache.root, 'trees', `${bench.hub.commit(id)}.json`), content);
    const run = await cache.fetch('models.tar', '--offline');
    expect(run).toEqual({ ...run, code: 0 });
    expect(run.json()).toMatchObject({ id: bundleId });
  });

  test('a size check needs no request either', async () => {
    await using bench = await open();
    const checked = async (...options: string[]) =>
      (
        await bench.run(['size-check', id, '--json', ...options], {
          env: { HF_HOME: bench.folder.join('home') },
        })
      ).json<SizeReport>();
    const before = await checked();
    bench.hub.log.length = 0;
    await writeCache(bench.folder.join('home/hub'), bench.hub, id);
    expect(await checked('--offline')).toEqual(before);
    expect(bench.hub.log).toEqual([]);
  });
});
