import { describe, expect, it } from 'vitest';
import { literal, matcher } from '../../src/source/glob.ts';

const paths = [
  'config.json',
  'a/b/config.json',
  'unet/config.json',
  'unet',
  'model1.bin',
  'model/.bin',
  'a.txt',
  'd.txt',
  '/.txt',
  'ax',
  'bx',
  'dx',
  ']x',
  '^x',
  '-x',
  '/x',
  'ex',
  '[x',
  '[a',
  '[!',
  '[]',
  '[!]',
  'a[',
  'a',
  'b',
  '!a',
  '!b',
  '{a,b}',
  '+(a)',
  'aa',
  'a*',
  'a\\*',
  'A.JSON',
  'x/y-Q4_K_M-00001.gguf',
  '.hidden',
  '.json',
  'a.b',
  'axb',
  '(a|b)',
  '\\x',
  '&x',
  '',
  'model-00001.safetensors',
  '"a"',
  '@(a)',
  'éx',
  'üx',
  'é',
  '😀',
  'a/c/b',
  'a\nb',
  'ab',
  'a$',
  '^a',
  '#x',
];

/** Which of `paths` each pattern matches, as Python 3.11's `fnmatch.fnmatchcase` says (`./` dropped, `x/` as `x/*`). */
const table: readonly (readonly [pattern: string, matched: readonly string[]])[] = [
  ['*.json', ['config.json', 'a/b/config.json', 'unet/config.json', '.json']],
  ['*', paths],
  ['**', paths],
  ['**/*.json', ['a/b/config.json', 'unet/config.json']],
  ['unet/*', ['unet/config.json']],
  ['unet/', ['unet/config.json']],
  ['./unet/', ['unet/config.json']],
  ['model?.bin', ['model1.bin', 'model/.bin']],
  ['[abc].txt', ['a.txt']],
  ['[!abc].txt', ['d.txt', '/.txt']],
  ['[a-c]x', ['ax', 'bx']],
  ['[!a-c]x', ['dx', ']x', '^x', '-x', '/x', 'ex', '[x', '\\x', '&x', 'éx', 'üx', '#x']],
  ['[]]x', [']x']],
  ['[!]]x', ['ax', 'bx', 'dx', '^x', '-x', '/x', 'ex', '[x', '\\x', '&x', 'éx', 'üx', '#x']],
  ['[z-a]x', []],
  ['[!z-a]x', ['ax', 'bx', 'dx', ']x', '^x', '-x', '/x', 'ex', '[x', '\\x', '&x', 'éx', 'üx', '#x']],
  ['[a-]x', ['ax', '-x']],
  ['[-a]x', ['ax', '-x']],
  ['[--0]x', ['-x', '/x']],
  ['[a-c-e]x', ['ax', 'bx', '-x', 'ex']],
  ['[^a]x', ['ax', '^x']],
  ['[[]x', ['[x']],
  ['[a', ['[a']],
  ['[!', ['[!']],
  ['[]', ['[]']],
  ['[!]', ['[!]']],
  ['a[', ['a[']],
  ['{a,b}', ['{a,b}']],
  ['+(a)', ['+(a)']],
  ['!a', ['!a']],
  ['!(a)', []],
  ['a\\*', ['a\\*']],
  ['*.JSON', ['A.JSON']],
  ['*Q4_K_M*', ['x/y-Q4_K_M-00001.gguf']],
  ['a.b', ['a.b']],
  ['(a|b)', ['(a|b)']],
  ['[\\]x', ['\\x']],
  ['[a\\-c]x', ['ax', 'bx', ']x', '^x', '\\x']],
  ['[&&a]x', ['ax', '&x']],
  ['', ['']],
  ['*[0-9]?.safetensors', ['model-00001.safetensors']],
  ['"a"', ['"a"']],
  ['@(a)', ['@(a)']],
  ['[é-ü]x', ['éx', 'üx']],
  ['?', ['a', 'b', 'é', '😀']],
  ['a**b', ['a.b', 'axb', 'a/c/b', 'a\nb', 'ab']],
  ['*a*b*', ['a/b/config.json', '{a,b}', 'a.b', 'axb', '(a|b)', 'a/c/b', 'a\nb', 'ab']],
  ['a$', ['a$']],
  ['^a', ['^a']],
  ['[!-a]x', ['bx', 'dx', ']x', '^x', '/x', 'ex', '[x', '\\x', '&x', 'éx', 'üx', '#x']],
  ['[!--a]x', ['bx', 'dx', 'ex', '&x', 'éx', 'üx', '#x']],
  ['#*', ['#x']],
];

describe('matcher()', () => {
  it.each(table)('matches %j as Python does', (pattern, matched) => {
    expect(paths.filter(matcher([pattern]))).toEqual(matched);
  });

  it('matches when one of several patterns does, and never without patterns', () => {
    expect(['a.json', 'b.bin', 'c.txt'].filter(matcher(['*.json', '*.bin']))).toEqual(['a.json', 'b.bin']);
    expect(paths.filter(matcher([]))).toEqual([]);
  });

  it('reads a pattern that ends in / as everything below it, and drops a leading ./', () => {
    const files = ['unet/config.json', 'unet/a/b.bin', 'unet', 'vae/unet/x', 'config.json'];
    expect(files.filter(matcher(['unet/']))).toEqual(['unet/config.json', 'unet/a/b.bin']);
    expect(files.filter(matcher(['./config.json', './unet/a/']))).toEqual(['unet/a/b.bin', 'config.json']);
  });

  it('answers hostile patterns at once', () => {
    const path = 'a'.repeat(20_000);
    const start = performance.now();
    expect(matcher(['*a*a*a*a*a*a*a*a*b'])(path)).toBe(false);
    expect(matcher([`${'*a'.repeat(500)}*b`])(path)).toBe(false);
    expect(matcher(['*'.repeat(10_000)])(path)).toBe(true);
    expect(matcher(['['.repeat(5_000)])(path)).toBe(false);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe('literal()', () => {
  it('makes a pattern that matches the path and nothing else', () => {
    for (const path of paths) expect(paths.filter(matcher([literal(path)]))).toEqual([path]);
    expect(matcher([literal('a[1]*?.bin')])('a[1]*?.bin')).toBe(true);
    expect(matcher([literal('a[1]*?.bin')])('a1xx.bin')).toBe(false);
  });
});
