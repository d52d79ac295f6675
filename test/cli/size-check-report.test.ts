import { readFile, writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { encodeLock } from '../../src/lock/encode.ts';
import type { LockedBundle } from '../../src/lock/lock.ts';
import type { DiffResult } from '../../src/verbs/diff.ts';
import { openBench, type Bench } from '../helpers/bench.ts';
import { writeBundle, writeSparseBundle } from '../helpers/made-bundle.ts';
import { tinyBert } from '../servers/hub/models.ts';

const MB = 1024 * 1024;
let bench: Bench;

beforeAll(async () => {
  bench = await openBench({ repos: [tinyBert({ size: 600_000, copySize: 50_000 })], lazy: true });
  const { folder } = bench;
  await writeSparseBundle(folder.join('huge.tar'), 600 * MB);
  await writeBundle(folder.join('one.tar'), [{ name: 'm', source: 'hf:acme/m', files: { a: 'a', b: 'b' } }]);
  await writeBundle(folder.join('two.tar'), [{ name: 'm', source: 'hf:acme/m', files: { a: 'a', c: 'b' } }]);
});

afterAll(() => bench[Symbol.asyncDispose]());

const run = (...args: readonly string[]) => bench.run(['size-check', ...args]);
const read = (name: string) => readFile(bench.folder.join(name), 'utf8');
const lines = (html: string) =>
  html.replaceAll(/<style>.*?<\/style>|<script.*?<\/script>|<[^>]*>/gs, ' ').replaceAll(/\s+/g, ' ');

describe('a report', () => {
  test('is written beside the result, and says the same', async () => {
    const plain = await run('acme/tiny-bert', '--json');
    const outcome = await run('acme/tiny-bert', '--report', 'fits.html', '--report', 'fits.svg', '--json');
    expect([outcome.code, outcome.stdout]).toEqual([0, plain.stdout]);
    const page = await read('fits.html');
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(lines(page)).toMatch(/✓ Fits 51\d\.\d MB to spare/);
    expect(lines(page)).toContain('Left out: ');
    expect(lines(page)).toContain('modelpack fetch acme/tiny-bert -o models.tar');
    expect(await read('fits.svg')).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" [^]*<\/svg>\n$/);
  });

  test('is written when it does not fit, too, and the exit code says so', async () => {
    const outcome = await run('huge.tar', '--report', 'over.html', '--format', 'github');
    expect(outcome.code).toBe(3);
    expect(outcome.stdout).toContain('::error');
    expect(lines(await read('over.html'))).toContain('✗ Does not fit over by 88 MB');
  });

  test('asks nothing of anybody', async () => {
    await run('acme/tiny-bert', 'huge.tar', '--report', 'all.html', '--report', 'all.svg');
    for (const text of [await read('all.html'), await read('all.svg')]) {
      const addresses = text.match(/\b(?:https?|s3|data):[^\s"'<)]*/g) ?? [];
      expect(new Set(addresses)).toEqual(
        new Set(
          text.startsWith('<svg')
            ? ['http://www.w3.org/2000/svg']
            : ['s3://BUCKET/models.tar', 'data:,', 'data:;'],
        ),
      );
    }
  });

  test('shows the functions of a template', async () => {
    const template = {
      Resources: { 'F<b>': { Type: 'AWS::Lambda::Function', Properties: { MemorySize: 2048 } } },
    };
    await bench.folder.write('t.json', JSON.stringify(template));
    await run('huge.tar', '--template', 't.json', '--report', 'f.html');
    expect(await read('f.html')).toContain('F&lt;b&gt;');
    expect(lines(await read('f.html'))).toContain('/tmp, unpacked: over by 88 MB');
  });
});

describe('a report since', () => {
  beforeAll(async () => {
    await run('one.tar', '--report', 'one.html');
    const { id, size, models } = (await bench.run(['inspect', 'one.tar', '--json'])).json<LockedBundle>();
    const asked = models.map((model) => ({ ...model, asked: model.source, selection: {} }));
    const chat = { name: 'chat', id, size, models: asked };
    const huge = (await bench.run(['inspect', 'huge.tar', '--json'])).json<LockedBundle>();
    const vision = {
      ...huge,
      name: 'vision',
      models: huge.models.map((model) => ({ ...model, asked: 'x', selection: {} })),
    };
    await writeFile(bench.folder.join('some.lock'), encodeLock({ version: 1, bundles: [chat] }));
    await writeFile(bench.folder.join('many.lock'), encodeLock({ version: 1, bundles: [chat, vision] }));
  });

  test.each([
    ['a bundle', 'one.tar'],
    ['a lock', 'some.lock'],
    ['one of several in a lock', 'many.lock'],
    ['one of them by its name', 'many.lock#chat'],
    ['an earlier report', 'one.html'],
  ])('%s says what differs', async (_, since) => {
    const outcome = await run('two.tar', '--report', 'since.html', '--since', since);
    expect([outcome.code, outcome.stderr.includes('modelpack:')]).toEqual([0, false]);
    expect(lines(await read('since.html'))).toContain(`Since ${since} 2 B 1 moved`);
    expect(lines(await read('since.html'))).toContain('moved m/c 1 B from m/b');
  });

  test('may take the place of the one that it compares with', async () => {
    await run('one.tar', '--report', 'same.html');
    await run('two.tar', '--report', 'same.html', '--since', 'same.html');
    expect(lines(await read('same.html'))).toContain('Since same.html 2 B 1 moved');
    const diff = (await bench.run(['diff', 'same.html', 'two.tar', '--json'])).json<DiffResult>();
    expect([diff.same, diff.before.kind]).toEqual([true, 'report']);
  });
});

describe('a report is refused', () => {
  test.each([
    [
      ['--report', 'x.pdf'],
      2,
      '--report x.pdf is neither a page nor an image\nhint: name a file that ends in .html or .svg',
    ],
    [['--since', 'one.tar'], 2, '--since is for a report, and there is none'],
    [['--report', 'none/x.html'], 2, 'none/x.html: its folder does not exist\nhint: mkdir -p none'],
    [['--report', 'x.html', '--since', 'none.tar'], 4, 'there is no none.tar'],
    [['--report', 'x.html', '--since', 'none.lock#a'], 4, 'there is no none.lock'],
    [['--report', 'x.html', '--since', 'foreign.html'], 2, 'foreign.html is no report of modelpack'],
    [['--report', 'x.html', '--since', 'notes'], 2, 'notes is no bundle, no lock and no report'],
  ])('for %j', async (args, code, message) => {
    await bench.folder.write('foreign.html', '<!doctype html><p>hello');
    await bench.folder.write('notes', 'hello');
    const outcome = await run('one.tar', ...args);
    expect([outcome.code, outcome.stdout]).toEqual([code, '']);
    expect(outcome.stderr).toContain(`modelpack: ${message}`);
    expect(
      (await bench.folder.list()).filter((name) => name.startsWith('x.') || name.startsWith('.')),
    ).toEqual([]);
  });
});
