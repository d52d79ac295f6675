import { stripVTControlCharacters, styleText } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Gate } from '../../src/budget/check.ts';
import { MB } from '../../src/budget/limits.ts';
import {
  sizeReport,
  summarizeLeftOut,
  type MeasuredTarget,
  type ReportSettings,
} from '../../src/budget/report.ts';
import type { Paint } from '../../src/cli/render/paint.ts';
import { github, markdown, text } from '../../src/cli/render/size-check.ts';
import { formatCount, formatSize } from '../../src/size.ts';
import { bar, shorten, wrap } from '../../src/cli/render/table.ts';

const bert: MeasuredTarget = {
  target: 'google-bert/bert-base-cased',
  revision: 'cd5ef92a9fb2f889e972770a36d4ed042daf221e',
  files: [
    ['model.safetensors', 435_755_784],
    ['tokenizer.json', 435_797],
    ['vocab.txt', 213_450],
    ['LICENSE', 11_357],
    ['README.md', 8_760],
    ['config.json', 570],
    ['tokenizer_config.json', 49],
    ['spiece.model', 21_385_146],
  ].map(([path, size]) => ({ path: `google-bert/bert-base-cased/${path}`, size: Number(size) })),
  leftOut: [
    ['the same weights for TensorFlow', 526_681_800],
    ['the same weights for Flax', 433_248_237],
    ['the same weights for PyTorch', 435_779_157],
  ].map(([reason, size]) => ({ reason: String(reason), files: [{ path: 'weights', size: Number(size) }] })),
};

const clip: MeasuredTarget = {
  target: 'clip:ViT-B/32',
  revision: undefined,
  files: [{ path: 'clip/ViT-B-32.pt', size: 354_104_115 }],
  leftOut: [],
};

function report(targets: readonly MeasuredTarget[], settings: Partial<ReportSettings> = {}) {
  const size = targets.flatMap(({ files }) => files).reduce((total, file) => total + file.size, 0);
  return sizeReport(targets, { bundleSize: size + 10_240, gate: ['tmp'], ...settings });
}

const both = report([bert, clip]);
const beside = { leftOut: [bert, clip].map(({ leftOut }) => summarizeLeftOut(leftOut)) };

/** As lines, so that goldens keep their shape. */
const show = (rendered: string) => `\n${rendered}\n`;

describe('formatSize()', () => {
  it.each([
    [0, '0 B'],
    [570, '570 B'],
    [1000, '1,000 B'],
    [1023, '1,023 B'],
    [1024, '1 KB'],
    [12_595, '12.3 KB'],
    [1_048_524, '1,023.9 KB'],
    [1_048_525, '1 MB'],
    [457_808_282, '436.6 MB'],
    [512 * MB, '512 MB'],
    [512 * MB + 4096, '512 MB'],
    [1010.5 * MB, '1,010.5 MB'],
    [1_700_000_000, '1.6 GB'],
    [10_240 * MB, '10 GB'],
    [2 ** 40, '1 TB'],
    [5000 * 2 ** 40, '5,000 TB'],
  ])('%d is %s', (bytes, expected) => {
    expect(formatSize(bytes)).toBe(expected);
  });
});

describe('formatCount()', () => {
  it('separates thousands and knows the singular', () => {
    expect([
      formatCount(1234),
      formatCount(1, 'file'),
      formatCount(0, 'file'),
      formatCount(1234, 'file'),
    ]).toEqual(['1,234', '1 file', '0 files', '1,234 files']);
  });
});

describe('bar()', () => {
  it('shows eighths of cells, something for anything, and the last cell only when over', () => {
    const shares = [0, 0.0001, 1 / 80, 0.5, 0.5125, 0.999, 1];
    expect(shares.map((share) => bar(share, false, 11))).toEqual([
      '',
      '▏',
      '▏',
      '█████',
      '█████▏',
      '█████████▉',
      '██████████',
    ]);
    expect(bar(1.0001, true, 11)).toBe('██████████▏');
  });
});

describe('wrap() and shorten()', () => {
  it('never part a number from what it counts', () => {
    expect(wrap('set MemorySize to at least 1,344 MB', 30)).toEqual([
      'set MemorySize to at least',
      '1,344 MB',
    ]);
    expect(wrap('', 30)).toEqual([]);
  });

  it('keep the end of a path, counted in code points', () => {
    expect(shorten('models/überraschung/𝒳.bin', 10)).toBe('…ung/𝒳.bin');
    expect(shorten('short', 5)).toBe('short');
  });
});

describe('text()', () => {
  it('at 120 columns', () => {
    expect(show(text(both, { columns: 120, ...beside }))).toMatchInlineSnapshot(`
      "
      2 models, 9 files, 774.3 MB                                                    MB = 1024² bytes, as Lambda counts
        google-bert/bert-base-cased@cd5ef92   436.6 MB   left out 1.3 GB: the same weights for TensorFlow, PyTorch, Flax
        clip:ViT-B/32                         337.7 MB

      budget                    needed   limit
      ✗ /tmp, unpacked        774.3 MB  512 MB  ██████████████████████████████▏ over by 262.3 MB   ← decides
      ✗ /tmp, tar + unpacked    1.5 GB  512 MB  ██████████████████████████████▏ over by 1 GB
      ✗ SnapStart             774.3 MB  512 MB  ██████████████████████████████▏ over by 262.3 MB
      ✓ /tmp, configured      774.3 MB   10 GB  ██▎                             set EphemeralStorage to at least 790 MB
      ✓ memory, streamed        1.3 GB   10 GB  ███▊                            set MemorySize to at least 1,344 MB
      ✗ zip package           774.3 MB  250 MB  ██████████████████████████████▏ over by 524.3 MB
      ✓ container image       774.3 MB   10 GB  ██▎                             9.2 GB to spare
      memory, streamed: the bundle in RAM, and 512 MB for the interpreter and framework

      largest files
        415.6 MB   google-bert/bert-base-cased/model.safetensors
        337.7 MB   clip/ViT-B-32.pt
         20.4 MB   google-bert/bert-base-cased/spiece.model
        425.6 KB   google-bert/bert-base-cased/tokenizer.json
        208.4 KB   google-bert/bert-base-cased/vocab.txt

      left out   1.3 GB in 3 files
        502.3 MB   the same weights for TensorFlow (1 file)
        415.6 MB   the same weights for PyTorch (1 file)
        413.2 MB   the same weights for Flax (1 file)

      next: modelpack fetch google-bert/bert-base-cased clip:ViT-B/32 -o s3://BUCKET/models.tar
            then load it into RAM: modelpack runtime python
      "
    `);
  });

  it('at 100 columns, the default', () => {
    expect(text(both, { columns: 100 })).toBe(text(both));
    expect(show(text(both, beside))).toMatchInlineSnapshot(`
      "
      2 models, 9 files, 774.3 MB                                       MB = 1024² bytes, as Lambda counts
        google-bert/bert-base-cased@cd5ef92   436.6 MB   left out 1.3 GB
        clip:ViT-B/32                         337.7 MB

      budget                    needed   limit
      ✗ /tmp, unpacked        774.3 MB  512 MB  █████████████████▏ over by 262.3 MB   ← decides
      ✗ /tmp, tar + unpacked    1.5 GB  512 MB  █████████████████▏ over by 1 GB
      ✗ SnapStart             774.3 MB  512 MB  █████████████████▏ over by 262.3 MB
      ✓ /tmp, configured      774.3 MB   10 GB  █▎                 set EphemeralStorage to at least 790 MB
      ✓ memory, streamed        1.3 GB   10 GB  ██▏                set MemorySize to at least 1,344 MB
      ✗ zip package           774.3 MB  250 MB  █████████████████▏ over by 524.3 MB
      ✓ container image       774.3 MB   10 GB  █▎                 9.2 GB to spare
      memory, streamed: the bundle in RAM, and 512 MB for the interpreter and framework

      largest files
        415.6 MB   google-bert/bert-base-cased/model.safetensors
        337.7 MB   clip/ViT-B-32.pt
         20.4 MB   google-bert/bert-base-cased/spiece.model
        425.6 KB   google-bert/bert-base-cased/tokenizer.json
        208.4 KB   google-bert/bert-base-cased/vocab.txt

      left out   1.3 GB in 3 files
        502.3 MB   the same weights for TensorFlow (1 file)
        415.6 MB   the same weights for PyTorch (1 file)
        413.2 MB   the same weights for Flax (1 file)

      next: modelpack fetch google-bert/bert-base-cased clip:ViT-B/32 -o s3://BUCKET/models.tar
            then load it into RAM: modelpack runtime python
      "
    `);
  });

  it('at 72 columns', () => {
    expect(show(text(both, { columns: 72, ...beside }))).toMatchInlineSnapshot(`
      "
      2 models, 9 files, 774.3 MB           MB = 1024² bytes, as Lambda counts
        google-bert/bert-base-cased@cd5ef92   436.6 MB   left out 1.3 GB
        clip:ViT-B/32                         337.7 MB

      budget                    needed   limit
      ✗ /tmp, unpacked        774.3 MB  512 MB  █████████████████████████████▏
          over by 262.3 MB   ← decides
      ✗ /tmp, tar + unpacked    1.5 GB  512 MB  █████████████████████████████▏
          over by 1 GB
      ✗ SnapStart             774.3 MB  512 MB  █████████████████████████████▏
          over by 262.3 MB
      ✓ /tmp, configured      774.3 MB   10 GB  ██▏
          set EphemeralStorage to at least 790 MB
      ✓ memory, streamed        1.3 GB   10 GB  ███▋
          set MemorySize to at least 1,344 MB
      ✗ zip package           774.3 MB  250 MB  █████████████████████████████▏
          over by 524.3 MB
      ✓ container image       774.3 MB   10 GB  ██▏
      memory, streamed: the bundle in RAM, and 512 MB for the interpreter and
      framework

      largest files
        415.6 MB   google-bert/bert-base-cased/model.safetensors
        337.7 MB   clip/ViT-B-32.pt
         20.4 MB   google-bert/bert-base-cased/spiece.model
        425.6 KB   google-bert/bert-base-cased/tokenizer.json
        208.4 KB   google-bert/bert-base-cased/vocab.txt

      left out   1.3 GB in 3 files
        502.3 MB   the same weights for TensorFlow (1 file)
        415.6 MB   the same weights for PyTorch (1 file)
        413.2 MB   the same weights for Flax (1 file)

      next:
        modelpack fetch google-bert/bert-base-cased clip:ViT-B/32 \\
          -o s3://BUCKET/models.tar
        then load it into RAM: modelpack runtime python
      "
    `);
  });

  it('at 40 columns', () => {
    expect(show(text(both, { columns: 40, ...beside }))).toMatchInlineSnapshot(`
      "
      2 models, 9 files, 774.3 MB
      MB = 1024² bytes, as Lambda counts
        google-bert/bert-base-cased@cd5ef92
          436.6 MB, left out 1.3 GB
        clip:ViT-B/32
          337.7 MB

      ✗ /tmp, unpacked   ← decides
        774.3 MB of 512 MB, over by 262.3 MB
      ✗ /tmp, tar + unpacked
        1.5 GB of 512 MB, over by 1 GB
      ✗ SnapStart
        774.3 MB of 512 MB, over by 262.3 MB
      ✓ /tmp, configured
        774.3 MB of 10 GB
        set EphemeralStorage to at least
        790 MB
      ✓ memory, streamed
        1.3 GB of 10 GB
        set MemorySize to at least 1,344 MB
      ✗ zip package
        774.3 MB of 250 MB, over by 524.3 MB
      ✓ container image
        774.3 MB of 10 GB
      memory, streamed: the bundle in RAM, and
      512 MB for the interpreter and framework

      largest files
        415.6 MB   …se-cased/model.safetensors
        337.7 MB   clip/ViT-B-32.pt
         20.4 MB   …rt-base-cased/spiece.model
        425.6 KB   …-base-cased/tokenizer.json
        208.4 KB   …/bert-base-cased/vocab.txt

      left out   1.3 GB in 3 files
        502.3 MB   the same weights for
                   TensorFlow (1 file)
        415.6 MB   the same weights for
                   PyTorch (1 file)
        413.2 MB   the same weights for Flax
                   (1 file)

      next:
        modelpack fetch \\
          google-bert/bert-base-cased \\
          clip:ViT-B/32 \\
          -o s3://BUCKET/models.tar
        then load it into RAM:
          modelpack runtime python
      "
    `);
  });

  it('of a model that fits', () => {
    expect(show(text(report([clip])))).toMatchInlineSnapshot(`
      "
      1 model, 1 file, 337.7 MB                                         MB = 1024² bytes, as Lambda counts
        clip:ViT-B/32   337.7 MB

      budget                    needed   limit
      ✓ /tmp, unpacked        337.7 MB  512 MB  ███████████████▏         174.3 MB to spare   ← decides
      ✗ /tmp, tar + unpacked  675.4 MB  512 MB  ███████████████████████▏ unpack while downloading
      ✓ SnapStart             337.7 MB  512 MB  ███████████████▏         174.3 MB to spare
      ✓ /tmp, configured      337.7 MB   10 GB  ▊                        9.7 GB to spare
      ✓ memory, streamed      849.7 MB   10 GB  █▉                       set MemorySize to at least 896 MB
      ✗ zip package           337.7 MB  250 MB  ███████████████████████▏ over by 87.7 MB
      ✓ container image       337.7 MB   10 GB  ▊                        9.7 GB to spare
      memory, streamed: the bundle in RAM, and 512 MB for the interpreter and framework

      largest files
        337.7 MB   clip/ViT-B-32.pt

      next: modelpack fetch clip:ViT-B/32 -o models.tar
      "
    `);
  });

  it('of memory that decides and is too little', () => {
    const settings = { memory: 512 * MB, gate: ['memory', 'image'] as Gate[] };
    expect(show(text(report([clip], settings)))).toMatchInlineSnapshot(`
      "
      1 model, 1 file, 337.7 MB                                         MB = 1024² bytes, as Lambda counts
        clip:ViT-B/32   337.7 MB

      budget                    needed   limit
      ✓ /tmp, unpacked        337.7 MB  512 MB  ███████▎     174.3 MB to spare
      ✗ /tmp, tar + unpacked  675.4 MB  512 MB  ███████████▏ unpack while downloading
      ✓ SnapStart             337.7 MB  512 MB  ███████▎     174.3 MB to spare
      ✓ /tmp, configured      337.7 MB   10 GB  ▎            9.7 GB to spare
      ✗ memory, streamed      849.7 MB  512 MB  ███████████▏ set MemorySize to at least 896 MB   ← decides
      ✗ zip package           337.7 MB  250 MB  ███████████▏ over by 87.7 MB
      ✓ container image       337.7 MB   10 GB  ▎            9.7 GB to spare   ← decides
      memory, streamed: the bundle in RAM, and 512 MB for the interpreter and framework

      largest files
        337.7 MB   clip/ViT-B-32.pt

      next: modelpack fetch clip:ViT-B/32 -o s3://BUCKET/models.tar
            then load it into RAM: modelpack runtime python
      "
    `);
  });

  it('of more than a function can hold', () => {
    const huge = { ...clip, target: 'org/huge', files: [{ path: 'huge/model.gguf', size: 45_000 * MB }] };
    expect(show(text(report([huge])))).toMatchInlineSnapshot(`
      "
      1 model, 1 file, 43.9 GB                                          MB = 1024² bytes, as Lambda counts
        org/huge   43.9 GB

      budget                   needed   limit
      ✗ /tmp, unpacked        43.9 GB  512 MB  ██████████████████████████████▏ over by 43.4 GB   ← decides
      ✗ /tmp, tar + unpacked  87.9 GB  512 MB  ██████████████████████████████▏ over by 87.4 GB
      ✗ SnapStart             43.9 GB  512 MB  ██████████████████████████████▏ over by 43.4 GB
      ✗ /tmp, configured      43.9 GB   10 GB  ██████████████████████████████▏ over by 33.9 GB
      ✗ memory, streamed      44.4 GB   10 GB  ██████████████████████████████▏ over by 34.4 GB
      ✗ zip package           43.9 GB  250 MB  ██████████████████████████████▏ over by 43.7 GB
      ✗ container image       43.9 GB   10 GB  ██████████████████████████████▏ over by 33.9 GB
      memory, streamed: the bundle in RAM, and 512 MB for the interpreter and framework

      largest files
        43.9 GB   huge/model.gguf

      next: choose a smaller or quantized model, or split the models over several functions
      "
    `);
  });

  it('names the commit once', () => {
    const lines = ['a/b@main', 'a/b@cd5ef92a9f', 'a/b'].map(
      (target) => text(report([{ ...bert, target }])).split('\n')[1],
    );
    expect(lines).toEqual([
      '  a/b@main (cd5ef92)   436.6 MB',
      '  a/b@cd5ef92   436.6 MB',
      '  a/b@cd5ef92   436.6 MB',
    ]);
  });

  it('aligns names that are not ASCII, and lets no name draw on the terminal', () => {
    const names = ['./modèle-été', './модель', './\u001B[31mred', './plain'];
    const lines = text(report(names.map((target) => ({ ...clip, target }))))
      .split('\n')
      .slice(1, 5);
    expect(lines).toEqual([
      '  ./modèle-été      337.7 MB',
      '  ./модель          337.7 MB',
      String.raw`  ./\u{1b}[31mred   337.7 MB`,
      '  ./plain           337.7 MB',
    ]);
  });

  it('breaks a long command so that it can still be pasted', () => {
    const targets = ["./it's a folder", './second', './third'].map((target) => ({ ...clip, target }));
    const lines = text(report(targets), { columns: 40 }).split('\n');
    expect(lines.slice(lines.indexOf('next:'))).toEqual([
      'next:',
      '  modelpack fetch \\',
      "    './it'\\''s a folder' ./second \\",
      '    ./third -o s3://BUCKET/models.tar',
      '  then load it into RAM:',
      '    modelpack runtime python',
    ]);
  });

  it('counts the models it is told of', () => {
    expect(text(both, { models: 5 })).toMatch(/^5 models, 9 files/);
  });

  const plainName = fc.stringMatching(/^[a-z0-9/-]{1,30}$/);
  const file = fc.record({ path: plainName, size: fc.nat({ max: 2 ** 37 }) });
  const reason = fc.constantFrom(
    'the same weights for Flax',
    'the same weights for PyTorch',
    'pictures and notebooks',
  );
  const target: fc.Arbitrary<MeasuredTarget> = fc.record({
    target: plainName,
    revision: fc.constantFrom(undefined, 'c'.repeat(40)),
    files: fc.array(file, { maxLength: 8 }),
    leftOut: fc.array(fc.record({ reason, files: fc.array(file, { maxLength: 3 }) }), { maxLength: 4 }),
  });
  const gate = fc.subarray<Gate>(['tmp', 'snapstart', 'memory', 'package', 'image']);
  const size = fc.option(fc.integer({ min: 128, max: 10_240 }), { nil: undefined });
  const colour: Paint = (style, painted) => styleText(style, painted, { validateStream: false });

  it('never draws beyond the columns, and colours change nothing but colour', () => {
    fc.assert(
      fc.property(
        fc.array(target, { minLength: 1, maxLength: 4 }),
        gate,
        size,
        size,
        fc.integer({ min: 40, max: 160 }),
        (targets, gates, tmp, memory, columns) => {
          const settings = {
            gate: gates,
            tmp: tmp === undefined ? undefined : tmp * MB,
            memory: memory === undefined ? undefined : memory * MB,
          };
          const any = report(targets, settings);
          const options = { columns, leftOut: targets.map(({ leftOut }) => summarizeLeftOut(leftOut)) };
          const drawn = text(any, options);
          for (const line of drawn.split('\n')) {
            expect(Array.from(line).length, line).toBeLessThanOrEqual(columns);
            expect(line).toBe(line.trimEnd());
          }
          expect(stripVTControlCharacters(text(any, { ...options, paint: colour }))).toBe(drawn);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('markdown()', () => {
  it('of models that do not fit', () => {
    expect(show(markdown(both, beside))).toMatchInlineSnapshot(`
      "
      ### ❌ Does not fit AWS Lambda: 2 models, 9 files, 774.3 MB

      - \`google-bert/bert-base-cased@cd5ef92\` 436.6 MB, left out 1.3 GB: the same weights for TensorFlow, PyTorch, Flax
      - \`clip:ViT-B/32\` 337.7 MB

      |  | budget | needed | limit | used |  |
      | :-: | :-- | --: | --: | --: | :-- |
      | ❌ | **/tmp, unpacked** | 774.3 MB | 512 MB | 152 % | **over by 262.3 MB** ← decides |
      | ⚠️ | /tmp, tar + unpacked | 1.5 GB | 512 MB | 303 % | over by 1 GB |
      | ⚠️ | SnapStart | 774.3 MB | 512 MB | 152 % | over by 262.3 MB |
      | ✅ | /tmp, configured | 774.3 MB | 10 GB | 7 % | set EphemeralStorage to at least 790 MB |
      | ✅ | memory, streamed | 1.3 GB | 10 GB | 12 % | set MemorySize to at least 1,344 MB |
      | ⚠️ | zip package | 774.3 MB | 250 MB | 310 % | over by 524.3 MB |
      | ✅ | container image | 774.3 MB | 10 GB | 7 % | 9.2 GB to spare |

      **Next:**

      \`\`\`sh
      modelpack fetch google-bert/bert-base-cased clip:ViT-B/32 -o s3://BUCKET/models.tar
      \`\`\`

      then load it into RAM: modelpack runtime python

      <details><summary>Largest files</summary>

      | size | file |
      | --: | :-- |
      | 415.6 MB | \`google-bert/bert-base-cased/model.safetensors\` |
      | 337.7 MB | \`clip/ViT-B-32.pt\` |
      | 20.4 MB | \`google-bert/bert-base-cased/spiece.model\` |
      | 425.6 KB | \`google-bert/bert-base-cased/tokenizer.json\` |
      | 208.4 KB | \`google-bert/bert-base-cased/vocab.txt\` |

      </details>

      <details><summary>Left out: 1.3 GB in 3 files</summary>

      | size | what |
      | --: | :-- |
      | 502.3 MB | the same weights for TensorFlow (1 file) |
      | 415.6 MB | the same weights for PyTorch (1 file) |
      | 413.2 MB | the same weights for Flax (1 file) |

      </details>

      <sub>MB = 1024² bytes, as Lambda counts. Checked by modelpack size-check.</sub>
      "
    `);
  });

  it('of a model that fits', () => {
    expect(markdown(report([clip]))).toMatch(/^### ✅ Fits AWS Lambda: 1 model, 1 file, 337\.7 MB\n/);
  });

  it('lets no name break out of its cell, or mention anybody', () => {
    const path = 'a|b`c<img src=x>@someone';
    const rendered = markdown(
      report([{ target: 'x`y', revision: undefined, files: [{ path, size: 1 }], leftOut: [] }]),
    );
    expect(rendered).toContain('| 1 B | `` a\\|b`c<img src=x>@someone `` |');
    expect(rendered).toContain('- `` x`y `` 1 B');
  });

  it('says no more of the limit is used than fits', () => {
    const just = { ...clip, files: [{ path: 'x', size: 512 * MB + 1 }] };
    expect(markdown(report([just]))).toContain('| 512 MB | 512 MB | 101 % | **over by 4 KB** ← decides |');
  });
});

describe('github()', () => {
  it('of models that do not fit', () => {
    expect(show(github(both, beside))).toMatchInlineSnapshot(`
      "
      ::error title=/tmp%2C unpacked%3A over by 262.3 MB::774.3 MB needed, 512 MB allowed: the files unpacked under /tmp as configured, in blocks of 4,096 bytes
      ::warning title=/tmp%2C tar + unpacked%3A over by 1 GB::1.5 GB needed, 512 MB allowed: the bundle downloaded to /tmp and unpacked there, both at once
      ::warning title=SnapStart%3A over by 262.3 MB::774.3 MB needed, 512 MB allowed: the files unpacked under /tmp with SnapStart, which has 512 MB whatever is configured
      ::warning title=zip package%3A over by 524.3 MB::774.3 MB needed, 250 MB allowed: the files inside a zip package, unzipped; code and layers come on top
      ::notice title=modelpack size-check%3A does not fit::2 models, 9 files, 774.3 MB (MB = 1024² bytes, as Lambda counts)%0A- modelpack fetch google-bert/bert-base-cased clip:ViT-B/32 -o s3://BUCKET/models.tar, then load it into RAM: modelpack runtime python%0A- set EphemeralStorage to at least 790 MB%0A- set MemorySize to at least 1,344 MB
      "
    `);
  });

  it('of a model that fits is a notice alone, where nothing else is over', () => {
    const small = { ...clip, files: [{ path: 'x', size: 10 * MB }] };
    expect(github(report([small]))).toBe(
      '::notice title=modelpack size-check%3A fits::1 model, 1 file, 10 MB (MB = 1024² bytes, as Lambda counts)' +
        '%0A- modelpack fetch clip:ViT-B/32 -o models.tar%0A- set MemorySize to at least 576 MB',
    );
  });

  it('escapes what a message and a property must not hold', () => {
    const odd = { ...clip, target: '100%\r\n::error::owned' };
    const rendered = github(report([odd]));
    expect(
      rendered.split('\n').filter((line) => !/^::(error|warning|notice) title=[^:,]+::/.test(line)),
    ).toEqual([]);
    expect(rendered).toContain(String.raw`'100%25\u{d}\u{a}::error::owned'`);
  });
});
