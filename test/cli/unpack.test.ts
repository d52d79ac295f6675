import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import type { UnpackResult } from '../../src/verbs/unpack.ts';
import { openBench } from '../helpers/bench.ts';
import { membersOf } from '../helpers/bundle.ts';
import { writeBundle, type MadeModel } from '../helpers/made-bundle.ts';
import { modelpack, type Outcome } from '../helpers/run.ts';
import { temporaryFolder, type TemporaryFolder } from '../helpers/tmp.ts';
import { modeOf, treeOf } from '../helpers/tree.ts';
import { odd, tinyBert } from '../servers/hub/models.ts';

const commit = 'c0ffee'.padEnd(40, '0');
const bert: MadeModel = {
  name: 'acme/bert',
  source: 'hf:acme/bert',
  revision: commit,
  ref: 'main',
  files: { 'config.json': '{}', 'model.safetensors': 'the weights', '1_Pooling/config.json': '{"a":1}' },
};
const reader: MadeModel = {
  name: 'easyocr',
  source: 'easyocr:en',
  files: { 'craft_mlt_25k.pth': 'detector', 'english_g2.pth': 'recognizer' },
};
const clip: MadeModel = { name: 'clip', source: 'clip:ViT-B/32', files: { 'ViT-B-32.pt': 'clip' } };
const whisper: MadeModel = { name: 'whisper', source: 'whisper:base', files: { 'base.pt': 'whisper' } };
const own: MadeModel = { name: 'own', source: './own', files: { 'state.pkl': 'state' } };
const all = [bert, reader, clip, whisper, own];

/** A folder with a bundle in it, and the command line run there. */
async function openWith(models: readonly MadeModel[]) {
  const folder = await temporaryFolder();
  const bundle = await writeBundle(folder.join('models.tar'), models);
  const run = (...args: string[]) => modelpack(['unpack', 'models.tar', ...args], { cwd: folder.path });
  return { folder, bundle, run, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

function document({ code, stderr, json }: Outcome): UnpackResult {
  expect(code, stderr).toBe(0);
  return json<UnpackResult>();
}

/** What is said of a run with exit code 2 and a hint, which has changed nothing. */
async function refusalOf(folder: TemporaryFolder, run: () => Promise<Outcome>): Promise<string> {
  const before = await treeOf(folder.path);
  const outcome = await run();
  expect(outcome).toEqual({ ...outcome, code: 2, stdout: '' });
  expect(outcome.stderr).toMatch(/\nhint: ./);
  expect(await treeOf(folder.path)).toEqual(before);
  return outcome.stderr;
}

describe.concurrent('unpack', () => {
  test('writes <model>/<path> into a new folder, and says where', async () => {
    await using stand = await openWith([bert, own]);
    const { code, stdout, stderr } = await stand.run('some/new/folder');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'some/new/folder\n' });
    expect(stderr).toMatch(/written in .*\n4 files, 25 B, every hash checked; id [0-9a-f]{12}\n$/);
    expect(await treeOf(stand.folder.join('some/new/folder'))).toEqual({
      'acme/bert/config.json': '{}',
      'acme/bert/model.safetensors': 'the weights',
      'acme/bert/1_Pooling/config.json': '{"a":1}',
      'own/state.pkl': 'state',
    });
  });

  test('gives files and folders the usual modes', async () => {
    await using stand = await openWith([bert]);
    document(await stand.run('out', '--json'));
    const umask = process.umask();
    expect(await modeOf(stand.folder.join('out/acme/bert/config.json'))).toBe(0o644 & ~umask);
    for (const path of ['out', 'out/acme', 'out/acme/bert']) {
      expect(await modeOf(stand.folder.join(path))).toBe(0o755 & ~umask);
    }
  });

  test('--json is one document', async () => {
    await using stand = await openWith(all);
    const result = document(await stand.run('out', '--json', '--layout', 'cache'));
    const where = stand.folder.join('out');
    expect(result).toEqual({
      schema: 'modelpack.unpack/1',
      location: 'out',
      id: stand.bundle.id,
      layout: 'cache',
      files: 8,
      size: 54,
      models: [
        { ...sourceOf(bert), path: `out/models--acme--bert/snapshots/${commit}` },
        { ...sourceOf(clip), path: 'out' },
        { ...sourceOf(reader), path: 'out/model' },
        { ...sourceOf(own), path: 'out/own' },
        { ...sourceOf(whisper), path: 'out' },
      ],
      libraries: [
        {
          name: 'huggingface_hub',
          variables: { HF_HUB_CACHE: where, HF_HUB_OFFLINE: '1' },
          arguments: { cache_dir: where },
        },
        { name: 'clip.load', variables: {}, arguments: { download_root: where } },
        { name: 'easyocr', variables: { EASYOCR_MODULE_PATH: where }, arguments: {} },
        { name: 'whisper.load_model', variables: {}, arguments: { download_root: where } },
      ],
      transfer: { written: 54, reused: 0, seconds: expect.any(Number) },
    });
  });

  test('--layout cache puts each file where its library looks, and says what to set', async () => {
    await using stand = await openWith(all);
    const { code, stdout } = await stand.run('out', '--layout', 'cache', '--quiet');
    const where = stand.folder.join('out');
    expect({ code, lines: stdout.split('\n') }).toEqual({
      code: 0,
      lines: [
        'out',
        `in the environment: HF_HUB_CACHE=${where} HF_HUB_OFFLINE=1 EASYOCR_MODULE_PATH=${where}`,
        `in the code: cache_dir="${where}" (huggingface_hub), download_root="${where}" (clip.load, whisper.load_model)`,
        '',
      ],
    });
    const snapshot = `models--acme--bert/snapshots/${commit}`;
    expect(await treeOf(where)).toEqual({
      'models--acme--bert/refs/main': commit,
      [`${snapshot}/config.json`]: '{}',
      [`${snapshot}/model.safetensors`]: 'the weights',
      [`${snapshot}/1_Pooling/config.json`]: '{"a":1}',
      'model/craft_mlt_25k.pth': 'detector',
      'model/english_g2.pth': 'recognizer',
      'user_network/': '',
      'ViT-B-32.pt': 'clip',
      'base.pt': 'whisper',
      'own/state.pkl': 'state',
    });
  });

  test('tells how far it is, as lines of JSON too', async () => {
    await using stand = await openWith(all);
    const { stderr } = await stand.run('out', '--progress', 'json');
    const events = stderr
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { type: string; count?: number; path?: string });
    const transfer = { verb: 'unpack', to: 'out', total: stand.bundle.size, reused: 0, files: 8 };
    expect(events).toContainEqual({ type: 'transfer', ...transfer });
    expect(events.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(stand.bundle.size);
    expect(events.filter(({ type }) => type === 'file').map(({ path }) => path)).toEqual(
      stand.bundle.layout.members.slice(1).map(({ path }) => path),
    );
    expect(events.at(-1)).toEqual({ type: 'stored', location: 'out' });
  });

  test('of models without a library says nothing to set', async () => {
    await using stand = await openWith([own]);
    expect(await stand.run('out', '--layout', 'cache', '--quiet')).toMatchObject({
      code: 0,
      stdout: 'out\n',
    });
  });

  test('gives what the Hub has: long and strange names, empty files, files of many parts', async () => {
    await using bench = await openBench({ repos: [odd(), tinyBert({ size: 20_000_000 })] });
    await bench.run(['fetch', 'acme/odd', 'acme/tiny-bert', '--all', '-o', 'models.tar']);
    const result = document(await bench.run(['unpack', 'models.tar', 'out', '--json', '--jobs', '3']));
    const members = await membersOf(bench.folder.join('models.tar'));
    members.delete('modelpack.json');
    expect(result.files).toBe(members.size);
    const tree = await treeOf(bench.folder.join('out'));
    expect(Object.keys(tree).toSorted()).toEqual([...members.keys()].toSorted());
    for (const [path, bytes] of members) {
      expect(bytes.equals(Buffer.from(tree[path]!, 'latin1')), path).toBe(true);
    }
  });
});

function sourceOf({ name, source, revision }: MadeModel) {
  return { name, source, revision: revision ?? null };
}

describe.concurrent('unpack --only', () => {
  test.each([
    [['own/*'], ['own/state.pkl']],
    [['*.json'], ['acme/bert/1_Pooling/config.json', 'acme/bert/config.json']],
    [
      ['acme/bert/config.json', 'cl[i]p/'],
      ['acme/bert/config.json', 'clip/ViT-B-32.pt'],
    ],
    [['*'], 8],
  ])('%j takes these alone', async (globs, expected) => {
    await using stand = await openWith(all);
    const result = document(await stand.run('out', '--json', ...globs.flatMap((glob) => ['--only', glob])));
    const paths = Object.keys(await treeOf(stand.folder.join('out'))).toSorted();
    expect(typeof expected === 'number' ? paths.length : paths).toEqual(expected);
    expect(result.files).toBe(paths.length);
    expect(new Set(result.models.map(({ name }) => name))).toEqual(
      new Set(
        all.map(({ name }) => name).filter((name) => paths.some((path) => path.startsWith(`${name}/`))),
      ),
    );
  });

  test('that matches nothing has exit code 4, and makes nothing', async () => {
    await using stand = await openWith(all);
    const { code, stderr } = await stand.run('out', '--only', '*.gguf', '--only', 'bert/*');
    expect(code).toBe(4);
    expect(stderr).toBe(
      "modelpack: no file of models.tar matches --only '*.gguf' --only 'bert/*'\n" +
        'hint: it holds acme/bert/config.json, acme/bert/1_Pooling/config.json, acme/bert/model.safetensors, clip/ViT-B-32.pt, easyocr/craft_mlt_25k.pth and 3 more\n',
    );
    expect(await stand.folder.list()).toEqual(['models.tar']);
  });

  test('is MODELPACK_ONLY too', async () => {
    await using folder = await temporaryFolder();
    await writeBundle(folder.join('models.tar'), all);
    const env = { MODELPACK_ONLY: 'own/*', MODELPACK_LAYOUT: 'flat' };
    await modelpack(['unpack', 'models.tar', 'out'], { cwd: folder.path, env });
    expect(await treeOf(folder.join('out'))).toEqual({ 'own/state.pkl': 'state' });
  });
});

describe.concurrent('unpack into a folder with something in it', () => {
  test('leaves right files alone, replaces others, and touches nothing else', async () => {
    await using stand = await openWith([bert, own]);
    await stand.folder.write('out/acme/bert/config.json', '{}');
    await stand.folder.write('out/acme/bert/model.safetensors', 'THE WEIGHTS');
    await stand.folder.write('out/own/state.pkl', 'longer than it was');
    await stand.folder.write('out/own/notes.txt', 'mine');
    const before = await stat(stand.folder.join('out/acme/bert/config.json'));
    const outcome = await stand.run('out', '--json');
    expect(document(outcome).transfer).toMatchObject({ written: 23, reused: 2 });
    expect(outcome.stderr).toContain('1 file, 2 B, are there already');
    const after = await stat(stand.folder.join('out/acme/bert/config.json'));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    expect(await treeOf(stand.folder.join('out'))).toEqual({
      'acme/bert/config.json': '{}',
      'acme/bert/model.safetensors': 'the weights',
      'acme/bert/1_Pooling/config.json': '{"a":1}',
      'own/state.pkl': 'state',
      'own/notes.txt': 'mine',
    });
  });

  test('writes nothing when all is there', async () => {
    await using stand = await openWith(all);
    document(await stand.run('out', '--json', '--layout', 'cache'));
    const before = await stat(stand.folder.join(`out/models--acme--bert/snapshots/${commit}`));
    const outcome = await stand.run('out', '--json', '--layout', 'cache');
    expect(document(outcome).transfer).toMatchObject({ written: 0, reused: 54 });
    expect(outcome.stderr).toMatch(/\nalready there: 8 files, 54 B, every hash checked; id /);
    const after = await stat(stand.folder.join(`out/models--acme--bert/snapshots/${commit}`));
    expect(after.mtimeMs).toBe(before.mtimeMs);
  });

  test('moves a reference on to another commit', async () => {
    await using stand = await openWith([bert]);
    await stand.folder.write('out/models--acme--bert/refs/main', 'd'.repeat(40));
    document(await stand.run('out', '--json', '--layout', 'cache'));
    expect(await readFile(stand.folder.join('out/models--acme--bert/refs/main'), 'utf8')).toBe(commit);
  });

  test("uses the files of the Hub's own cache, which are links within it", async () => {
    await using stand = await openWith([bert]);
    const snapshot = `out/models--acme--bert/snapshots/${commit}`;
    await stand.folder.write('out/models--acme--bert/blobs/aa', 'the weights');
    await stand.folder.write('out/models--acme--bert/blobs/bb', 'xx');
    await mkdir(stand.folder.join(snapshot), { recursive: true });
    await symlink('../../blobs/aa', stand.folder.join(snapshot, 'model.safetensors'));
    await symlink('../../blobs/bb', stand.folder.join(snapshot, 'config.json'));
    const { transfer } = document(await stand.run('out', '--json', '--layout', 'cache'));
    expect(transfer).toMatchObject({ written: 9, reused: 11 });
    expect(await treeOf(stand.folder.join('out/models--acme--bert'))).toEqual({
      'refs/main': commit,
      'blobs/aa': 'the weights',
      'blobs/bb': 'xx',
      [`snapshots/${commit}/model.safetensors`]: '-> ../../blobs/aa',
      [`snapshots/${commit}/config.json`]: '{}',
      [`snapshots/${commit}/1_Pooling/config.json`]: '{"a":1}',
    });
  });

  test('may be told the folder by a link to it', async () => {
    await using stand = await openWith([own]);
    await mkdir(stand.folder.join('real'));
    await symlink('real', stand.folder.join('link'));
    expect(document(await stand.run('link', '--json')).location).toBe('link');
    expect(await treeOf(stand.folder.join('real'))).toEqual({ 'own/state.pkl': 'state' });
  });
});

describe.concurrent('unpack refuses', () => {
  test.each([
    ['outside', '../outside'],
    ['inside', 'elsewhere'],
    ['to nothing', 'nothing'],
  ])('a link for a folder, wherever it leads: %s', async (_, target) => {
    await using stand = await openWith([bert, own]);
    await mkdir(stand.folder.join('outside'));
    await mkdir(stand.folder.join('out/elsewhere'), { recursive: true });
    await symlink(target, stand.folder.join('out/acme'));
    expect(await refusalOf(stand.folder, () => stand.run('out'))).toMatch(
      /^modelpack: out\/acme is a link, /m,
    );
  });

  test('a file where a folder is needed', async () => {
    await using stand = await openWith([bert]);
    await stand.folder.write('out/acme', 'a file');
    expect(await refusalOf(stand.folder, () => stand.run('out'))).toMatch(
      /^modelpack: out\/acme is a file, where /m,
    );
  });

  test('a folder where a file is needed', async () => {
    await using stand = await openWith([bert, own]);
    await stand.folder.write('out/own/state.pkl/x', 'x');
    expect(await refusalOf(stand.folder, () => stand.run('out'))).toMatch(
      /^modelpack: out\/own\/state\.pkl is no file, /m,
    );
    await stand.folder.write('cache/models--acme--bert/refs/main/x', 'x');
    const cached = () => stand.run('cache', '--layout', 'cache');
    expect(await refusalOf(stand.folder, cached)).toMatch(
      /^modelpack: cache\/models--acme--bert\/refs\/main is no file, /m,
    );
  });

  test('two models that would write different files at one path', async () => {
    await using stand = await openWith([clip, { ...whisper, name: 'w', files: { 'ViT-B-32.pt': 'other' } }]);
    const refused =
      /^modelpack: "clip" and "w" would both be written to "ViT-B-32\.pt"\nhint: .*--only clip\/$/m;
    expect(await refusalOf(stand.folder, () => stand.run('out', '--layout', 'cache'))).toMatch(refused);
    document(await stand.run('out', '--layout', 'cache', '--only', 'clip/', '--json'));
    expect(await treeOf(stand.folder.join('out'))).toEqual({ 'ViT-B-32.pt': 'clip' });
  });

  test.each([
    ['models.tar', /models\.tar is a file/],
    ['models.tar/sub', /models\.tar\/sub is a file, or inside of one/],
    ['', /the folder has no name/],
    ['s3://bucket/prefix', /s3:\/\/bucket\/prefix is no folder of this machine/],
  ])('the folder %j', async (path, message) => {
    await using stand = await openWith([own]);
    expect(await refusalOf(stand.folder, () => stand.run(path))).toMatch(message);
  });

  test('an unknown layout', async () => {
    await using stand = await openWith([own]);
    expect(await refusalOf(stand.folder, () => stand.run('out', '--layout', 'nested'))).toMatch(
      /--layout.*flat, cache/,
    );
  });
});

describe.concurrent('unpack writes nothing outside of its folder', () => {
  test('through a link where a file goes: the link is replaced', async () => {
    await using stand = await openWith([own]);
    await stand.folder.write('outside.txt', 'mine');
    await mkdir(stand.folder.join('out/own'), { recursive: true });
    await symlink('../../outside.txt', stand.folder.join('out/own/state.pkl'));
    document(await stand.run('out', '--json'));
    expect(await readFile(stand.folder.join('outside.txt'), 'utf8')).toBe('mine');
    expect(await treeOf(stand.folder.join('out'))).toEqual({ 'own/state.pkl': 'state' });
  });

  test('nor reads there: a link to the right content is replaced too', async () => {
    await using stand = await openWith([own]);
    await stand.folder.write('outside.txt', 'state');
    await mkdir(stand.folder.join('out/own'), { recursive: true });
    await symlink('../../outside.txt', stand.folder.join('out/own/state.pkl'));
    expect(document(await stand.run('out', '--json')).transfer).toMatchObject({ written: 5, reused: 0 });
    expect(await treeOf(stand.folder.join('out'))).toEqual({ 'own/state.pkl': 'state' });
  });

  test('for a path that was forged into a bundle', async () => {
    await using stand = await openWith([{ ...own, files: { 'aa/state.pkl': 'state' } }]);
    const tar = stand.folder.join('models.tar');
    const forged = (await readFile(tar, 'latin1')).replaceAll('aa/state.pkl', '../state.pkl');
    await writeFile(tar, forged, 'latin1');
    const outcome = await stand.run('out');
    expect(outcome).toMatchObject({ code: 7, stdout: '' });
    expect(outcome.stderr).toMatch(/the path "\.\.\/state\.pkl" has a "\." or "\.\." segment/);
    expect(await stand.folder.list()).toEqual(['models.tar']);
  });

  test.each([{ ref: '../../../evil' }, { revision: '../../../../evil' }])(
    'for a cache entry that was forged: %j',
    async (forged) => {
      await using stand = await openWith([{ ...bert, ...forged }]);
      expect(await stand.run('out', '--layout', 'cache')).toMatchObject({ code: 7, stdout: '' });
      expect(await stand.folder.list()).toEqual(['models.tar']);
    },
  );
});
