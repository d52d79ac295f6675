import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { SizeReport } from '../../src/budget/report.ts';
import clipData from '../../src/source/catalog/clip.json' with { type: 'json' };
import type { FetchResult } from '../../src/verbs/fetch.ts';
import type { InspectResult } from '../../src/verbs/inspect.ts';
import { filesIn, membersOf } from '../helpers/bundle.ts';
import { hash, noise, openWebBench, requestsOf, type WebBench } from '../helpers/web-bench.ts';
import { zipOf } from '../helpers/zip.ts';
import { startHub, type Hub } from '../servers/hub/hub.ts';
import { big, tinyBert } from '../servers/hub/models.ts';
import { startS3, type S3Server } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const vit = clipData.models.find(({ name }) => name === 'ViT-B/32')!;
const vitPath = new URL(vit.url).pathname;
const releases = '/JaidedAI/EasyOCR/releases/download';

/** What the built-in catalogs name, with other bytes in it: sizes can be told, hashes are wrong. */
async function openMirror(): Promise<WebBench> {
  const zip = (member: string, size: number) => zipOf([{ name: member, data: noise(size) }]);
  const bench = await openWebBench({
    [`/pre/fix${vitPath}`]: noise(300_000),
    [`${releases}/pre-v1.1.6/craft_mlt_25k.zip`]: zip('craft_mlt_25k.pth', 200_000),
    [`${releases}/v1.3/english_g2.zip`]: zip('english_g2.pth', 100_000),
    [`${releases}/v1.3/zh_sim_g2.zip`]: zip('zh_sim_g2.pth', 50_000),
    [`${releases}/v1.3/japanese_g2.zip`]: zip('japanese_g2.pth', 40_000),
  });
  Object.assign(bench.env, {
    MODELPACK_MIRROR_CLIP: `${bench.web.origin}/pre/fix/`,
    MODELPACK_MIRROR_EASYOCR: bench.web.origin,
    MODELPACK_MIRROR_WHISPER: `${bench.web.origin}/whisper`,
  });
  return bench;
}

describe.concurrent('the built-in catalogs', () => {
  test('with a model of the Hub are checked from metadata alone', async () => {
    await using bench = await openMirror();
    await using hub = await startHub({ repos: [big({ id: 'acme/big', size: 436 * MiB })], lazy: true });
    const run = await bench.run(['size-check', 'clip:ViT-B/32', 'acme/big', 'easyocr:en', '--json'], { hub });
    const report = run.json<SizeReport>();
    expect(run.code).toBe(0);
    expect(report).toMatchObject({ fits: true, files: 6, size: 300_000 + report.targets[1]!.size + 300_000 });
    expect(report.targets.map(({ target, files }) => [target, files])).toEqual([
      ['clip:ViT-B/32', 1],
      ['acme/big', 3],
      ['easyocr:en', 2],
    ]);
    const asked = requestsOf(bench.web).map((line) =>
      line.replace(/^(.*) .*\/([^/]+?)( \d+-\d+)?$/, '$1 $2'),
    );
    expect(asked.toSorted()).toEqual([
      'GET craft_mlt_25k.zip', // the directories of the zips
      'GET english_g2.zip',
      'HEAD ViT-B-32.pt',
      'HEAD craft_mlt_25k.zip',
      'HEAD english_g2.zip',
    ]);
    for (const { bytes } of bench.web.log) expect(bytes).toBeLessThan(70_000);
    expect(new Set(hub.log.map(({ kind }) => kind))).toEqual(new Set(['info', 'tree']));
  });

  test('send EasyOCR for its detector and the recognizer of the languages', async () => {
    await using bench = await openMirror();
    const report = (await bench.run(['size-check', 'easyocr:en+ch_sim', '--json'])).json<SizeReport>();
    expect(report.largest.map(({ path }) => path)).toEqual([
      'easyocr/craft_mlt_25k.pth',
      'easyocr/zh_sim_g2.pth',
    ]);
  });

  test('count what two readers of EasyOCR share once, with a line for each', async () => {
    await using bench = await openMirror();
    const args = ['size-check', 'easyocr:en+ch_sim', 'easyocr:ja', '--json'];
    const report = (await bench.run(args)).json<SizeReport>();
    expect(report).toMatchObject({
      size: 200_000 + 50_000 + 40_000,
      targets: [
        { target: 'easyocr:en+ch_sim', size: 250_000, files: 2 },
        { target: 'easyocr:ja', size: 40_000, files: 1 },
      ],
    });
  });

  test.each([
    ['clip:ViT-B/32', /clip\/ViT-B-32\.pt has sha256 /],
    ['easyocr:en', /easyocr\/(craft_mlt_25k|english_g2)\.pth has md5 /],
  ])('check what %s comes to, and leave nothing of another file', async (source, message) => {
    await using bench = await openMirror();
    const run = await bench.run(['fetch', source, '-o', 'm.tar']);
    expect(run).toMatchObject({ code: 7, stdout: '' });
    expect(run.stderr).toMatch(message);
    expect(await bench.folder.list()).toEqual([]);
  });

  test.each<[source: string, code: number, message: RegExp, hint: RegExp]>([
    ['clip:ViT-B/99', 4, /clip has no model "ViT-B\/99"/, /RN50, .*ViT-L\/14@336px/],
    ['clip:', 2, /clip: names no model/, /clip:ViT-B\/32/],
    ['whisper:huge', 4, /whisper has no model "huge"/, /tiny\.en, .*turbo/],
    ['easyocr:en+xx', 4, /EasyOCR has no language "xx"/, /its languages are af, /],
    ['easyocr:ja+ko', 2, /one reader of EasyOCR cannot read/, /easyocr:ja easyocr:ko/],
    ['easyocr:sa', 2, /EasyOCR lists sa, but fails with it/, /leave sa out/],
    ['zoo:tiny', 2, /"zoo:" is no source/, /sources are .*clip:.*easyocr:.*whisper:.*https:/],
  ])('refuse %s', async (source, code, message, hint) => {
    await using bench = await openMirror();
    const run = await bench.run(['fetch', source, '-o', 'm.tar']);
    expect(run).toMatchObject({ code, stdout: '' });
    expect(run.stderr).toMatch(message);
    expect(run.stderr).toMatch(hint);
    expect(requestsOf(bench.web)).toEqual([]);
  });

  test.each<[env: Record<string, string>, message: RegExp]>([
    [{ MODELPACK_MIRROR_CLIP: 'mirror.example.com' }, /MODELPACK_MIRROR_CLIP is no web address/],
    [{ MODELPACK_MIRROR_CLIP: 'https://mirror.example.com/?x=1' }, /MODELPACK_MIRROR_CLIP is no web address/],
    [{ MODELPACK_MIRROR_CLIPP: 'https://mirror.example.com' }, /there is no catalog clipp to have a mirror/],
    [{ MODELPACK_CATALOGS: '/not/there' }, /no catalogs can be read in \/not\/there/],
  ])('refuse the setting %j', async (env, message) => {
    await using bench = await openWebBench();
    const run = await bench.run(['size-check', 'clip:RN50'], { env });
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(message);
  });

  test('ask for nothing offline', async () => {
    await using bench = await openMirror();
    const run = await bench.run(['fetch', 'clip:ViT-B/32', '-o', 'm.tar', '--offline']);
    expect(run.code).toBe(4);
    expect(run.stderr).toMatch(/clip:ViT-B\/32 is not on this machine/);
    expect(requestsOf(bench.web)).toEqual([]);
  });
});

describe.concurrent('a catalog of the user', () => {
  const weights = noise(3 * MiB);
  const vocab = Buffer.from('a b c');
  const files = { '/zoo/tiny.pt': weights, '/zoo/vocab.txt': vocab, '/zoo/big.pt': noise(MiB) };
  const tiny = {
    name: 'tiny',
    license: 'mit',
    files: [
      { path: 'tiny.pt', url: '/zoo/tiny.pt', sha256: hash(weights), size: weights.length },
      { path: 'text/vocab.txt', url: '/zoo/vocab.txt', sha256: hash(vocab) },
    ],
  };
  const bigOne = {
    name: 'big',
    files: [
      { path: 'big.pt', url: '/zoo/big.pt' },
      { path: 'text/vocab.txt', url: '/zoo/vocab.txt', sha256: hash(vocab) },
    ],
  };

  test('makes its scheme a source', async () => {
    await using bench = await openWebBench(files);
    await bench.catalog([tiny]);
    const run = await bench.run(['fetch', 'zoo:TINY', '-o', 'm.tar', '--json']);
    expect(run.json<FetchResult>()).toMatchObject({
      models: [{ name: 'zoo', source: 'zoo:tiny', revision: null }],
    });
    expect(await filesIn(bench.folder.join('m.tar'))).toEqual(['zoo/text/vocab.txt', 'zoo/tiny.pt']);
    const inspected = await bench.run(['inspect', 'm.tar', '--json']);
    expect(inspected.json<InspectResult>().models).toMatchObject([{ source: 'zoo:tiny', license: 'mit' }]);
    expect((await bench.run(['inspect', 'm.tar'])).stdout).toMatch(/^zoo .* zoo:tiny {2}mit$/m);
    expect((await bench.run(['verify', 'm.tar'])).code).toBe(0);
  });

  test('is not asked for sizes that it gives', async () => {
    await using bench = await openWebBench(files);
    await bench.catalog([tiny]);
    const report = (await bench.run(['size-check', 'zoo:tiny', '--json'])).json<SizeReport>();
    expect(report.size).toBe(weights.length + vocab.length);
    expect(requestsOf(bench.web)).toEqual(['HEAD /zoo/vocab.txt']);
  });

  test('that gives the size needs no server that does', async () => {
    await using bench = await openWebBench({
      '/zoo/tiny.pt': { body: weights, ranges: false, length: false },
    });
    await bench.catalog([{ name: 'tiny', files: [tiny.files[0]!] }]);
    const run = await bench.run(['fetch', 'zoo:tiny', '-o', 'm.tar', '--part-size', '1MiB']);
    expect(run.code, run.stderr).toBe(0);
    expect((await membersOf(bench.folder.join('m.tar'))).get('zoo/tiny.pt')?.equals(weights)).toBe(true);
  });

  test('whose models stand in one folder shares a file of theirs, in either order', async () => {
    await using bench = await openWebBench(files);
    await bench.catalog([tiny, bigOne]);
    const one = await bench.run(['fetch', 'zoo:tiny', 'zoo:big', '-o', 'one.tar', '--json']);
    const other = await bench.run(['fetch', 'zoo:big', 'zoo:tiny', '-o', 'other.tar', '--json']);
    expect(one.json<FetchResult>().id).toBe(other.json<FetchResult>().id);
    const expected = ['zoo/big.pt', 'zoo/text/vocab.txt', 'zoo/tiny.pt'];
    expect(await filesIn(bench.folder.join('one.tar'))).toEqual(expected);
    const twice = await bench.run(['fetch', 'zoo:tiny', 'zoo:tiny', '-o', 'twice.tar', '--json']);
    expect(twice.json<FetchResult>().models).toHaveLength(1);
  });

  test('with two files at one path is refused before a byte is read, and the way out works', async () => {
    await using bench = await openWebBench(files);
    await bench.catalog([tiny, { name: 'twin', files: [{ path: 'tiny.pt', url: '/zoo/big.pt' }] }]);
    const run = await bench.run(['fetch', 'zoo:tiny', 'zoo:twin', '-o', 'm.tar']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/two files at "zoo\/tiny\.pt"/);
    expect(run.stderr).toMatch(/^hint: .*name=source/m);
    expect(requestsOf(bench.web).filter((line) => line.startsWith('GET'))).toEqual([]);
    const named = await bench.run(['fetch', 'zoo:tiny', 'twin=zoo:twin', '-o', 'm.tar']);
    expect(named.code, named.stderr).toBe(0);
    expect(await filesIn(bench.folder.join('m.tar'))).toContain('twin/tiny.pt');
  });

  test('may take the place of a built-in one, and have a mirror', async () => {
    await using bench = await openWebBench({ '/mirror/en.pth': weights });
    await bench.catalog(
      [{ name: 'en', files: [{ path: 'en.pth', url: 'https://example.com/en.pth' }] }],
      'easyocr',
    );
    const env = { MODELPACK_MIRROR_EASYOCR: `${bench.web.origin}/mirror` };
    const run = await bench.run(['fetch', 'easyocr:en', '-o', 'm.tar'], { env });
    expect(run.code, run.stderr).toBe(0);
    expect(await filesIn(bench.folder.join('m.tar'))).toEqual(['easyocr/en.pth']);
  });

  test('that is wrong is named, with the field', async () => {
    await using bench = await openWebBench();
    await bench.catalog([{ name: 'tiny', files: [{ path: 'tiny.pt', url: '/x', sha256: '12' }] }]);
    const run = await bench.run(['size-check', 'zoo:tiny']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(
      /zoo\.json is wrong: models\[0\]\.files\[0\]\.sha256: it is not 64 hex digits/,
    );
    await bench.catalog([]);
    const empty = await bench.run(['size-check', 'zoo:tiny']);
    expect(empty.code).toBe(4);
  });

  test('with a size that is not that of the file ends with exit code 7', async () => {
    await using bench = await openWebBench(files);
    await bench.catalog([{ name: 'tiny', files: [{ ...tiny.files[0], size: 5 }] }]);
    const run = await bench.run(['fetch', 'zoo:tiny', '-o', 'm.tar']);
    expect(run).toMatchObject({ code: 7, stdout: '' });
    expect(await bench.folder.list()).toEqual([]);
  });
});

describe('one bundle of every source', () => {
  const craft = noise(2 * MiB);
  const english = noise(MiB);
  const weights = noise(5 * MiB);
  const local = './model_state_dict.pkl';
  const sources = ['acme/tiny-bert', 'acme/big', 'clip:ViT-B/32', 'easyocr:en', local];
  const member = (path: string, url: string, data: Buffer) => ({
    path,
    url,
    member: path,
    md5: hash(data, 'md5'),
  });

  let hub: Hub;
  let s3: S3Server;
  let bench: WebBench;
  let onDisk: FetchResult;
  let inS3: FetchResult;

  async function run(...args: string[]) {
    const outcome = await bench.run(args, { hub });
    expect(outcome.code, outcome.stderr).toBe(0);
    return outcome;
  }

  const fetchTo = async (output: string, from: readonly string[] = sources) =>
    (await run('fetch', ...from, '-o', output, '--json', '--part-size', '5MiB')).json<FetchResult>();

  beforeAll(async () => {
    hub = await startHub({ repos: [tinyBert(), big({ size: 6 * MiB })] });
    s3 = await startS3({ keys: { test: 'AS3cretOfThisTest' }, buckets: ['models'] });
    bench = await openWebBench({
      '/ViT-B-32.pt': weights,
      '/craft.zip': zipOf([{ name: 'craft_mlt_25k.pth', data: craft }]),
      '/english.zip': zipOf([{ name: 'english_g2.pth', data: english, method: 0 }]),
    });
    Object.assign(bench.env, {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'AS3cretOfThisTest',
      AWS_ENDPOINT_URL_S3: s3.endpoint,
    });
    const clip = [{ path: 'ViT-B-32.pt', url: '/ViT-B-32.pt', sha256: hash(weights) }];
    await bench.catalog([{ name: 'ViT-B/32', files: clip }], 'clip');
    const reader = [
      member('craft_mlt_25k.pth', '/craft.zip', craft),
      member('english_g2.pth', '/english.zip', english),
    ];
    await bench.catalog([{ name: 'en', files: reader }], 'easyocr');
    await bench.folder.write(local, Buffer.from('80049503000000000000007d942e', 'hex'));
    onDisk = await fetchTo('m.tar');
    inS3 = await fetchTo('s3://models/m.tar');
  }, 60_000);

  afterAll(async () => {
    for (const each of [bench, s3, hub]) await each[Symbol.asyncDispose]();
  });

  test('is the same in a file and in S3', async () => {
    expect(inS3).toMatchObject({ id: onDisk.id, size: onDisk.size, files: onDisk.files });
    const members = await membersOf(bench.folder.join('m.tar'));
    expect(members.get('easyocr/craft_mlt_25k.pth')?.equals(craft)).toBe(true);
    expect(members.get('easyocr/english_g2.pth')?.equals(english)).toBe(true);
    expect(members.get('clip/ViT-B-32.pt')?.equals(weights)).toBe(true);
    expect(members.has('model_state_dict.pkl/model_state_dict.pkl')).toBe(true);
  });

  test('is added up beforehand, with a line for each model', async () => {
    const checked = (await run('size-check', ...sources, '--json')).json<SizeReport>();
    expect(checked).toMatchObject({ bundleSize: onDisk.size, files: onDisk.files });
    expect(checked.targets.map(({ target }) => target)).toEqual(sources);
    const dry = await run('fetch', ...sources, '-o', 'dry.tar', '--dry-run');
    expect(dry.stdout).toContain(`(${onDisk.size} bytes)\nid ${onDisk.id}\n`);
    for (const source of sources) expect(dry.stdout).toMatch(new RegExp(`^  ${source} .*file`, 'm'));
  });

  test.each(['m.tar', 's3://models/m.tar'])('says in %s what is in it, and is whole', async (where) => {
    const inspected = (await run('inspect', where, '--json')).json<InspectResult>();
    expect(inspected.id).toBe(onDisk.id);
    expect(inspected.models.map(({ source, license }) => [source, license])).toEqual([
      ['hf:acme/big', 'apache-2.0'],
      ['hf:acme/tiny-bert', 'apache-2.0'],
      ['clip:ViT-B/32', undefined],
      ['easyocr:en', undefined],
      [local, undefined],
    ]);
    await run('verify', where);
    const checked = (await run('size-check', where, '--json')).json<SizeReport>();
    expect(checked).toMatchObject({ files: onDisk.files, bundleSize: onDisk.size });
  });

  test('is known in S3 by what the sources say, without a file whose hash nobody gives', async () => {
    const given = sources.filter((source) => source !== local);
    const first = await fetchTo('s3://models/given.tar', given);
    bench.web.log.length = 0;
    expect(await fetchTo('s3://models/given.tar', given)).toMatchObject({ id: first.id, skipped: true });
    for (const { bytes } of bench.web.log) expect(bytes).toBeLessThan(70_000);
  });
});
