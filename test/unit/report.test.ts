import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { sizeReport } from '../../src/budget/report.ts';
import { page, type Drawn } from '../../src/cli/render/report/page.ts';
import { svg } from '../../src/cli/render/report/svg.ts';
import { layTreemap } from '../../src/cli/render/report/treemap.ts';
import { ModelpackError } from '../../src/errors.ts';
import { changesOf, isSame, type ComparedModel } from '../../src/lock/changes.ts';
import { decodeRecord, encodeRecord } from '../../src/report/record.ts';
import { bundleDiff } from '../../src/verbs/diff.ts';

const MB = 1024 ** 2;

function model(name: string, files: Readonly<Record<string, number>>): ComparedModel {
  return {
    name,
    source: `hf:${name}`,
    revision: 'c'.repeat(40),
    files: Object.entries(files).map(([path, size]) => ({ path, size })),
  };
}

function drawn(models: readonly ComparedModel[], more: Partial<Drawn> = {}): Drawn {
  const size = models.flatMap(({ files }) => files).reduce((sum, file) => sum + file.size, 0);
  const measured = models.map(({ name, revision, files }) => ({
    target: name,
    revision,
    files,
    leftOut: [],
  }));
  const report = sizeReport(measured, { bundleSize: size + 2048, gate: ['tmp'] });
  return { report, beside: {}, snapshot: { name: null, id: null, size: size + 2048, models }, ...more };
}

const textOf = (html: string) => html.replaceAll(/<style>.*?<\/style>|<[^>]*>/gs, '');
const anyText = fc.string({ unit: 'binary', maxLength: 12 });
const anyModels = fc.array(
  fc.record({
    name: anyText,
    source: anyText,
    files: fc.array(fc.record({ path: anyText, size: fc.nat({ max: 2 ** 40 }) }), { maxLength: 6 }),
  }),
  { maxLength: 3 },
);

describe('a treemap', () => {
  const frame = { width: 1000, height: 400, head: 0, gap: 0 } as const;

  test('gives each file the area of its share', () => {
    const groups = layTreemap([model('a', { x: 600, y: 200 }), model('b', { z: 200 })], frame);
    const areas = groups.flatMap(({ name, cells }) =>
      cells.map((cell) => [`${name}/${cell.name}`, Math.round(cell.width * cell.height)]),
    );
    expect(areas).toEqual([
      ['a/x', 240_000],
      ['a/y', 80_000],
      ['b/z', 80_000],
    ]);
  });

  test('shows many small files as one, and no file without bytes', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`s${at}`, 10]));
    const [group] = layTreemap([model('a', { big: 100_000, ...many, none: 0 })], frame);
    expect(group!.cells.map(({ name, size, file }) => [name, size, file])).toEqual([
      ['big', 100_000, 0],
      ['201 smaller files', 2000, undefined],
    ]);
    expect(layTreemap([model('a', { none: 0 }), model('b', {})], frame)).toEqual([]);
  });

  test('stays within its frame, whatever the files are', () => {
    fc.assert(
      fc.property(anyModels, (models) => {
        const groups = layTreemap(models, { width: 1000, height: 400, head: 26, gap: 6 });
        const cells = groups.flatMap((group) => group.cells);
        for (const { x, y, width, height } of cells) {
          expect(Math.min(x, y, width, height)).toBeGreaterThanOrEqual(-1e-6);
          expect([x + width <= 1000 + 1e-6, y + height <= 400 + 1e-6]).toEqual([true, true]);
        }
        const total = cells.reduce((sum, { width, height }) => sum + width * height, 0);
        expect(total).toBeLessThanOrEqual(400_001);
      }),
    );
  });
});

describe('a page', () => {
  test('says the answer first', () => {
    const over = textOf(page(drawn([model('a', { x: 600 * MB })])));
    expect(over.replaceAll(/\s+/g, ' ')).toMatch(
      /^ Does not fit: over by 88 MB · modelpack modelpack size-check ✗ Does not fit over by 88 MB \/tmp, unpacked: 600 MB of 512 MB 1 model, 1 file, 600 MB/,
    );
    expect(textOf(page(drawn([model('a', { x: 100 * MB })])))).toContain('Fits 412 MB to spare');
  });

  test('is the same for the same models', () => {
    const one = drawn([model('a', { x: 5 })]);
    expect(page(one)).toBe(page(structuredClone({ ...one, since: undefined })));
    expect(svg(one)).toBe(svg(one));
  });

  test('draws nothing of nothing', () => {
    expect(page(drawn([]))).not.toContain('class="map');
    expect(svg(drawn([]))).toContain('Fits');
  });

  test('says what differs, the most bytes first', () => {
    const [was, is] = [
      drawn([model('a', { same: 5, small: 10, gone: 7 })]),
      drawn([model('a', { same: 5, small: 11, new: 600 * MB })]),
    ];
    const since = { target: 'old.lock', diff: bundleDiff(was.snapshot, is.snapshot) };
    const text = textOf(page({ ...is, since }));
    expect(text).toContain('Since old.lock');
    expect(text.indexOf('a/new')).toBeLessThan(text.indexOf('a/gone'));
    expect(text.indexOf('a/gone')).toBeLessThan(text.indexOf('a/small'));
    expect(text).toContain('The gap in a bar is where it ended in old.lock.');
    const same = { target: 'old.lock', diff: bundleDiff(is.snapshot, is.snapshot) };
    expect(textOf(page({ ...is, since: same }))).toContain('Nothing differs.');
  });

  test('has only its own elements, whatever things are called', () => {
    const elements = (text: string) => (text.match(/<\/?[a-z][^\s>]*/gi) ?? []).toSorted();
    fc.assert(
      fc.property(anyText, anyText, (name, path) => {
        const hostile = `<script>"'&${name}`;
        const [plain, evil] = [model('name', { path: 5 }), model(hostile, { [`</style>${path}`]: 5 })];
        expect(elements(page(drawn([evil])))).toEqual(elements(page(drawn([plain]))));
        expect(page(drawn([evil]))).not.toMatch(/[\0-\t\v-\x1f\x7f\u202a-\u202e]/);
        expect(svg(drawn([evil]))).not.toMatch(/<script|<\/style>[^\n]/);
      }),
    );
  });
});

describe('what a report remembers', () => {
  test('is what it was drawn from', () => {
    fc.assert(
      fc.property(anyModels, fc.nat(), (models, size) => {
        const text = `<!doctype html>\n<p></p>${encodeRecord({ id: 'x', size, models })}\n</body>`;
        expect(text.match(/<\/script>/g)).toHaveLength(1);
        const record = decodeRecord(text, 'r.html');
        expect(record).toMatchObject({ schema: 'modelpack.report/1', id: 'x', size });
        expect(JSON.stringify(record.models)).toBe(JSON.stringify(models));
      }),
    );
  });

  test('is there in the page', () => {
    const models = [model('a', { x: 5 })];
    const record = decodeRecord(page(drawn(models)), 'r.html');
    expect(isSame(changesOf(record.models, models))).toBe(true);
  });

  test.each([
    ['', 'is no report of modelpack'],
    ['<!doctype html>', 'is no report of modelpack'],
    [encodeRecord({ id: null, size: 1, models: [] }).replace('[]', '[{"name":1}]'), 'is a damaged report'],
    [encodeRecord({ id: null, size: 1, models: [] }).replace('1,', '-1,'), 'is a damaged report'],
    [encodeRecord({ id: null, size: 1, models: [] }).replace('{', ''), 'is a damaged report'],
    [encodeRecord({ id: null, size: 1, models: [] }).replace('report/1', 'report/9'), 'is a damaged report'],
  ])('is refused where it is not there: %j', (text, message) => {
    expect(() => decodeRecord(text, 'r.html')).toThrow(ModelpackError);
    expect(() => decodeRecord(text, 'r.html')).toThrow(`r.html ${message}`);
  });
});
