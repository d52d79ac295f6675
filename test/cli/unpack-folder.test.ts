import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import type { Outcome } from '../helpers/run.ts';
import type { TemporaryFolder } from '../helpers/tmp.ts';
import { treeOf } from '../helpers/tree.ts';
import { all, bert, clip, commit, document, openWith, own, whisper } from '../helpers/zoo.ts';

/** What is said of a run with exit code 2 and a hint, which has changed nothing. */
async function refusalOf(folder: TemporaryFolder, run: () => Promise<Outcome>): Promise<string> {
  const before = await treeOf(folder.path);
  const outcome = await run();
  expect(outcome).toEqual({ ...outcome, code: 2, stdout: '' });
  expect(outcome.stderr).toMatch(/\nhint: ./);
  expect(await treeOf(folder.path)).toEqual(before);
  return outcome.stderr;
}

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
