import { readFileSync } from 'node:fs';

import Ajv from 'ajv-draft-04';
import { describe, expect, test } from 'vitest';
import { validateXML } from 'xmllint-wasm';

import { github, junit, sarif, text } from '../../../src/cli/render/lint.ts';
import { diff } from '../../../src/cli/render/lint/diff.ts';
import type { Linted } from '../../../src/verbs/lint.ts';
import { lintTexts } from '../../helpers/lint.ts';

const data = (name: string) => readFileSync(new URL(`../../data/schemas/${name}`, import.meta.url), 'utf8');

const files = {
  'src/app.py': 'import clip\nmodel = clip.load("ViT-B/32", device="<&>%")\n',
  'src/ünï code/a&b<c>"d".py':
    'from transformers import AutoModel\n\tx = (\nAutoModel.from_pretrained("a", cache_dir="./\u0001\u2028x")\n',
  'note.ipynb': JSON.stringify({
    cells: [{ cell_type: 'code', source: 'import clip\nclip.load("ViT-B/32")' }],
  }),
  'fine.py': 'print(1)\n',
  'noted.py': 'from setfit import SetFitModel\nSetFitModel.from_pretrained("org/model")\n',
};

function linted(texts: Readonly<Record<string, string>>): Linted {
  const findings = lintTexts(texts);
  const count = (wanted: string) => findings.filter(({ level }) => level === wanted).length;
  return {
    findings,
    paths: Object.keys(texts),
    fixes: [],
    report: {
      schema: 'modelpack.lint/1',
      files: Object.keys(texts).length,
      lines: 10,
      deployments: [],
      findings: findings.map((finding) => ({
        ...finding,
        ...finding.start,
        endLine: 1,
        endColumn: 1,
        fixable: false,
      })),
      counts: { error: count('error'), warning: count('warning'), note: count('note') },
      ignored: 1,
      skipped: [{ path: 'odd".py', reason: 'its encoding klingon is not known' }],
      level: 'warning',
      passed: false,
    },
  };
}

const some = linted(files);
const none = linted({});

describe('SARIF', () => {
  const ajv = new Ajv.default({ strict: false, validateFormats: false, unicodeRegExp: false });
  const validate = ajv.compile(JSON.parse(data('sarif-2.1.0-rtm.5.json')) as object);

  test.each([
    ['with findings', some],
    ['without', none],
  ])('is valid %s', (_, value) => {
    validate(JSON.parse(sarif(value)));
    expect(validate.errors ?? []).toEqual([]);
  });

  test('has rules, results, places and fixes', () => {
    const { runs } = JSON.parse(sarif(some)) as {
      runs: [{ results: Result[]; tool: { driver: { rules: { id: string }[] } } }];
    };
    interface Result {
      ruleId: string;
      ruleIndex: number;
      fixes?: { artifactChanges: { replacements: { insertedContent: { text: string } }[] }[] }[];
      locations: [{ physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }];
    }
    const [{ results, tool }] = runs;
    expect(results.length).toBe(some.findings.length);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    const app = results.find(
      ({ locations: [at] }) => at.physicalLocation.artifactLocation.uri === 'src/app.py',
    )!;
    expect(app.locations[0].physicalLocation.region.startLine).toBe(2);
    expect(app.fixes?.[0]?.artifactChanges[0]?.replacements.map((each) => each.insertedContent.text)).toEqual(
      ['import os\n', ', download_root=os.environ.get("MODEL_CACHE_FS_PATH", "/tmp/models")'],
    );
    expect(results.map(({ locations: [at] }) => at.physicalLocation.artifactLocation.uri)).toContain(
      'src/%C3%BCn%C3%AF%20code/a%26b%3Cc%3E%22d%22.py',
    );
  });
});

describe('JUnit', () => {
  test.each([
    ['with findings', some],
    ['without', none],
  ])('is valid %s', async (_, value) => {
    const { valid, errors } = await validateXML({
      xml: [{ fileName: 'report.xml', contents: junit(value) }],
      schema: [{ fileName: 'junit-10.xsd', contents: data('junit-10.xsd') }],
    });
    expect(errors.map(({ message }) => message)).toEqual([]);
    expect(valid).toBe(true);
  });

  test('has a failure for each finding, a pass for a file without, and a skip', () => {
    const xml = junit(some);
    expect(xml.match(/<failure /g)?.length).toBe(
      some.findings.filter(({ level }) => level !== 'note').length,
    );
    expect(xml).toContain('<testcase name="modelpack lint" classname="fine.py"/>');
    expect(xml).toContain('<skipped message="its encoding klingon is not known"/>');
    expect(junit(some, 'note').match(/<failure /g)?.length).toBe(some.findings.length);
  });
});

describe('annotations for GitHub', () => {
  test('are one line for each finding, escaped', () => {
    const lines = github(some).split('\n');
    expect(lines.length).toBe(some.findings.filter(({ level }) => level !== 'note').length);
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^::error file=src\/app\.py,line=2,col=9,endLine=2,endColumn=18,title=modelpack cache-no-variable::CLIP .*%0Awrite: clip\.load\("ViT-B\/32", device="<&>%25", /,
      ),
    );
    expect(
      lines.some((line) => line.includes('file=note.ipynb,line=1,col=1') && line.includes('cell 1, line 2')),
    ).toBe(true);
  });
});

describe('text', () => {
  test('has the line, a caret below it and what to write', () => {
    expect(
      text(linted({ 'src/app.py': files['src/app.py'] }))
        .split('\n')
        .slice(0, 4),
    ).toEqual([
      'src/app.py:2:9: error: CLIP (openai) writes to ~/.cache/clip, which cannot be written on Lambda; no variable of its own moves it [cache-no-variable]',
      ' 2 | model = clip.load("ViT-B/32", device="<&>%")',
      '   |         ^^^^^^^^^',
      '   = write: clip.load("ViT-B/32", device="<&>%", download_root=os.environ.get("MODEL_CACHE_FS_PATH", "/tmp/models"))',
    ]);
  });

  test('never sends what a terminal obeys', () => {
    const evil = linted({
      'a.py': 'import whisper\nwhisper.load_model("base", download_root="./\u001b[31m\u202e")\n',
    });
    // oxlint-disable-next-line no-control-regex -- that is what it is about
    expect(text(evil)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  test('stays short for lines that are not', () => {
    const long = linted({ 'a.py': `import clip; x = "${'a'.repeat(100_000)}"; clip.load("ViT-B/32")\n` });
    expect(text(long).length).toBeLessThan(3000);
  });

  test('hides notes, and says that there are some', () => {
    expect(text(some)).toContain('2 notes: --level note shows them');
    expect(text(some, { least: 'note' })).toContain('noted.py:2:1: note: ');
    expect(text(none)).toContain('nothing found in 0 files');
  });
});

test('a diff has names, and lines as patch reads them', () => {
  const fix = {
    path: 'a.py',
    absolute: '/a.py',
    before: 'a\n \nb\n',
    after: 'import os\na\n \nb\n',
    findings: 1,
  };
  expect(diff([fix])).toBe('--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,4 @@\n+import os\n a\n  \n b');
});
