import { readFile } from 'node:fs/promises';

import { describe, expect, it, test } from 'vitest';

import { modelpack } from '../helpers/run.ts';
import { temporaryFolder, type TemporaryFolder } from '../helpers/tmp.ts';

const init = (folder: TemporaryFolder, ...args: readonly string[]) =>
  modelpack(['init', ...args], { cwd: folder.path });

const code = `import os
import clip, easyocr, whisper
from transformers import AutoModel, AutoTokenizer, pipeline
from sentence_transformers import SentenceTransformer
from huggingface_hub import snapshot_download

NAME = os.environ.get("MODEL", "google-bert/bert-base-cased")
model = AutoModel.from_pretrained(NAME, revision="v1")
again = AutoTokenizer.from_pretrained("google-bert/bert-base-cased", revision="v1")
local = AutoModel.from_pretrained("./folder")
on_disk = AutoModel.from_pretrained("/tmp/models/bert")
c, p = clip.load("ViT-B/32", device="cpu")
w = whisper.load_model("base")
r = easyocr.Reader(["en", 'ch_sim'])
s = SentenceTransformer("all-MiniLM-L6-v2")
q = pipeline("sentiment-analysis", model="distilbert/distilbert-base-uncased")
snapshot_download(repo_id="acme/tiny")
def load(name): return AutoModel.from_pretrained(name)
`;

describe('init', () => {
  it('writes a configuration of the models that code loads, with the lines that load them', async () => {
    await using folder = await temporaryFolder();
    await folder.write('src/app.py', code);
    expect(await init(folder)).toMatchObject({ code: 0, stdout: 'modelpack.yaml\n' });
    const text = await readFile(folder.join('modelpack.yaml'), 'utf8');
    expect(text).toMatch(
      /^# yaml-language-server: \$schema=https:\/\/.*\/schema\/modelpack\.schema\.json\nbundles:\n/,
    );
    expect(text.split('\n').filter((line) => line.startsWith('      - '))).toEqual([
      '      - google-bert/bert-base-cased@v1 # src/app.py:8',
      '      - clip:ViT-B/32 # src/app.py:12',
      '      - whisper:base # src/app.py:13',
      '      - easyocr:en+ch_sim # src/app.py:14',
      '      - sentence-transformers/all-MiniLM-L6-v2 # src/app.py:15',
      '      - distilbert/distilbert-base-uncased # src/app.py:16',
      '      - acme/tiny # src/app.py:17',
    ]);
    expect(await init(folder)).toMatchObject({ code: 0, stderr: 'modelpack.yaml has them all\n' });
    expect(await readFile(folder.join('modelpack.yaml'), 'utf8')).toBe(text);
  });

  it('names the schema of the modelpack that is installed beside it', async () => {
    await using folder = await temporaryFolder();
    await folder.write('node_modules/modelpack/schema/modelpack.schema.json', '{}');
    await init(folder, 'acme/model', '-o', 's3://models/{id}.tar');
    const text = await readFile(folder.join('modelpack.yaml'), 'utf8');
    expect(text).toContain('$schema=./node_modules/modelpack/schema/modelpack.schema.json\n');
    expect(text).toContain('    destination: s3://models/{id}.tar\n');
  });

  it.each([
    ['sources: *list', 'a list'],
    ['<<: *text', 'a mapping that is merged'],
  ])('adds nothing, and says so, where the sources are those of %s', async (body) => {
    await using folder = await temporaryFolder();
    const before = `bundles:\n  text: &text\n    sources: &list [acme/one]\n  other:\n    ${body}\n`;
    await folder.write('modelpack.yaml', before);
    const outcome = await init(folder, 'acme/two', '--bundle', 'other');
    expect(outcome.stderr).toMatch(/the sources of other stand elsewhere/);
    expect(outcome.code).toBe(2);
    expect(await readFile(folder.join('modelpack.yaml'), 'utf8')).toBe(before);
  });

  it('loses no source of a bundle that is an alias', async () => {
    await using folder = await temporaryFolder();
    const before = 'bundles:\n  text: &text\n    sources: [acme/one]\n  other: *text\n';
    await folder.write('modelpack.yaml', before);
    expect(await init(folder, 'acme/two', '--bundle', 'other')).toMatchObject({ code: 2 });
    expect(await readFile(folder.join('modelpack.yaml'), 'utf8')).toBe(before);
  });

  it('adds to what is there, and leaves comments and anchors alone', async () => {
    await using folder = await temporaryFolder();
    const before = `# ours
x-common: &common
  tags: {team: search} # who pays
bundles:
  # what reads
  text:
    <<: *common
    sources:
      - acme/bert # the best
    destination: text.tar
`;
    await folder.write('modelpack.yaml', before);
    const { json } = await init(folder, 'acme/bert', 'acme/new', '--bundle', 'text', '--json');
    expect(json()).toEqual({
      schema: 'modelpack.init/1',
      config: 'modelpack.yaml',
      bundle: 'text',
      created: false,
      sources: [{ source: 'acme/new', from: null }],
    });
    await init(folder, 'whisper:base', '--bundle', 'speech');
    expect(await readFile(folder.join('modelpack.yaml'), 'utf8')).toBe(
      `${before.replace('# the best\n', '# the best\n      - acme/new\n')}  speech:
    sources:
      - whisper:base
    destination: speech.tar
`,
    );
  });

  it('writes JSON, and adds to it', async () => {
    await using folder = await temporaryFolder();
    await init(folder, 'acme/one', '--config', 'modelpack.json');
    await init(folder, 'acme/two');
    expect(await folder.list()).toEqual(['modelpack.json']);
    expect(JSON.parse(await readFile(folder.join('modelpack.json'), 'utf8'))).toEqual({
      $schema: expect.stringContaining('modelpack.schema.json'),
      bundles: {
        models: { sources: ['acme/one', 'acme/two'], destination: 'models.tar', budgets: { gates: ['tmp'] } },
      },
    });
  });

  test.each([
    [
      'no model in the code',
      [],
      4,
      /^modelpack: the code here names no model\nhint: name one: modelpack init /,
    ],
    ['what is no model', ['a b'], 2, /^modelpack: not the name of a model, /],
    [
      'what is no name of a bundle',
      ['acme/a', '--bundle', '../x'],
      2,
      /^modelpack: .*a name is letters, digits/,
    ],
    ['what is no destination', ['acme/a', '-o', 's3://m/x'], 2, /^modelpack: "s3:\/\/m\/x" is no S3 address/],
  ])('refuses %s, and writes nothing', async (_, args, exit, message) => {
    await using folder = await temporaryFolder();
    const { code: ended, stderr } = await init(folder, ...args);
    expect(stderr).toMatch(message);
    expect(ended).toBe(exit);
    expect(await folder.list()).toEqual([]);
  });

  it('leaves a configuration alone that it cannot read', async () => {
    await using folder = await temporaryFolder();
    await folder.write('modelpack.yaml', 'bundles: {models: [');
    expect(await init(folder, 'acme/a')).toMatchObject({ code: 2 });
    expect(await readFile(folder.join('modelpack.yaml'), 'utf8')).toBe('bundles: {models: [');
  });
});
