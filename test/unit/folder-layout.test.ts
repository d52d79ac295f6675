import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { IndexModel } from '../../src/bundle/contents.ts';
import { temporaryName } from '../../src/sink/folder/names.ts';
import { place } from '../../src/sink/folder/layout.ts';

const commit = 'c'.repeat(40);
const other = 'd'.repeat(40);

function model(name: string, source: string, paths: readonly string[], more: Partial<IndexModel> = {}) {
  const files = paths.map((path) => ({ path, offset: 0, size: 1, sha256: path.padEnd(64, '0') }));
  return { name, source, files, ...more };
}

const hub = (repo: string, more: Partial<IndexModel>, name = repo) =>
  model(name, `hf:${repo}`, ['config.json'], more);

function placed(models: readonly IndexModel[], layout: 'flat' | 'cache' = 'cache'): string[] {
  return place(models, layout, 'x.tar').files.map(({ path }) => path);
}

function references(...models: readonly IndexModel[]): string[][] {
  return place(models, 'cache', 'x.tar')
    .references.map(({ path, content }) => [path, content])
    .toSorted(([a], [b]) => (a! < b! ? -1 : 1));
}

describe('the flat layout', () => {
  it('is the tree of the tar, whatever the source', () => {
    const models = [
      hub('org/name', { revision: commit, ref: 'main' }),
      model('clip', 'clip:ViT-B/32', ['ViT-B-32.pt']),
      model('mine', './mine', ['a/b.pkl']),
    ];
    expect(placed(models, 'flat')).toEqual(['org/name/config.json', 'clip/ViT-B-32.pt', 'mine/a/b.pkl']);
    expect(place(models, 'flat', 'x.tar')).toMatchObject({ references: [], folders: [], libraries: [] });
  });

  it('is no place for a name that unpacking needs itself', () => {
    const temporary = temporaryName('weights.pt');
    expect(temporary).toMatch(/^\.modelpack-[0-9a-f]{16}\.part$/);
    for (const bad of [model('m', './m', [`sub/${temporary}`]), model('.modelpack.lock', './m', ['a'])]) {
      expect(() => placed([bad], 'flat')).toThrow(/a name that modelpack uses/);
    }
  });
});

describe('the cache layout', () => {
  it('puts a repository into the cache of the Hugging Face libraries, by its source and not its name', () => {
    const models = [
      hub('org/name', { revision: commit, ref: 'main' }, 'vision'),
      hub('gpt2', { revision: other }),
    ];
    expect(placed(models)).toEqual([
      `models--org--name/snapshots/${commit}/config.json`,
      `models--gpt2/snapshots/${other}/config.json`,
    ]);
  });

  it('keeps what belongs to no library as in the flat one', () => {
    const models = [
      model('mine', './mine', ['a.pkl']),
      model('colon', './hf:org/name', ['b.pkl']),
      model('web', 'https://example.com/w.bin', ['w.bin']),
      model('zoo', 'zoo:tiny', ['tiny.pt']),
      model('proto', '__proto__:x', ['p.pt']),
    ];
    expect(placed(models)).toEqual(['mine/a.pkl', 'colon/b.pkl', 'web/w.bin', 'zoo/tiny.pt', 'proto/p.pt']);
  });

  it('has a reference for the branch or tag that was asked for', () => {
    expect(references(hub('org/name', { revision: commit, ref: 'main' }))).toEqual([
      ['models--org--name/refs/main', commit],
    ]);
    expect(references(hub('org/name', { revision: commit, ref: 'refs/pr/1' }))).toEqual([
      ['models--org--name/refs/main', commit],
      ['models--org--name/refs/refs/pr/1', commit],
    ]);
  });

  it('makes the one commit of a repository its default, and none of several', () => {
    expect(references(hub('org/name', { revision: commit }))).toEqual([
      ['models--org--name/refs/main', commit],
    ]);
    const tagged = hub('org/name', { revision: commit, ref: 'v1' }, 'one');
    expect(references(tagged, hub('org/name', { revision: other }, 'two'))).toEqual([
      ['models--org--name/refs/v1', commit],
    ]);
    expect(references(tagged, hub('org/name', { revision: other, ref: 'main' }, 'two'))).toEqual([
      ['models--org--name/refs/main', other],
      ['models--org--name/refs/v1', commit],
    ]);
    expect(references(tagged, hub('org/other', { revision: other }))).toContainEqual([
      'models--org--name/refs/main',
      commit,
    ]);
  });

  it.each([
    ['a source that is no repository', { source: 'hf:a/b/c' }],
    ['no revision', { revision: undefined }],
    ['a revision that is no commit', { revision: '../../../../etc' }],
    ['a reference that leads elsewhere', { ref: '../../../../etc/cron.d/x' }],
    ['a reference with a control character', { ref: 'a\nb' }],
  ])('refuses %s', (_, more) => {
    const forged = { ...hub('org/name', { revision: commit }), ...more } as IndexModel;
    expect(() => place([forged], 'cache', 'x.tar')).toThrow(expect.objectContaining({ code: 'integrity' }));
  });

  it('refuses different files at one path, with the way out', () => {
    const clash = [model('a', 'clip:A', ['same.pt']), model('b', 'whisper:B', ['same.pt'])].map(
      (each, i) => ({
        ...each,
        files: each.files.map((file) => ({ ...file, sha256: String(i).repeat(64) })),
      }),
    );
    expect(() => placed(clash)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: '"a" and "b" would both be written to "same.pt"',
        hint: 'unpack each into a folder of its own: --only a/',
      }),
    );
  });

  it('takes the same file once: two models may share it', () => {
    const readers = [
      model('english', 'easyocr:en', ['craft_mlt_25k.pth', 'english_g2.pth']),
      model('chinese', 'easyocr:ch_sim', ['craft_mlt_25k.pth', 'zh_sim_g2.pth']),
    ];
    expect(placed(readers)).toEqual([
      'model/craft_mlt_25k.pth',
      'model/english_g2.pth',
      'model/zh_sim_g2.pth',
    ]);
  });

  it.each([
    [model('model', './model', ['a']), model('x', 'clip:x', ['model'])],
    [model('user_network', 'clip:x', ['user_network']), model('x', 'easyocr:en', ['a.pth'])],
    [
      hub('org/name', { revision: commit, ref: 'main' }),
      hub('org/name', { revision: other, ref: 'main/x' }, 'second'),
    ],
  ])('refuses a file where a folder must be', (...models) => {
    expect(() => placed(models)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('never leads out of the folder, whatever the index says', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('..', 'a/../..', '/etc/x', 'hf:../..', 'main', commit),
    );
    fc.assert(
      fc.property(
        text,
        text,
        text,
        text,
        fc.constantFrom('', 'hf:', 'clip:', 'easyocr:'),
        (a, b, c, d, scheme) => {
          const forged = model(a, scheme + b, [c], { revision: commit, ref: d });
          for (const layout of ['flat', 'cache'] as const) {
            let decided;
            try {
              decided = place([forged], layout, 'x.tar');
            } catch (error) {
              expect(error).toMatchObject({ name: 'ModelpackError' });
              continue;
            }
            for (const { path } of [...decided.files, ...decided.references]) {
              expect(path.split('/')).not.toContain('..');
              expect(path).not.toMatch(/^\/|\\|\u0000/);
            }
          }
        },
      ),
    );
  });
});
