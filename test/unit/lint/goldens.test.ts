import { describe, expect, test } from 'vitest';

import { libraries } from '../../../src/cache-paths/table.ts';
import { rules } from '../../../src/lint/rules/all.ts';
import { apply } from '../../../src/lint/fix.ts';
import { codesOf, goldensIn, lintTexts } from '../../helpers/lint.ts';

const files = ['hugging-face.py', 'vision.py', 'text-and-speech.py', 'memory.py'];
const goldens = files.flatMap(goldensIn);

describe.each(files)('%s', (file) => {
  test.each(goldensIn(file))('$title', ({ code, expected }) => {
    expect(codesOf(lintTexts({ '/app/app.py': code }))).toEqual(expected);
  });
});

test('there are goldens for 25 libraries, good and bad', () => {
  const used = libraries.filter(({ modules }) =>
    goldens.some(({ code }) => modules.some((module) => code.includes(module.split('.')[0]!))),
  );
  expect(used.length).toBeGreaterThanOrEqual(35);
  expect(goldens.filter(({ expected }) => expected.length === 0).length).toBeGreaterThanOrEqual(30);
  expect(goldens.filter(({ expected }) => expected.length > 0).length).toBeGreaterThanOrEqual(60);
});

test('every rule has a golden', () => {
  const found = new Set(goldens.flatMap(({ expected }) => expected.map((each) => each.split(' ')[1])));
  expect(rules.map(({ code }) => code).filter((code) => !found.has(code))).toEqual([]);
});

test.each(goldens)('a fix cures, and what is fixed needs none: $title', ({ code }) => {
  const before = lintTexts({ '/app/app.py': code });
  const edits = before.flatMap(({ fix }) => fix ?? []);
  const after = apply(code, edits);
  const again = lintTexts({ '/app/app.py': after });
  expect(again.filter(({ fix }) => fix !== undefined)).toEqual([]);
  expect(again.filter(({ code: each }) => each === 'syntax-error')).toEqual([]);
  const left = before.filter(({ fix }) => fix === undefined);
  expect(again.length).toBe(left.length);
});

describe('the examples of a rule', () => {
  test.each(rules)('$code', ({ code, bad, good }) => {
    expect(codesOf(lintTexts({ '/app/app.py': bad })).map((each) => each.split(' ')[1])).toContain(code);
    expect(codesOf(lintTexts({ '/app/app.py': good }))).toEqual([]);
  });
});
