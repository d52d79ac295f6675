import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { changesOf, isSame, type ComparedFile, type ComparedModel } from '../../src/lock/changes.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

/** A model whose files are given by path and content. */
function model(
  name: string,
  files: Readonly<Record<string, string>>,
  more: Partial<ComparedModel> = {},
): ComparedModel {
  return {
    name,
    source: `hf:${name}`,
    files: Object.entries(files).map(([path, content]) => ({
      path,
      size: content.length,
      sha256: hash(content),
    })),
    ...more,
  };
}

/** Without its hashes, or with others. */
function rehashed(from: ComparedModel, hashes: (file: ComparedFile) => Partial<ComparedFile>): ComparedModel {
  return {
    ...from,
    files: from.files.map((file) => ({ path: file.path, size: file.size, ...hashes(file) })),
  };
}

const filesOf = (before: readonly ComparedModel[], after: readonly ComparedModel[]) =>
  changesOf(before, after).files;
const a = model('a', { x: 'one', 'deep/y': 'two' });

describe('a file', () => {
  test('with the same bytes in another place was moved', () => {
    const after = model('a', { 'new/x': 'one', 'deep/y': 'two' });
    expect(filesOf([a], [after])).toEqual([
      { path: 'a/new/x', before: 3, after: 3, from: 'a/x', equal: true },
    ]);
  });

  test('that was copied is new, and one of two equal ones that is gone is gone', () => {
    const twice = model('a', { x: 'one', z: 'one', 'deep/y': 'two' });
    expect(filesOf([a], [twice])).toEqual([{ path: 'a/z', before: undefined, after: 3 }]);
    expect(filesOf([twice], [a])).toEqual([{ path: 'a/z', before: 3, after: undefined }]);
  });

  test('is looked for by its name first', () => {
    const before = model('a', { 'one/b': 'same', 'one/a': 'same' });
    const after = model('a', { 'two/a': 'same', 'two/b': 'same' });
    expect(filesOf([before], [after]).map(({ path, from }) => [path, from])).toEqual([
      ['a/two/a', 'a/one/a'],
      ['a/two/b', 'a/one/b'],
    ]);
  });

  test('without bytes was never moved', () => {
    expect(filesOf([model('a', { x: '' })], [model('a', { y: '' })])).toEqual([
      { path: 'a/x', before: 0, after: undefined },
      { path: 'a/y', before: undefined, after: 0 },
    ]);
  });

  test('is compared by any hash that both sides know', () => {
    const git = rehashed(a, ({ path }) => ({ blobSha1: path }));
    expect(filesOf([git], [git])).toEqual([]);
    const other = rehashed(a, () => ({ blobSha1: 'x' }));
    expect(filesOf([git], [other])).toEqual([{ path: 'a/deep/y', before: 3, after: 3 }]);
  });

  test('without a common hash is the same at the same commit, and else not known', () => {
    const [known, bare] = [a, rehashed(a, () => ({}))];
    const at = (revision: string) => [{ ...bare, revision }];
    expect(filesOf([{ ...known, revision: 'r1' }], at('r1'))).toEqual([]);
    expect(filesOf([{ ...known, revision: 'r1' }], at('r2'))).toEqual([
      { path: 'a/deep/y', before: 3, after: 3, unsure: true },
      { path: 'a/x', before: 3, after: 3, unsure: true },
    ]);
    const longer = { ...bare, files: bare.files.map((file) => ({ ...file, size: 9 })) };
    expect(filesOf([known], [longer]).every(({ unsure }) => unsure === undefined)).toBe(true);
  });
});

describe('a model', () => {
  test('under another name takes its files along', () => {
    const after = [{ ...model('b', { x: 'one', 'deep/y': 'TWO!' }), source: 'hf:a' }];
    const changes = changesOf([a], after);
    expect(changes.models).toMatchObject([{ name: 'b', from: 'a' }]);
    expect(changes.files).toEqual([
      { path: 'b/deep/y', before: 3, after: 4, from: 'a/deep/y' },
      { path: 'b/x', before: 3, after: 3, from: 'a/x', equal: true },
    ]);
  });

  test('that is the only one on both sides became the other, whatever it is called', () => {
    expect(changesOf([a], [model('b', { x: 'one' })]).models).toMatchObject([{ name: 'b', from: 'a' }]);
  });

  test('may be one of several of its name', () => {
    const clip = (variant: string) =>
      model('clip', { [`${variant}.pt`]: variant }, { source: `clip:${variant}` });
    const changes = changesOf([clip('A'), clip('B')], [clip('B'), clip('C'), clip('D')]);
    expect(
      changes.models.map(({ source, before, after }) => [source, before !== undefined, after !== undefined]),
    ).toEqual([
      ['clip:A', true, false],
      ['clip:C', false, true],
      ['clip:D', false, true],
    ]);
    expect(changes.files.map(({ path }) => path)).toEqual(['clip/A.pt', 'clip/C.pt', 'clip/D.pt']);
  });

  test('is said when only its commit is another', () => {
    const changes = changesOf([{ ...a, revision: 'r1' }], [{ ...a, revision: 'r2' }]);
    expect(changes.models).toMatchObject([
      { name: 'a', before: { revision: 'r1' }, after: { revision: 'r2' } },
    ]);
    expect(changes.files).toEqual([]);
    expect(isSame(changes)).toBe(false);
  });
});

describe('any two choices of models', () => {
  const anyFiles = fc.dictionary(fc.constantFrom('p', 'q', 'r/p', 's'), fc.constantFrom('', 'x', 'y', 'zz'));
  const anyModels = fc
    .uniqueArray(
      fc.record({
        name: fc.constantFrom('a', 'b', 'a/c'),
        source: fc.constantFrom('s', 't', 'u'),
        files: anyFiles,
      }),
      {
        selector: ({ name }) => name,
        maxLength: 3,
      },
    )
    .map((models) => models.map(({ name, source, files }) => model(name, files, { source })));
  const places = (models: readonly ComparedModel[]) =>
    models.flatMap(({ name, files }) => files.map(({ path }) => `${name}/${path}`));

  test('differ by what leads from one to the other', () => {
    fc.assert(
      fc.property(anyModels, anyModels, (before, after) => {
        const { files, size } = changesOf(before, after);
        const gone = files.flatMap(({ path, from, after: is }) =>
          is === undefined ? [path] : from === undefined ? [] : [from],
        );
        const come = files.flatMap(({ path, from, before: was }) =>
          was === undefined || from !== undefined ? [path] : [],
        );
        const left = places(before).filter((place) => !gone.includes(place));
        expect([...left, ...come].toSorted()).toEqual(places(after).toSorted());
        const bytes = files.reduce((sum, each) => sum + (each.after ?? 0) - (each.before ?? 0), 0);
        expect(size.before + bytes).toBe(size.after);
      }),
    );
  });

  test('do not differ from themselves', () => {
    fc.assert(
      fc.property(anyModels, (models) => {
        expect(isSame(changesOf(models, structuredClone(models)))).toBe(true);
      }),
    );
  });
});

test('100,000 equal files that all moved are found soon', () => {
  const many = (folder: string) =>
    model('a', Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`${folder}/${at}`, 'x'])));
  const { files } = changesOf([many('one')], [many('two')]);
  expect(files.length).toBe(100_000);
  expect(files.every(({ from, path }) => from === path.replace('two', 'one'))).toBe(true);
});
