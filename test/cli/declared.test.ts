import { mkdir, readFile, rm } from 'node:fs/promises';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import type { SizeReport } from '../../src/budget/report.ts';
import type { FetchResult } from '../../src/verbs/fetch.ts';
import type { LockResult } from '../../src/verbs/lock-project.ts';
import { flipBit } from '../helpers/bundle.ts';
import { files, model, openPipeline } from '../helpers/pipeline.ts';
import type { RunOptions } from '../helpers/run.ts';

const config = `
bundles:
  text:
    sources: [{source: ${model}, include: ['*.json', '*.txt']}]
    destination: text.tar
  all:
    sources: [whole=${model}, ./own]
    destination: s3://models/all/{id}.tar
    tags: {team: search}
    budgets: {gates: [memory], memory: 512MB}
`;
const pipeline = await openPipeline(config);
const { folder, hub, s3 } = pipeline;
afterAll(() => pipeline[Symbol.asyncDispose]());
let lock = '';

beforeEach(async () => {
  await folder.write('modelpack.yaml', config);
  await folder.write('modelpack.lock', lock);
  await folder.write('own/labels.json', '{}');
  if (!lock.includes(hub.commit(model))) {
    hub.move(model, 'main', files);
    await pipeline.lock();
    lock = await readFile(folder.join('modelpack.lock'), 'utf8');
  }
  await rm(folder.join('text.tar'), { force: true });
  pipeline.forget();
});

const run = (args: readonly string[], options?: RunOptions) => pipeline.run(args, options);
const idOf = (name: string) =>
  (JSON.parse(lock) as { bundles: Record<string, { id: string }> }).bundles[name]!.id;

interface Several<T> {
  readonly schema: string;
  readonly bundles: readonly { readonly bundle: string; readonly result: T }[];
}

describe('a command without arguments', () => {
  it('fetches every bundle to its destination, and one by its name', async () => {
    const all = await run(['fetch', '--json']);
    expect(all.code, all.stderr).toBe(0);
    const { schema, bundles } = all.json<Several<FetchResult>>();
    expect(schema).toBe('modelpack.bundles/1');
    expect(bundles.map(({ bundle, result }) => [bundle, result.id, result.location])).toEqual([
      ['text', idOf('text'), 'text.tar'],
      ['all', idOf('all'), `s3://models/all/${idOf('all')}.tar`],
    ]);
    expect(s3.object('models', `all/${idOf('all')}.tar`)).toMatchObject({ tags: { team: 'search' } });

    const one = await run(['fetch', '--bundle', 'text', '--json', '-o', 'elsewhere.tar']);
    expect(one.json<FetchResult>()).toMatchObject({ id: idOf('text'), location: 'elsewhere.tar' });
  });

  it('takes the name from MODELPACK_BUNDLE, which for the loaders is where a bundle is', async () => {
    const checked = (value: string) => run(['size-check', '--json'], { env: { MODELPACK_BUNDLE: value } });
    expect((await checked('text')).json<SizeReport>().schema).toBe('modelpack.size-check/1');
    for (const location of ['s3://models/text.tar', 'text.tar', '/mnt/text'])
      expect((await checked(location)).json<Several<SizeReport>>().bundles.length).toBe(2);
  });

  it('works from a folder below, with paths of the folder that the configuration is in', async () => {
    await mkdir(folder.join('deep/er'), { recursive: true });
    const { code, stdout, stderr } = await run(['fetch'], { cwd: folder.join('deep/er') });
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^\.\.\/\.\.\/text\.tar\ns3:/);
    expect(await folder.list()).toContain('text.tar');
  });

  it('checks the sizes, each with its own budgets', async () => {
    const { code, json } = await run(['size-check', '--json']);
    expect(code).toBe(3);
    const reports = json<Several<SizeReport>>().bundles.map(({ bundle, result }) => [
      bundle,
      result.gate,
      result.fits,
    ]);
    expect(reports).toEqual([
      ['text', ['tmp'], true],
      ['all', ['memory'], false],
    ]);
    expect(await run(['size-check', '--memory', '2GB'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^bundle text\n/),
    });
  });

  it('verifies, inspects and unpacks what was shipped, there where it is', async () => {
    await run(['fetch']);
    const name = ['--bundle', 'all'];
    expect((await run(['verify', ...name])).code).toBe(0);
    expect((await run(['inspect', ...name, '--json'])).json()).toMatchObject({ id: idOf('all') });
    expect((await run(['unpack', ...name, folder.join('out')])).code).toBe(0);
    expect(await readFile(folder.join('out/own/labels.json'), 'utf8')).toBe('{}');
    expect(await run(['verify'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/has several bundles\nhint: .*--bundle text/),
    });
    await flipBit(folder.join('text.tar'), 3000);
    expect(await run(['verify', '--bundle', 'text'])).toMatchObject({ code: 7 });
  });

  it('uploads to the destination, with its tags', async () => {
    await run(['fetch', '--bundle', 'all', '-o', 'all.tar']);
    const { code, stdout } = await run(['upload', 'all.tar', '--bundle', 'all', '--force']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `s3://models/all/${idOf('all')}.tar\n` });
    expect(s3.object('models', `all/${idOf('all')}.tar`)).toMatchObject({ tags: { team: 'search' } });
  });

  it.each([
    [['fetch', '--bundle', 'txt'], /modelpack\.yaml has no bundle txt\nhint: it has text, all$/m],
    [['fetch', '--config', 'nowhere.yaml'], /there is no nowhere\.yaml/],
    [['fetch', model, '-o', 'x.tar', '--bundle', 'text'], /--bundle is for the bundles of modelpack\.yaml/],
    [['fetch', '-o', 'x.tar'], /modelpack\.yaml has several bundles/],
    [['fetch', '--include', '*'], /--include is for sources that are named beside it\nhint: .*include:$/m],
    [['lock', '--bundle', 'txt'], /has no bundle txt/],
    [['unpack', '--bundle', 'all'], /missing required argument 'folder'/],
  ])('%j says what is wrong', async (args, message) => {
    const { code, stderr } = await run(args);
    expect(stderr).toMatch(message);
    expect([2, 4]).toContain(code);
  });

  it('does not choose between two configurations', async () => {
    await folder.write('modelpack.yml', config);
    const { code, stderr } = await run(['lock', '--check']);
    await rm(folder.join('modelpack.yml'));
    expect(code).toBe(2);
    expect(stderr).toContain('there are modelpack.yaml and modelpack.yml\nhint: ');
  });
});

describe('fetch --frozen', () => {
  it('ships what is locked though upstream moved on, and is the default in CI', async () => {
    const moved = files.map((file) =>
      file.path === 'vocab.txt' ? { ...file, content: Buffer.from('new\n') } : file,
    );
    hub.move(model, 'main', moved);
    const frozen = await run(['fetch', '--bundle', 'text', '--json'], { env: { CI: '1' } });
    expect(frozen.json<FetchResult>(), frozen.stderr).toMatchObject({ id: idOf('text'), skipped: false });
    const now = await run(['fetch', '--bundle', 'text', '--json', '--no-frozen'], { env: { CI: '1' } });
    expect(now.json<FetchResult>().id).not.toBe(idOf('text'));
  });

  it('asks nobody while the destination has it', async () => {
    await run(['fetch', '--frozen']);
    pipeline.forget();
    expect((await run(['fetch', '--frozen', '--bundle', 'text', '--json'])).json()).toMatchObject({
      skipped: true,
    });
    expect(pipeline.asked()).toEqual([]);
  });

  it('refuses a folder that is not what is locked, and leaves nothing', async () => {
    await folder.write('own/labels.json', '[]');
    const { code, stderr } = await run(['fetch', '--frozen', '--bundle', 'all', '-o', 'new.tar']);
    expect(code).toBe(7);
    expect(stderr).toMatch(/own\/labels\.json has sha256 /);
    await folder.write('own/labels.json', '[1]');
    const other = await run(['fetch', '--frozen', '--bundle', 'all', '-o', 'new.tar']);
    expect(other).toMatchObject({ code: 3, stdout: '' });
    expect(other.stderr).toContain(
      'labels.json of ./own has 3 bytes, the lock says 2\nhint: see what changed: modelpack lock --check',
    );
    expect((await folder.list()).filter((name) => name.startsWith('new.tar'))).toEqual([]);
  });

  it.each([
    ['no lock', () => rm(folder.join('modelpack.lock')), /there is no modelpack\.lock\nhint: /],
    [
      'no such bundle in it',
      () => folder.write('modelpack.yaml', config.replace('text:', 'texts:')),
      /out of date: it has no bundle texts\n/,
    ],
    [
      'a source less',
      () => folder.write('modelpack.yaml', config.replace(', ./own', '')),
      /out of date: \.\/own is locked and not asked for any more\n/,
    ],
  ])('refuses %s', async (_, spoil, message) => {
    await spoil();
    const { code, stderr } = await run(['fetch', '--frozen']);
    expect(stderr).toMatch(message);
    expect(code).toBe(3);
    expect(pipeline.asked()).toEqual([]);
  });
});

describe('lock', () => {
  it('writes the same bytes again, and reads no file for it', async () => {
    expect((await run(['lock'])).code).toBe(0);
    expect(await readFile(folder.join('modelpack.lock'), 'utf8')).toBe(lock);
    expect([...new Set(pipeline.asked())]).toEqual(['hub info', 'hub tree']);
  });

  it('--check says that all is as locked, or what is not', async () => {
    expect(await run(['lock', '--check'])).toMatchObject({ code: 0 });
    hub.move(
      model,
      'main',
      files.filter(({ path }) => path !== 'vocab.txt'),
    );
    const { code, stdout, json } = await run(['lock', '--check', '--json']);
    expect(code, stdout).toBe(3);
    const { upToDate, bundles } = json<LockResult>();
    expect(upToDate).toBe(false);
    expect(bundles.map(({ bundle, files: changed }) => [bundle, changed.map(({ path }) => path)])).toEqual([
      ['text', [`${model}/vocab.txt`]],
      ['all', ['whole/vocab.txt']],
    ]);
    expect(await readFile(folder.join('modelpack.lock'), 'utf8')).toBe(lock);
  });

  it('--bundle takes that one anew, and leaves the others as they are locked', async () => {
    hub.move(model, 'main', files.slice(0, -1));
    expect((await run(['lock', '--bundle', 'text'])).code).toBe(0);
    const { result } = { result: (await run(['lock', '--check', '--json'])).json<LockResult>() };
    expect(result.bundles.map(({ bundle, upToDate }) => [bundle, upToDate])).toEqual([
      ['text', true],
      ['all', false],
    ]);
  });

  it('writes a broken lock anew, unless the rest of it would be lost', async () => {
    await folder.write('modelpack.lock', lock.replace('"size"', '"sice"'));
    expect(await run(['lock', '--bundle', 'text'])).toMatchObject({ code: 3 });
    expect(await run(['lock'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('it is written anew'),
    });
    expect(await readFile(folder.join('modelpack.lock'), 'utf8')).toBe(lock);
  });

  it('leaves a lock of a newer version alone', async () => {
    const newer = lock.replace('"version": 1', '"version": 2');
    await folder.write('modelpack.lock', newer);
    expect(await run(['lock'])).toMatchObject({ code: 2 });
    expect(await readFile(folder.join('modelpack.lock'), 'utf8')).toBe(newer);
  });
});
