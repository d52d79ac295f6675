import { describe, expect, test } from 'vitest';

import { openBench } from '../helpers/bench.ts';
import { membersOf } from '../helpers/bundle.ts';
import { writeBundle, type MadeModel } from '../helpers/made-bundle.ts';
import { modelpack } from '../helpers/run.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import { modeOf, treeOf } from '../helpers/tree.ts';
import { all, bert, clip, commit, document, openWith, own, reader, whisper } from '../helpers/zoo.ts';
import { odd, tinyBert } from '../servers/hub/models.ts';

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
