import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { apply } from '../../../src/lint/fix.ts';
import { readSource, type Source } from '../../../src/lint/python/source.ts';
import { codesOf, lintTexts } from '../../helpers/lint.ts';

const load = 'import clip\nclip.load("ViT-B/32")\n';

const words = [
  'import clip|clip.load(|"ViT-B/32"|)|,|\n|    |def f(a, *b, **c):|os|=|cache_dir|**c|*b|[|]|{|}|#|\\|lambda',
  'from transformers import AutoModel as clip|.from_pretrained(|"""|f\'{|class A(A):|\u2028|\r',
].flatMap((line) => line.split('|'));

function codes(text: string): string[] {
  return codesOf(lintTexts({ '/app/app.py': text }));
}

describe('what leads back to itself ends', () => {
  test.each([
    ['a class that is made from its own name', 'class A(A):\n    pass\nA.from_pretrained("x")\n'],
    ['classes made from each other', 'class A(B): pass\nclass B(A): pass\nA.from_pretrained("x")\n'],
    ['a name', 'a = a\nb = c\nc = b\nimport os\nos.environ["HF_HOME"] = b\n'],
    ['a function', 'def f():\n    return g()\ndef g():\n    return f()\nopen(f())\n'],
    [
      'an attribute',
      'class A:\n    def f(self):\n        self.a = self.b\n        self.b = self.a\n        open(self.a)\n',
    ],
    ['a parameter', 'def f(a=f):\n    return f(a)\nf()\n'],
  ])('%s', (_, text) => {
    expect(codes(text + load)).toContain('error cache-no-variable');
  });

  test('files that import each other', () => {
    const files = {
      '/app/a.py': 'from b import X as Y\nfrom b import *\nZ = Y\nclass C(Y): pass\nC.from_pretrained("x")\n',
      '/app/b.py': 'from a import Z as X\nimport a\nX.from_pretrained(a.Z)\n',
      '/app/pkg/__init__.py': 'from . import x\nfrom .x import y\n',
      '/app/pkg/x.py':
        'from . import y\nfrom ... import z\nfrom ......... import q\ny.from_pretrained("a")\n',
    };
    expect(() => lintTexts(files)).not.toThrow();
  });
});

describe('what grows does not', () => {
  test('values that double with each name', () => {
    const lines = Array.from(
      { length: 60 },
      (_, at) => `a${at + 1} = a${at} + a${at} if a${at} else a${at} or b\n`,
    );
    expect(
      codes(`import whisper\na0 = "x"\n${lines.join('')}whisper.load_model("base", download_root=a60)\n`),
    ).toEqual([]);
  });

  test('defaults of variables in defaults of variables', () => {
    const lines = Array.from(
      { length: 40 },
      (_, at) => `a${at + 1} = os.environ.get("A", a${at}) if x else os.environ.get("B${at}", a${at})\n`,
    );
    expect(() =>
      codes(
        `import os, whisper\na0 = "/tmp"\n${lines.join('')}whisper.load_model("base", download_root=a40)\n`,
      ),
    ).not.toThrow();
  });
});

describe('nesting', () => {
  test.each([
    ['parentheses', (depth: number) => `${'('.repeat(depth)}1${')'.repeat(depth)}`],
    ['brackets that stay open', (depth: number) => '['.repeat(depth)],
    ['calls', (depth: number) => `f${'()'.repeat(depth)}`],
    ['attributes', (depth: number) => `a${'.b'.repeat(depth)}`],
    ['sums', (depth: number) => `1${'+1'.repeat(depth)}`],
    ['lambdas', (depth: number) => `${'lambda: '.repeat(depth)}0`],
    ['not', (depth: number) => `${'not '.repeat(depth)}0`],
  ])('of %s', (_, nest) => {
    expect(codes(`${load}x = ${nest(20_000)}\n`)).toContain('error cache-no-variable');
  });

  test('of blocks', () => {
    const blocks = Array.from({ length: 400 }, (_, at) => `${' '.repeat(at)}if x:\n`).join('');
    expect(codes(`${load}${blocks}${' '.repeat(400)}pass\n`)).toContain('error cache-no-variable');
  });
});

describe('what is not all Python', () => {
  test('is said once, and the rest is checked', () => {
    expect(codes(`${load}def broken(:\n    x = = 1\n`)).toEqual([
      'error cache-no-variable',
      'note syntax-error',
    ]);
  });

  test('Python 2 is read', () => {
    const text = `import clip\nprint "hello"\nexec "x" in d\ntry:\n    pass\nexcept E, e:\n    raise E, "x"\nclip.load("ViT-B/32")\nx = 0777L\ny = \`x\`\n`;
    expect(codes(text)).toContain('error cache-no-variable');
  });

  test('new syntax is read', () => {
    const text =
      'type A[T] = list[T]\nmatch x:\n    case {"a": [1, *_]}: pass\ndef f[T: int](a: T, /, *, b) -> T: ...\nf"{x!r:>{w}} {f\'{y}\'}"\ntry: pass\nexcept* E: pass\nasync def g():\n    async with a as b, c: await d\n';
    expect(codes(text + load)).toEqual(['error cache-no-variable']);
  });

  test('any text ends, and a fix never breaks what was whole', () => {
    const word = fc.constantFrom(...words);
    expect.hasAssertions();
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (chosen) => {
        const text = chosen.join(' ').replaceAll(' \n ', '\n');
        const findings = lintTexts({ '/a.py': text });
        const after = apply(
          text,
          findings.flatMap(({ fix }) => fix ?? []),
        );
        expect(after).toBeTypeOf('string');
        const isWhole = findings.every(({ code }) => code !== 'syntax-error');
        if (isWhole) expect(codes(after)).not.toContain('note syntax-error');
      }),
      { numRuns: 300 },
    );
  });
});

describe('bytes', () => {
  const read = (bytes: Uint8Array, path = '/app/a.py') => readSource(path, bytes);

  test('of Latin-1 with a declaration', () => {
    const source = read(Buffer.from(`# -*- coding: latin-1 -*-\n# caf\u00e9\n${load}`, 'latin1')) as Source;
    expect(source.text).toContain('café');
    expect(source.exact).toBe(false);
  });

  test('that are no UTF-8 are read as far as they are', () => {
    const source = read(Buffer.concat([Buffer.from('# \xff\xfe\n', 'latin1'), Buffer.from(load)])) as Source;
    expect(source.exact).toBe(false);
    expect(codes(source.text)).toEqual(['error cache-no-variable']);
  });

  test('with a byte order mark keep it', () => {
    const source = read(Buffer.from(`\uFEFF${load}`)) as Source;
    expect(source).toMatchObject({ exact: true, text: `\uFEFF${load}` });
    const [finding] = lintTexts({ '/a.py': `\uFEFF${load}` });
    expect(finding).toMatchObject({ start: { line: 2, column: 1 } });
  });

  test('in an encoding that nobody knows are said to be', () => {
    expect(read(Buffer.from('# coding: klingon\n'))).toBe('its encoding klingon is not known');
  });

  test('that are no text at all', () => {
    expect(() =>
      codes((read(Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 256))) as Source).text),
    ).not.toThrow();
  });

  test('of a line of 5 MB', () => {
    expect(codes(`${load}x = "${'a'.repeat(5_000_000)}"\n`)).toEqual(['error cache-no-variable']);
  });
});

describe('a notebook', () => {
  const cell = (source: string | string[], type = 'code') => ({ cell_type: type, source });
  const notebook = (...cells: object[]) => JSON.stringify({ nbformat: 4, cells });

  test('is checked cell by cell, and says in which', () => {
    const text = notebook(
      cell('# Title', 'markdown'),
      cell(['%matplotlib inline\n', '!pip install clip\n', 'import clip\n']),
      cell('%%bash\nclip.load("ViT-B/32")'),
      cell('%%time\n\nmodel = clip.load("ViT-B/32")'),
    );
    const findings = lintTexts({ '/app/a.ipynb': text });
    expect(codesOf(findings)).toEqual(['error cache-no-variable']);
    expect(findings[0]).toMatchObject({ start: { cell: 4, line: 3, column: 9 } });
    expect(findings[0]?.fix).toBeUndefined();
  });

  test('of format 3 is read', () => {
    const text = JSON.stringify({
      nbformat: 3,
      worksheets: [{ cells: [{ cell_type: 'code', input: load }] }],
    });
    expect(codesOf(lintTexts({ '/a.ipynb': text }))).toEqual(['error cache-no-variable']);
  });

  test.each([
    ['', 'its JSON is broken'],
    ['{"cells": 1}', 'it has no cells'],
    ['[]', 'it has no cells'],
    ['null', 'it has no cells'],
  ])('may be broken: %j', (text, reason) => {
    expect(readSource('/a.ipynb', Buffer.from(text))).toBe(`it is no notebook: ${reason}`);
  });

  test('with cells of anything', () => {
    const text = notebook(
      {},
      cell(''),
      { cell_type: 'code', source: 7 },
      { cell_type: 'code', source: [1, null] },
    );
    expect(lintTexts({ '/a.ipynb': text })).toEqual([]);
    expect(lintTexts({ '/a.ipynb': '{"cells":[null,1,"x",[]]}' })).toEqual([]);
  });
});
