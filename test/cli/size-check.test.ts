import { stat } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import type { SizeReport } from '../../src/budget/report.ts';
import type { FetchResult } from '../../src/verbs/fetch.ts';
import { openBench, type Bench } from '../helpers/bench.ts';
import { foreignTar } from '../helpers/bundle.ts';
import { wrongSize, type HubOptions, type Repo } from '../servers/hub/hub.ts';
import { big, hostile, many, tinyBert } from '../servers/hub/models.ts';

const MB = 1024 * 1024;
const id = 'acme/tiny-bert';
const tiny = tinyBert({ size: 600_000, copySize: 50_000 });
const other: Repo = {
  id: 'acme/other',
  revisions: { main: [{ path: 'model.onnx', storage: 'lfs', content: { size: 123_456, seed: 3 } }] },
};

function open(options: Partial<HubOptions> = {}): Promise<Bench> {
  return openBench({ repos: [tiny, other], lazy: true, ...options });
}

async function check(bench: Bench, ...args: readonly string[]): Promise<SizeReport> {
  return (await bench.run(['size-check', ...args, '--json'])).json<SizeReport>();
}

/** Lets a file be as large as a budget needs it to be, without its bytes. */
function pretend(bench: Bench, size: number): void {
  bench.hub.fault({ kind: 'tree', action: wrongSize('model.onnx', size) });
}

function budget(report: SizeReport, name: string) {
  return report.budgets.find((each) => each.name === name);
}

describe.concurrent('a size check', () => {
  test('of 2,000 files takes a request for the commit and one for each page', async () => {
    await using bench = await open({ repos: [many({ files: 2000 })] });
    const report = await check(bench, 'acme/many');
    expect(report).toMatchObject({ files: 2000, fits: true });
    const pages = bench.hub.log.filter(({ kind }) => kind === 'tree');
    expect(pages.length).toBe(3); // 2,000 files in 20 folders
    expect(bench.hub.log.length).toBeLessThanOrEqual(pages.length + 2);
    expect(bench.hub.log.filter(({ kind }) => kind !== 'tree' && kind !== 'info')).toEqual([]);
  });

  test('is one JSON document, and says what a real fetch will give', async () => {
    await using bench = await open();
    const run = await bench.run(['size-check', id, 'acme/other@main', '--json']);
    const report = run.json<SizeReport>();
    expect(run.code).toBe(0);
    expect(bench.hub.log.filter(({ kind }) => kind !== 'tree' && kind !== 'info')).toEqual([]);
    expect(Object.keys(report)).toEqual([
      'schema',
      'targets',
      'size',
      'bundleSize',
      'files',
      'largest',
      'leftOut',
      'budgets',
      'gate',
      'fits',
      'advice',
    ]);

    const fetched = await bench.run(['fetch', id, 'acme/other', '-o', 'models.tar', '--json']);
    const real = fetched.json<FetchResult>();
    expect(report).toMatchObject({
      schema: 'modelpack.size-check/1',
      bundleSize: real.size,
      files: real.files,
      budgets: real.budgets,
      gate: ['tmp'],
      fits: true,
    });
    expect(report.bundleSize).toBe((await stat(bench.folder.join('models.tar'))).size);
    const { hub } = bench;
    expect(report.targets).toEqual([
      { target: id, revision: hub.commit(id), size: expect.any(Number), files: 7 },
      { target: 'acme/other@main', revision: hub.commit('acme/other'), size: 123_456, files: 1 },
    ]);
  });

  test('adds up', async () => {
    await using bench = await open();
    const report = await check(bench, id, 'acme/other');
    const { targets, size, bundleSize, files, largest, leftOut, budgets } = report;
    expect(Object.keys(targets[0]!)).toEqual(['target', 'revision', 'size', 'files']);
    expect(size).toBe(targets[0]!.size + targets[1]!.size);
    expect(files).toBe(targets[0]!.files + targets[1]!.files);
    expect(largest.length).toBe(8);
    expect(largest[0]).toEqual({
      path: `${id}/model.safetensors`,
      size: bench.hub.file(id, 'model.safetensors').size,
    });
    expect(largest.reduce((sum, file) => sum + file.size, 0)).toBe(size);

    const everything = bench.hub.files(id).reduce((sum, file) => sum + file.size, 0);
    expect(Object.keys(leftOut)).toEqual(['size', 'files', 'reasons']);
    expect(leftOut.size).toBe(everything - targets[0]!.size);
    expect(leftOut.files).toBe(bench.hub.files(id).length - targets[0]!.files);
    expect(leftOut.reasons.reduce((sum, reason) => sum + reason.size, 0)).toBe(leftOut.size);
    expect(leftOut.reasons.reduce((sum, reason) => sum + reason.files, 0)).toBe(leftOut.files);

    const blocks = largest.reduce((sum, file) => sum + Math.ceil(file.size / 4096) * 4096, 0);
    const tar = Math.ceil(bundleSize / 4096) * 4096;
    expect(budgets.map(({ name, limit, needed }) => [name, limit, needed])).toEqual([
      ['tmp', 512 * MB, blocks],
      ['tmp-naive', 512 * MB, tar + blocks],
      ['tmp-max', 10_240 * MB, blocks],
      ['snapstart', 512 * MB, blocks],
      ['memory', 10_240 * MB, bundleSize + 512 * MB],
      ['package', 250 * MB, size],
      ['image', 10_240 * MB, size],
    ]);
    for (const each of budgets) {
      expect(Object.keys(each)).toEqual(['name', 'limit', 'needed', 'fits', 'over', 'headroom', 'note']);
      expect(each.needed + each.headroom - each.over).toBe(each.limit);
      expect(each.fits).toBe(each.over === 0);
    }
  });

  test('counts what the patterns leave, as fetch does', async () => {
    await using bench = await open();
    const [all, some, weights] = [
      await check(bench, id, '--all'),
      await check(bench, id, '--include', '*.json', '--exclude', 'token*'),
      await check(bench, id, '--weights', 'pytorch'),
    ];
    expect(all).toMatchObject({
      files: bench.hub.files(id).length,
      leftOut: { size: 0, files: 0, reasons: [] },
    });
    expect(some.largest.map(({ path }) => path).toSorted()).toEqual([
      `${id}/config.json`,
      `${id}/special_tokens_map.json`,
    ]);
    expect(weights.largest.map(({ path }) => path)).toContain(`${id}/pytorch_model.bin`);
    expect(weights.largest.map(({ path }) => path)).not.toContain(`${id}/model.safetensors`);
  });

  test('takes folders, bundles and models, and adds them up', async () => {
    await using bench = await open();
    await bench.run(['fetch', id, '-o', 'models.tar']);
    await bench.folder.write('local/a.bin', Buffer.alloc(5000));
    await bench.folder.write('local/deep/b.bin', Buffer.alloc(70));
    bench.hub.log.length = 0;
    const bundle = await check(bench, 'models.tar');
    const local = await check(bench, './local');
    expect(bench.hub.log).toEqual([]);
    expect(bundle).toMatchObject({
      bundleSize: (await stat(bench.folder.join('models.tar'))).size,
      files: 7,
    });
    expect(bundle.targets).toEqual([{ target: 'models.tar', revision: null, size: bundle.size, files: 7 }]);
    expect(local).toMatchObject({
      size: 5070,
      files: 2,
      largest: [
        { path: 'local/a.bin', size: 5000 },
        { path: 'local/deep/b.bin', size: 70 },
      ],
    });

    const all = await check(bench, './local', 'models.tar', 'acme/other');
    expect(all).toMatchObject({ size: 5070 + bundle.size + 123_456, files: 10 });
    expect(all.targets.map(({ target }) => target)).toEqual(['./local', 'models.tar', 'acme/other']);
    const together = await bench.run(['fetch', './local', id, 'acme/other', '-o', 'all.tar', '--json']);
    expect(all.bundleSize).toBe(together.json<FetchResult>().size);
  });

  test('of a gated model needs no token: its listing is public', async () => {
    await using bench = await open({ repos: [{ ...tiny, gated: 'manual' }] });
    expect(await check(bench, id)).toMatchObject({ files: 7, fits: true });
    expect(bench.hub.log.filter(({ status }) => status !== 200)).toEqual([]);
  });

  test('leaves nothing on the disk', async () => {
    await using bench = await open();
    await check(bench, id);
    expect(await bench.folder.list()).toEqual([]);
  });

  test.each([
    [['acme/missing'], 4, /no model acme\/missing/],
    [['./missing'], 4, /there is no \.\/missing/],
    [['acme/tiny-bert@missing'], 4, /no revision "missing"/],
    [['foreign.tar'], 2, /hint: .*\.\/foreign\.tar/],
    [[id, id], 2, /hint: .*name=source/],
    [['zoo:tiny'], 2, /no source that modelpack knows/],
  ])('of %j ends with %i', async (targets, code, said) => {
    await using bench = await open();
    await bench.folder.write('foreign.tar', await foreignTar());
    const run = await bench.run(['size-check', ...targets]);
    expect(run).toMatchObject({ code, stdout: '' });
    expect(run.stderr).toMatch(said);
  });

  test('of hostile names ends as the fetch would', async () => {
    await using bench = await open({ repos: [hostile()] });
    expect(await bench.run(['size-check', 'acme/hostile', '--all'])).toMatchObject({ code: 7, stdout: '' });
  });
});

describe.concurrent('the budgets of a size check', () => {
  test('are exceeded by two everyday models: exit code 3', async () => {
    const bert = big({ id: 'acme/bert-base', size: 436 * MB, seed: 1 });
    const clip = big({ id: 'acme/clip-vit', size: 338 * MB, seed: 2 });
    await using bench = await open({ repos: [bert, clip] });
    const run = await bench.run(['size-check', 'acme/bert-base', 'acme/clip-vit']);
    expect(run).toMatchObject({ code: 3 });
    expect(run.stdout).toMatch(/^2 models, 6 files, 774 MB/);
    expect(run.stdout).toMatch(/✗ \/tmp, unpacked +774 MB +512 MB .* over by 262 MB +← decides/);
    expect(run.stdout).toMatch(/modelpack fetch acme\/bert-base acme\/clip-vit -o s3:\/\//);
    expect(run.stderr).not.toMatch(/^modelpack:/m);

    const report = await check(bench, 'acme/bert-base', 'acme/clip-vit');
    expect(report).toMatchObject({ fits: false, gate: ['tmp'] });
    expect(budget(report, 'tmp')).toMatchObject({
      fits: false,
      over: report.budgets[0]!.needed - 512 * MB,
      headroom: 0,
    });
    expect(report.advice.map(({ code }) => code)).toContain('stream-into-memory');
    for (const one of ['acme/bert-base', 'acme/clip-vit'])
      expect(await check(bench, one)).toMatchObject({ fits: true });
  });

  interface Case {
    readonly size: number;
    readonly options: readonly string[];
    readonly code: 0 | 3;
  }
  const cases: Case[] = [
    { size: 512 * MB, options: [], code: 0 },
    { size: 512 * MB + 1, options: [], code: 3 },
    { size: 512 * MB + 1, options: ['--tmp', '513MB'], code: 0 },
    { size: 512 * MB + 1, options: ['--tmp', '1GB', '--gate', 'snapstart'], code: 3 },
    { size: 512 * MB + 1, options: ['--gate', 'memory'], code: 0 },
    { size: 512 * MB + 1, options: ['--gate', 'memory', '--memory', '1024MB'], code: 3 },
    { size: 512 * MB + 1, options: ['--gate', 'memory', '--memory', '1025MB'], code: 0 },
    { size: 512 * MB + 1, options: ['--gate', 'memory', '--gate', 'tmp'], code: 3 },
    { size: 250 * MB, options: ['--gate', 'package'], code: 0 },
    { size: 250 * MB + 1, options: ['--gate', 'package'], code: 3 },
    { size: 10_240 * MB + 1, options: ['--gate', 'image'], code: 3 },
    { size: 10_240 * MB + 1, options: ['--tmp', '10GB'], code: 3 },
    { size: 200_000 * MB, options: ['--gate', 'memory'], code: 3 },
  ];

  test.each(cases)('$size bytes with $options: $code', async ({ size, options, code }) => {
    await using bench = await open();
    pretend(bench, size);
    const run = await bench.run(['size-check', 'acme/other', ...options, '--json']);
    expect(run).toMatchObject({ code });
    const gates = options.filter((_, i) => options[i - 1] === '--gate');
    expect(run.json<SizeReport>()).toMatchObject({
      fits: code === 0,
      size,
      gate: gates.length > 0 ? gates : ['tmp'],
    });
  });

  test('are those of the function as it is configured', async () => {
    await using bench = await open();
    const report = await check(bench, 'acme/other', '--tmp', '2GB', '--memory', '3008MB');
    expect(budget(report, 'tmp')?.limit).toBe(2048 * MB);
    expect(budget(report, 'tmp-naive')?.limit).toBe(2048 * MB);
    expect(budget(report, 'snapstart')?.limit).toBe(512 * MB);
    expect(budget(report, 'memory')?.limit).toBe(3008 * MB);
  });

  test.each([
    ['--tmp', '511MB', /512MB to 10240MB/],
    ['--tmp', '11GB', /512MB to 10240MB/],
    ['--tmp', 'lots', /a size is a number with a unit/],
    ['--memory', '64MB', /128MB to 10240MB/],
    ['--gate', 'disk', /one of tmp, snapstart, memory, package, image/],
    ['--format', 'xml', /text, json, markdown, github/],
  ])('take no %s %s', async (option, value, said) => {
    await using bench = await open();
    const run = await bench.run(['size-check', 'acme/other', option, value]);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(said);
    expect(bench.hub.log).toEqual([]);
  });
});

describe.concurrent('the report of a size check', () => {
  test('is text for people unless told otherwise', async () => {
    await using bench = await open();
    const { stdout, stderr } = await bench.run(['size-check', id]);
    expect(stdout).toMatch(/^1 model, 7 files, .* MB = 1024² bytes, as Lambda counts\n/);
    expect(stdout).toMatch(/^ {2}acme\/tiny-bert@[0-9a-f]{7} .*left out/m);
    for (const label of ['/tmp, unpacked', 'SnapStart', 'memory, streamed', 'zip package', 'container image'])
      expect(stdout).toMatch(new RegExp(`^✓ ${label} `, 'm'));
    expect(stdout).toContain(`${id}/model.safetensors`);
    expect(stdout).toContain(`modelpack fetch ${id} -o models.tar`);
    // oxlint-disable-next-line no-control-regex -- colours are what must not be there
    expect(stdout + stderr).not.toMatch(/\u001b|\r/);
  });

  test('is the same document with --json and with --format json', async () => {
    await using bench = await open();
    const [json, format] = [
      await bench.run(['size-check', id, '--json']),
      await bench.run(['size-check', id, '--format', 'json']),
    ];
    expect(format.json()).toEqual(json.json());
  });

  test('can be a table of Markdown', async () => {
    await using bench = await open();
    pretend(bench, 600 * MB);
    const run = await bench.run(['size-check', 'acme/other', '--format', 'markdown']);
    expect(run).toMatchObject({ code: 3 });
    expect(run.stdout).toMatch(/^\|.*\|\n\|[ :|-]+\|\n/m);
    expect(run.stdout).toContain('600 MB');
  });

  test('can be annotations of GitHub', async () => {
    await using bench = await open();
    pretend(bench, 600 * MB);
    const run = await bench.run(['size-check', 'acme/other', '--format', 'github']);
    expect(run).toMatchObject({ code: 3 });
    expect(run.stdout).toMatch(/^::error/m);
    expect(run.stdout).toMatch(/over by 88 MB/);
  });
});
