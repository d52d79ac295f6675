import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import { layOut } from '../../src/bundle/layout.ts';
import { ModelpackError } from '../../src/errors.ts';
import { changesOf, isSame } from '../../src/lock/changes.ts';
import { decodeLock } from '../../src/lock/decode.ts';
import { encodeLock } from '../../src/lock/encode.ts';
import type { Lock, LockedBundle, LockedModel } from '../../src/lock/lock.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

function model(name: string, files: Readonly<Record<string, number>>, more: Partial<LockedModel> = {}) {
  return {
    asked: name,
    selection: {},
    name,
    source: `hf:${name}`,
    revision: 'c'.repeat(40),
    files: Object.entries(files).map(([path, size]) => ({ path, size, sha256: hash(`${path} ${size}`) })),
    ...more,
  };
}

async function bundle(name: string, models: readonly LockedModel[]): Promise<LockedBundle> {
  const { id, size } = await layOut(models);
  return { name, id, size, models };
}

async function lockOf(...bundles: readonly Promise<LockedBundle>[]): Promise<Lock> {
  return { version: 1, bundles: await Promise.all(bundles) };
}

async function refusal(text: string): Promise<ModelpackError> {
  const error: unknown = await decodeLock(text, 'modelpack.lock').then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ModelpackError) return error;
  throw new Error('not refused', { cause: error });
}

const two = await lockOf(
  bundle('vision', [model('acme/clip', { 'config.json': 20, 'model.safetensors': 4000 })]),
  bundle('text', [
    model('acme/bert', { 'vocab.txt': 7, 'b.json': 5 }, { selection: { include: ['*.txt', '*.json'] } }),
  ]),
);
const text = encodeLock(two);

describe('a lock', () => {
  it('has a line for each file, and everything in order', () => {
    expect(text.split('\n').slice(0, 20)).toEqual([
      '{',
      '  "version": 1,',
      '  "bundles": {',
      '    "text": {',
      `      "id": "${two.bundles[1]!.id}",`,
      `      "size": ${two.bundles[1]!.size},`,
      '      "models": [',
      '        {',
      '          "asked": "acme/bert",',
      '          "selection": {"include":["*.txt","*.json"]},',
      '          "name": "acme/bert",',
      '          "source": "hf:acme/bert",',
      `          "revision": "${'c'.repeat(40)}",`,
      '          "files": [',
      `            { "path": "b.json", "size": 5, "sha256": "${hash('b.json 5')}" },`,
      `            { "path": "vocab.txt", "size": 7, "sha256": "${hash('vocab.txt 7')}" }`,
      '          ]',
      '        }',
      '      ]',
      '    },',
    ]);
  });

  it('comes back as it was, with the line ends of Windows too', async () => {
    expect(encodeLock(await decodeLock(text, 'modelpack.lock'))).toBe(text);
    expect(encodeLock(await decodeLock(text.replaceAll('\n', '\r\n'), 'modelpack.lock'))).toBe(text);
  });

  it('comes back as it was, whatever names its files have, and their order changes nothing', async () => {
    const path = fc.stringMatching(/^[a-zé🤗"#:{} ,'-]{1,30}$/u).filter((each) => !/^[a-z]:/.test(each));
    const files = fc.dictionary(path, fc.nat(), { minKeys: 1, maxKeys: 8, noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(files, async (sizes) => {
        const lock = await lockOf(bundle('b', [model('m', sizes)]));
        const back = encodeLock(await decodeLock(encodeLock(lock), 'modelpack.lock'));
        expect(back).toBe(encodeLock(lock));
        const [one] = lock.bundles[0]!.models;
        const turned = { ...one!, files: one!.files.toReversed() };
        expect(encodeLock(await lockOf(bundle('b', [turned])))).toBe(back);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    [
      'a file of another size',
      text.replace('"size": 7,', '"size": 8,'),
      /^modelpack\.lock:5:13: the id of text does not follow/,
    ],
    ['another hash', text.replace(hash('vocab.txt 7'), hash('x')), /:5:13: the id of text/],
    ['another revision', text.replace('cccc', 'cccd'), /:5:13: the id of text/],
    [
      'another size of the bundle',
      text.replace(`"size": ${two.bundles[1]!.size}`, '"size": 1'),
      /:6:15: the size of text/,
    ],
    ['a file less', text.replace(/ +\{ "path": "b.json".*\n/, ''), /:5:13: the id of text/],
    ['a hash that is none', text.replace(hash('vocab.txt 7'), 'abc'), /:16:57: "abc" is not understood/],
    ['a path that leads out', text.replace('"b.json"', '"../b.json"'), /:7:17: .*"\.\.\/b\.json" has a/],
    [
      'a size that is none',
      text.replace('"size": 7', '"size": "7"'),
      /:16:44: size has to be a whole number, not a text/,
    ],
    ['no version', text.replace('"version": 1,', ''), /:1:1: version is missing/],
    [
      'a newer version',
      text.replace('"version": 1', '"version": 2'),
      /:2:14: the lock has version 2, this modelpack reads 1/,
    ],
    [
      'a version that is none',
      text.replace('"version": 1', '"version": "1"'),
      /:2:14: version must be equal to constant/,
    ],
    ['its end cut off', text.slice(0, 400), /^modelpack\.lock:\d+:\d+: /],
    ['a comma too much', text.replace('"size": 7,', '"size": 7,,'), /^modelpack\.lock:16:\d+: /],
    [
      'the marks of a merge',
      text.replace('    "vision"', '<<<<<<< HEAD\n    "vision"'),
      /:21:1: a merge left its marks/,
    ],
    [
      'a bundle that is there twice',
      text.replace(
        '    "vision": {',
        () => `${text.slice(text.indexOf('    "text": {'), text.indexOf('    "vision"'))}    "vision": {`,
      ),
      /:21:5: map keys must be unique/,
    ],
    ['nothing in it', '', /^modelpack\.lock/],
    ['another kind of file', '[1, 2]', /:1:1: it has to be a mapping, not a list/],
  ])('with %s is refused, with the line', async (what, changed, expected) => {
    expect(changed).not.toBe(text);
    const { code, message, hint } = await refusal(changed);
    expect(code).toBe(/newer/.test(what) ? 'usage' : 'check');
    expect(message).toMatch(expected);
    expect(hint).toMatch(/modelpack/);
  });
});

describe('changes', () => {
  const before = [model('a', { same: 1, changed: 2, gone: 3 })];

  test('are none between equal models', () => {
    expect(isSame(changesOf(before, structuredClone(before)))).toBe(true);
  });

  test('say what became of each file and model', () => {
    const after = [
      { ...model('a', { same: 1, changed: 5, added: 7 }), revision: 'd'.repeat(40) },
      model('b', { new: 1 }),
    ];
    const changes = changesOf(before, after);
    expect(changes.files).toEqual([
      { path: 'a/added', before: undefined, after: 7 },
      { path: 'a/changed', before: 2, after: 5 },
      { path: 'a/gone', before: 3, after: undefined },
      { path: 'b/new', before: undefined, after: 1 },
    ]);
    expect(
      changes.models.map(({ name, before: was, after: is }) => [name, was?.revision?.[0], is?.revision?.[0]]),
    ).toEqual([
      ['a', 'c', 'd'],
      ['b', undefined, 'c'],
    ]);
    expect(changes.size).toEqual({ before: 6, after: 14 });
    expect(isSame(changes)).toBe(false);
  });
});
