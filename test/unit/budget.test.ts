import { describe, expect, it } from 'vitest';

import {
  advice,
  budgets,
  verdict,
  type Budget,
  type BudgetName,
  type Gate,
  type Settings,
  type Subject,
} from '../../src/budget/check.ts';
import { nextCommand } from '../../src/budget/command.ts';
import { shellWord } from '../../src/printable.ts';
import { FRAMEWORK_HEADROOM, GB, limits, MB } from '../../src/budget/limits.ts';
import { sizeReport, summarizeLeftOut } from '../../src/budget/report.ts';

function of(name: BudgetName, subject: Partial<Subject>, settings: Settings = {}): Budget {
  const all = budgets({ fileSizes: [], bundleSize: 0, ...subject }, settings);
  return all.find((budget) => budget.name === name)!;
}

describe('limits', () => {
  it('are the bytes that Lambda enforces', () => {
    expect(Object.fromEntries(Object.entries(limits).map(([name, { bytes }]) => [name, bytes]))).toEqual({
      tmpDefault: 536_870_912,
      tmpMax: 10_737_418_240,
      snapStartTmp: 536_870_912,
      memoryMin: 134_217_728,
      memoryMax: 10_737_418_240,
      packageUnzipped: 262_144_000,
      image: 10_737_418_240,
    });
  });

  it('name the page of AWS that states them', () => {
    for (const { source } of Object.values(limits))
      expect(source).toMatch(/^https:\/\/docs\.aws\.amazon\.com\//);
  });
});

describe('budgets()', () => {
  it('lists all seven in the order of the JSON document', () => {
    const names = budgets({ fileSizes: [], bundleSize: 0 }).map(({ name }) => name);
    expect(names).toEqual(['tmp', 'tmp-naive', 'tmp-max', 'snapstart', 'memory', 'package', 'image']);
  });

  it('has the keys of the JSON document, in order', () => {
    const keys = ['name', 'limit', 'needed', 'fits', 'over', 'headroom', 'note'];
    for (const budget of budgets({ fileSizes: [1], bundleSize: 1 }))
      expect(Object.keys(budget)).toEqual(keys);
  });

  // Under /tmp one byte more is one block more.
  it.each<[BudgetName, Partial<Subject>, Partial<Subject>, number]>([
    ['tmp', { fileSizes: [512 * MB] }, { fileSizes: [512 * MB + 1] }, 4096],
    ['tmp-max', { fileSizes: [10_240 * MB] }, { fileSizes: [10_240 * MB + 1] }, 4096],
    ['snapstart', { fileSizes: [512 * MB] }, { fileSizes: [512 * MB + 1] }, 4096],
    [
      'tmp-naive',
      { fileSizes: [256 * MB], bundleSize: 256 * MB },
      { fileSizes: [256 * MB], bundleSize: 256 * MB + 1 },
      4096,
    ],
    ['memory', { bundleSize: 9728 * MB }, { bundleSize: 9728 * MB + 1 }, 1],
    ['package', { fileSizes: [250 * MB] }, { fileSizes: [250 * MB + 1] }, 1],
    ['image', { fileSizes: [10 * GB] }, { fileSizes: [10 * GB + 1] }, 1],
  ])('%s fits at its limit and not one byte above', (name, atLimit, above, over) => {
    expect(of(name, atLimit)).toMatchObject({ fits: true, over: 0, headroom: 0 });
    expect(of(name, above)).toMatchObject({ fits: false, over, headroom: 0 });
  });

  it('rounds each file up to whole blocks under /tmp, and only there', () => {
    const fileSizes = [0, 1, 4096, 4097];
    for (const name of ['tmp', 'tmp-max', 'snapstart'] as const) {
      expect(of(name, { fileSizes }).needed).toBe(4 * 4096);
    }
    expect(of('tmp-naive', { fileSizes, bundleSize: 10_240 }).needed).toBe(7 * 4096);
    for (const name of ['package', 'image'] as const) expect(of(name, { fileSizes }).needed).toBe(8194);
    expect(of('memory', { fileSizes, bundleSize: 10_240 }).needed).toBe(10_240 + FRAMEWORK_HEADROOM);
  });

  it('says how much is to spare', () => {
    expect(of('tmp', { fileSizes: [500 * MB] })).toMatchObject({ fits: true, over: 0, headroom: 12 * MB });
  });

  it('measures against the configured /tmp, SnapStart excepted', () => {
    const subject = { fileSizes: [600 * MB], bundleSize: 600 * MB };
    const settings = { tmp: 1024 * MB };
    expect(of('tmp', subject, settings)).toMatchObject({ limit: 1024 * MB, fits: true });
    expect(of('tmp-naive', subject, settings)).toMatchObject({
      limit: 1024 * MB,
      fits: false,
      over: 176 * MB,
    });
    expect(of('snapstart', subject, settings)).toMatchObject({ limit: 512 * MB, fits: false });
    expect(of('tmp-max', subject, settings)).toMatchObject({ limit: 10_240 * MB, fits: true });
  });

  it('measures against the configured memory', () => {
    const memory = 1024 * MB;
    expect(of('memory', { bundleSize: 512 * MB }, { memory })).toMatchObject({ limit: memory, fits: true });
    expect(of('memory', { bundleSize: 512 * MB + 1 }, { memory })).toMatchObject({ fits: false, over: 1 });
  });

  it('states the headroom for the framework in the note', () => {
    expect(of('memory', {}).note).toContain('512 MB for the interpreter and framework');
  });
});

describe('verdict()', () => {
  const all = budgets({ fileSizes: [300 * MB], bundleSize: 300 * MB });

  it.each<[Gate[], boolean]>([
    [['tmp'], true],
    [['package'], false],
    [['tmp', 'package'], false],
    [['tmp', 'snapstart', 'memory', 'image'], true],
    [[], true],
  ])('is decided by the gates alone: %j', (gates, fits) => {
    expect(verdict(all, gates)).toEqual({ fits });
  });
});

describe('advice()', () => {
  function advise(
    megabytes: number,
    settings: Settings = {},
    gates: Gate[] = ['tmp'],
  ): Record<string, string> {
    const size = megabytes * MB;
    const list = advice(budgets({ fileSizes: [size], bundleSize: size }, settings), gates, ['org/model']);
    return Object.fromEntries(list.map(({ code, text }) => [code, text]));
  }

  it('packs into a file what fits', () => {
    expect(advise(100)).toEqual({
      fits: 'modelpack fetch org/model -o models.tar',
      'set-memory': 'set MemorySize to at least 640 MB',
    });
  });

  it('streams what does not fit /tmp, and says what to configure', () => {
    const given = advise(774.3);
    expect(given).toEqual({
      'stream-into-memory': 'modelpack fetch org/model -o s3://BUCKET/models.tar',
      'raise-ephemeral-storage': 'set EphemeralStorage to at least 790 MB',
      'set-memory': 'set MemorySize to at least 1,344 MB',
    });
    expect(Object.keys(given)[0]).toBe('stream-into-memory');
  });

  it('warns who would download the bundle and unpack it beside', () => {
    expect(advise(256)).not.toHaveProperty('unpack-while-downloading');
    expect(advise(257)).toHaveProperty('unpack-while-downloading');
    expect(advise(513)).not.toHaveProperty('unpack-while-downloading');
  });

  it.each([
    [512 + 1 / 256, 'set EphemeralStorage to at least 523 MB'],
    [1000, 'set EphemeralStorage to at least 1,020 MB'],
    [10_100, 'set EphemeralStorage to at least 10,240 MB'],
    [10_240, 'set EphemeralStorage to at least 10,240 MB'],
    [10_241, undefined],
  ])('for %d MB: %s', (megabytes, text) => {
    expect(advise(megabytes)['raise-ephemeral-storage']).toBe(text);
  });

  it.each([
    [0, 'set MemorySize to at least 512 MB'],
    [1 / MB, 'set MemorySize to at least 576 MB'],
    [9728, 'set MemorySize to at least 10,240 MB'],
    [9729, undefined],
  ])('for a bundle of %d MB: %s', (megabytes, text) => {
    expect(advise(megabytes)['set-memory']).toBe(text);
  });

  it('says nothing of memory that is configured and enough', () => {
    expect(advise(600, { memory: 2048 * MB })).not.toHaveProperty('set-memory');
    expect(advise(600, { memory: 512 * MB })).toHaveProperty(
      'set-memory',
      'set MemorySize to at least 1,152 MB',
    );
  });

  it('never advises what Lambda does not give', () => {
    expect(Object.keys(advise(9800))).toEqual(['raise-ephemeral-storage']);
    expect(Object.keys(advise(11_000))).toEqual(['make-smaller']);
  });

  it('streams what fits /tmp but not a budget that decides', () => {
    expect(Object.keys(advise(300, {}, ['package']))[0]).toBe('stream-into-memory');
    expect(Object.keys(advise(600, { tmp: 1024 * MB }, ['snapstart']))[0]).toBe('stream-into-memory');
  });
});

describe('nextCommand()', () => {
  it('quotes what a shell would read otherwise', () => {
    expect(
      nextCommand(['./my models', "it's", 'https://host/a.bin?x=1#sha256=ab', 'a=hf:b/c@v1'], 'file'),
    ).toBe(
      `modelpack fetch './my models' 'it'\\''s' 'https://host/a.bin?x=1#sha256=ab' a=hf:b/c@v1 -o models.tar`,
    );
    expect(shellWord('')).toBe("''");
  });

  it('sends off what is packed already, and leaves it alone among sources', () => {
    expect(nextCommand(['out/my.tar'], 's3')).toBe('modelpack upload out/my.tar s3://BUCKET/my.tar');
    expect(nextCommand(['s3://b/my.tar'], 's3')).toBe('modelpack verify s3://b/my.tar');
    expect(nextCommand(['a.tar', 's3://b/c.tar'], 's3')).toBe(
      'modelpack upload a.tar s3://BUCKET/a.tar && modelpack verify s3://b/c.tar',
    );
    expect(nextCommand(['a.tar', 'org/model'], 'file')).toBe('modelpack fetch org/model -o models.tar');
  });
});

describe('sizeReport()', () => {
  const rows = [
    { reason: 'logs', files: [{ path: 'a.log', size: 5 }] },
    { reason: 'the same weights for Flax', files: [{ path: 'flax.msgpack', size: 70 }] },
    { reason: 'logs', files: [{ path: 'b.log', size: 6 }] },
  ];

  it('adds up the targets under the keys of the JSON document', () => {
    const files = Array.from({ length: 12 }, (_, at) => ({ path: `m/${at}`, size: at }));
    const report = sizeReport(
      [
        { target: 'org/m', revision: 'c'.repeat(40), files, leftOut: rows },
        { target: './n', revision: undefined, files: [{ path: 'n/x', size: 100 }], leftOut: [] },
      ],
      { bundleSize: 10_240, gate: ['tmp'] },
    );
    expect(Object.keys(report)).toEqual([
      'schema',
      'targets',
      'size',
      'bundleSize',
      'files',
      'largest',
      'leftOut',
      'budgets',
      'gate',
      'fits',
      'advice',
    ]);
    expect(report).toMatchObject({
      schema: 'modelpack.size-check/1',
      targets: [
        { target: 'org/m', revision: 'c'.repeat(40), size: 66, files: 12 },
        { target: './n', revision: null, size: 100, files: 1 },
      ],
      size: 166,
      files: 13,
      leftOut: { size: 81, files: 3 },
      fits: true,
    });
    expect(report.largest).toHaveLength(10);
    expect(report.largest.slice(0, 2)).toEqual([
      { path: 'n/x', size: 100 },
      { path: 'm/11', size: 11 },
    ]);
  });

  it('adds up what was left out for one reason', () => {
    expect(summarizeLeftOut(rows)).toEqual({
      size: 81,
      files: 3,
      reasons: [
        { reason: 'the same weights for Flax', size: 70, files: 1 },
        { reason: 'logs', size: 11, files: 2 },
      ],
    });
  });
});
