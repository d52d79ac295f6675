import { execFileSync } from 'node:child_process';
import { chmod, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { LintReport } from '../../src/verbs/lint.ts';
import { modelpack, type RunOptions } from '../helpers/run.ts';
import { temporaryFolder, type TemporaryFolder } from '../helpers/tmp.ts';

const clip = 'import clip\n\nmodel, preprocess = clip.load("ViT-B/32")\n';
const fixed =
  'import os\nimport clip\n\nmodel, preprocess = clip.load("ViT-B/32", download_root=os.environ.get("MODEL_CACHE_FS_PATH", "/tmp/models"))\n';
const bert = 'from transformers import AutoModel\n\nAutoModel.from_pretrained("bert-base-cased")\n';

async function project(files: Readonly<Record<string, string | Uint8Array>>): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) await folder.write(name, content);
  return folder;
}

function lint(folder: TemporaryFolder, args: readonly string[] = [], options: RunOptions = {}) {
  return modelpack(['lint', ...args], { cwd: folder.path, ...options });
}

function codes({ findings }: LintReport): string[] {
  return findings.map(({ path, line, code }) => `${path}:${line} ${code}`);
}

describe.concurrent('modelpack lint', () => {
  test('finds what cannot work, shows it and ends with 3', async () => {
    await using folder = await project({ 'src/app.py': clip, 'src/fine.py': 'print(1)\n' });
    const run = await lint(folder, ['src']);
    expect(run.code).toBe(3);
    expect(run.stderr).toBe('');
    expect(run.stdout).toBe(
      [
        'src/app.py:3:21: error: CLIP (openai) writes to ~/.cache/clip, which cannot be written on Lambda; no variable of its own moves it [cache-no-variable]',
        ' 3 | model, preprocess = clip.load("ViT-B/32")',
        '   |                     ^^^^^^^^^',
        '   = write: clip.load("ViT-B/32", download_root=os.environ.get("MODEL_CACHE_FS_PATH", "/tmp/models"))',
        '',
        '1 error in 2 files',
        '1 can be fixed: modelpack lint --diff shows how, --fix does it',
        '',
      ].join('\n'),
    );
  });

  test('of clean code ends with 0', async () => {
    await using folder = await project({ 'app.py': fixed });
    expect(await lint(folder)).toMatchObject({ code: 0, stdout: 'nothing found in 1 file\n' });
  });

  test('is one JSON document, with --json and --format json alike', async () => {
    await using folder = await project({ 'a.py': clip, 'b.py': bert });
    const run = await lint(folder, ['--json']);
    const report = run.json<LintReport>();
    expect(run.code).toBe(3);
    expect(Object.keys(report)).toEqual([
      'schema',
      'files',
      'lines',
      'deployments',
      'findings',
      'counts',
      'ignored',
      'skipped',
      'level',
      'passed',
    ]);
    expect(report).toMatchObject({ schema: 'modelpack.lint/1', files: 2, lines: 6, passed: false });
    expect(report.findings[0]).toEqual({
      code: 'cache-no-variable',
      level: 'error',
      path: 'a.py',
      line: 3,
      column: 21,
      endLine: 3,
      endColumn: 30,
      message: expect.stringContaining('~/.cache/clip') as string,
      instead: expect.stringContaining('download_root=') as string,
      fixable: true,
    });
    expect((await lint(folder, ['--format', 'json'])).stdout).toBe(run.stdout);
  });

  test('fails at the level that is asked for', async () => {
    await using folder = await project({ 'b.py': bert, 'c.py': 'import matplotlib\n' });
    expect(await lint(folder, ['--level', 'error'])).toMatchObject({ code: 0 });
    expect(await lint(folder, ['--level', 'warning'])).toMatchObject({ code: 3 });
    const notes = await lint(folder, ['c.py', '--level', 'note']);
    expect(notes).toMatchObject({ code: 3, stdout: expect.stringContaining('c.py:1:1: note: ') as string });
    expect(await lint(folder, ['c.py'])).toMatchObject({
      code: 0,
      stdout: 'nothing found in 1 file; 1 note: --level note shows it\n',
    });
  });

  test.each(['github', 'sarif', 'junit'])('writes %s', async (format) => {
    await using folder = await project({ 'a.py': clip });
    const { code, stdout } = await lint(folder, ['--format', format]);
    expect(code).toBe(3);
    const start = { github: '::error file=a.py,line=3', sarif: '{"$schema"', junit: '<?xml version' }[
      format
    ]!;
    expect(stdout.startsWith(start)).toBe(true);
  });

  test('reads what deployments set, beside the code and above it', async () => {
    const template =
      'Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: src\n      Environment:\n        Variables:\n          HF_HOME: /tmp/hf\n';
    await using folder = await project({ 'template.yaml': template, 'src/app.py': bert });
    expect((await lint(folder)).code).toBe(0);
    const below = await lint(folder, ['app.py', '--json'], { cwd: folder.join('src') });
    expect(below.json<LintReport>()).toMatchObject({ passed: true, deployments: ['../template.yaml'] });
    expect((await lint(folder, ['src/app.py'])).code).toBe(0);
    await folder.write('other.yaml', '# AWS::Serverless::Function\nResources: {}\n');
    expect((await lint(folder, ['--deployment', 'other.yaml'])).code).toBe(3);
    expect((await lint(folder, ['--deployment', 'other.yaml', '--set', 'HF_HUB_CACHE'])).code).toBe(0);
  });

  test('reads Terraform', async () => {
    const text =
      'resource "aws_lambda_function" "f" {\n  environment {\n    variables = { HF_HOME = "/tmp" }\n  }\n}\n';
    await using folder = await project({ 'infra/main.tf': text, 'src/app.py': bert });
    expect((await lint(folder)).code).toBe(0);
    expect((await lint(folder, ['src'])).code).toBe(3);
  });

  test('follows constants into other files', async () => {
    await using folder = await project({
      'app/__init__.py': '',
      'app/config.py': 'from pathlib import Path\nCACHE = Path("models")\n',
      'app/model.py':
        'import whisper\nfrom .config import CACHE\nwhisper.load_model("base", download_root=str(CACHE))\n',
      'app/other.py':
        'import whisper\nfrom app import config as c\nwhisper.load_model("base", download_root=c.CACHE)\n',
    });
    expect(codes((await lint(folder, ['--json'])).json<LintReport>())).toEqual([
      'app/model.py:3 cache-unwritable',
      'app/other.py:3 cache-unwritable',
    ]);
  });

  test('knows variables that another file of the program sets', async () => {
    await using folder = await project({
      'main.py': 'import settings\nimport model\n',
      'settings.py': 'import os\nos.environ["HF_HOME"] = "/tmp/hf"\n',
      'model.py': bert,
      'unrelated/model.py': bert,
    });
    expect(codes((await lint(folder, ['--json'])).json<LintReport>())).toEqual([
      'unrelated/model.py:3 cache-not-set',
    ]);
  });

  test('leaves out what git ignores, what others made, and what is excluded', async () => {
    await using folder = await project({
      '.gitignore': 'generated/\n*.tmp.py\n',
      'generated/a.py': clip,
      'b.tmp.py': clip,
      '.venv/lib/site-packages/c.py': clip,
      'node_modules/d.py': clip,
      'tests/e.py': clip,
      'sub/.gitignore': 'f.py\n',
      'sub/f.py': clip,
      'g.py': clip,
    });
    const report = (await lint(folder, ['--exclude', 'tests/', '--json'])).json<LintReport>();
    expect(codes(report)).toEqual(['g.py:3 cache-no-variable']);
    expect((await lint(folder, ['generated/a.py'])).code).toBe(3); // named, so meant
    expect((await lint(folder, ['generated'])).code).toBe(3);
  });

  test('does not follow links in circles', async () => {
    await using folder = await project({ 'a/b.py': clip });
    await symlink('..', folder.join('a/up'));
    await symlink('b.py', folder.join('a/c.py'));
    expect((await lint(folder, ['--json'])).json<LintReport>().files).toBe(2);
  });

  test('says what it cannot read, and goes on', async () => {
    await using folder = await project({
      'a.py': clip,
      'odd.py': '# coding: klingon\n',
      'broken.ipynb': '{',
      'latin.py': Buffer.from(`# caf\xe9\n${clip}`, 'latin1'),
      'large.py': `x = "${'a'.repeat(11 * 1024 * 1024)}"\n`,
    });
    const run = await lint(folder, ['--json']);
    const report = run.json<LintReport>();
    expect(codes(report)).toEqual(['a.py:3 cache-no-variable', 'latin.py:4 cache-no-variable']);
    expect(report.findings.map(({ fixable }) => fixable)).toEqual([true, false]);
    expect(report.skipped).toEqual([
      { path: 'large.py', reason: 'it has more than 10 MB' },
      { path: 'broken.ipynb', reason: 'it is no notebook: its JSON is broken' },
      { path: 'odd.py', reason: 'its encoding klingon is not known' },
    ]);
    expect((await lint(folder)).stdout).toContain('large.py: not checked: it has more than 10 MB');
  });

  test('of a path that is not there ends with 4', async () => {
    await using folder = await project({});
    expect(await lint(folder, ['nowhere'])).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/^modelpack: there is no nowhere\nhint: /) as string,
    });
    expect(await lint(folder, ['--set', '1x'])).toMatchObject({ code: 2 });
    expect(await lint(folder)).toMatchObject({ code: 0, stdout: 'nothing found in 0 files\n' });
  });

  test('explains a code', async () => {
    await using folder = await project({});
    expect((await lint(folder, ['--explain', 'cache-half-set'])).stdout).toMatch(
      /^# cache-half-set\n[^]*easyocr\.Reader/,
    );
    expect(await lint(folder, ['--explain', 'nothing'])).toMatchObject({ code: 2 });
  });
});

describe.concurrent('modelpack lint --fix', () => {
  test('needs a terminal, or --yes', async () => {
    await using folder = await project({ 'a.py': clip });
    const run = await lint(folder, ['--fix']);
    expect(run).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('--fix --yes') as string,
    });
    expect(await readFile(folder.join('a.py'), 'utf8')).toBe(clip);
  });

  test('with --yes shows the change, makes it, and reports what is left', async () => {
    await using folder = await project({
      'a.py': clip,
      'b.py': 'from multiprocessing import Pool\nPool()\n',
    });
    await chmod(folder.join('a.py'), 0o755);
    const run = await lint(folder, ['--fix', '--yes']);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain('+import os');
    expect(run.stdout).toContain('1 error in 2 files');
    expect(await readFile(folder.join('a.py'), 'utf8')).toBe(fixed);
    expect((await stat(folder.join('a.py'))).mode & 0o777).toBe(0o755);
    expect(await folder.list()).toEqual(['a.py', 'b.py']);
    expect(await lint(folder, ['a.py', '--fix', '--yes'])).toMatchObject({ code: 0, stderr: '' });
  });

  test('keeps line ends and a byte order mark', async () => {
    const text = `\uFEFF${clip.replaceAll('\n', '\r\n')}`;
    await using folder = await project({ 'a.py': text });
    expect((await lint(folder, ['--fix', '--yes'])).code).toBe(0);
    const after = await readFile(folder.join('a.py'), 'utf8');
    expect(after).toBe(`\uFEFF${fixed.replaceAll('\n', '\r\n')}`);
  });

  test('--diff writes a patch and nothing else', async () => {
    await using folder = await project({ 'src/a.py': clip });
    const before = new Date(1_000_000_000_000);
    await utimes(folder.join('src/a.py'), before, before);
    const run = await lint(folder, ['--diff']);
    expect(run.code).toBe(3);
    expect((await stat(folder.join('src/a.py'))).mtimeMs).toBe(before.getTime());
    await writeFile(folder.join('fix.patch'), run.stdout);
    execFileSync('git', ['apply', '--unsafe-paths', `--directory=${folder.path}`, folder.join('fix.patch')], {
      cwd: '/',
    });
    expect(await readFile(folder.join('src/a.py'), 'utf8')).toBe(fixed);
    expect(await lint(folder, ['--diff'])).toMatchObject({ code: 0, stdout: '' });
  });
});

describe.concurrent('modelpack env', () => {
  const env = (args: readonly string[], options: RunOptions = {}) => modelpack(['env', ...args], options);

  test('prints the variables of the libraries that code uses', async () => {
    await using folder = await project({ 'src/app.py': `${clip}${bert}import torchvision.transforms\n` });
    const { code, stdout } = await env(['--for', 'src'], { cwd: folder.path });
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'MODEL_CACHE_FS_PATH=/tmp/models',
        'HF_HOME=/tmp/models/huggingface',
        '# no variable moves CLIP (openai): give download_root (clip.load)',
        '# HOME=/tmp moves what has no variable, and everything else too: --home adds it',
        '# HF_HUB_OFFLINE=1 keeps Hugging Face from asking the network for models that are there',
        '',
      ].join('\n'),
    );
    const home = await env(['--for', 'src', '--home', '--explain'], { cwd: folder.path });
    expect(home.stdout).toContain(
      '# transformers: $HF_HOME/hub; read when the library is imported\nHF_HOME=',
    );
    expect(home.stdout).toContain('\nHOME=/tmp\n');
  });

  test('is one JSON document with --json, and the variables alone with --format json', async () => {
    const document = (await env(['--json', '--cache-root', '/mnt/ml/'])).json<{
      variables: { name: string }[];
    }>();
    expect(Object.keys(document)).toEqual([
      'schema',
      'cacheRoot',
      'libraries',
      'variables',
      'unmoved',
      'notes',
      'size',
    ]);
    expect(document).toMatchObject({ schema: 'modelpack.env/1', cacheRoot: '/mnt/ml' });
    const { stdout, stderr } = await env(['--format', 'json', '--cache-root', '/mnt/ml']);
    const flat = JSON.parse(stdout) as Record<string, string>;
    expect(Object.keys(flat)).toEqual(document.variables.map(({ name }) => name));
    expect(flat['TORCH_HOME']).toBe('/mnt/ml/torch');
    expect(stderr).toContain('note: no variable moves CLIP');
  });

  test('sets what lint then finds set', async () => {
    await using folder = await project({ 'app.py': bert });
    for (const [format, name] of [
      ['dockerfile', 'Dockerfile'],
      ['serverless', 'serverless.yml'],
    ] as const) {
      const { stdout } = await env(['--for', 'app.py', '--format', format], { cwd: folder.path });
      await folder.write(name, format === 'dockerfile' ? `FROM python\n${stdout}` : stdout);
      expect((await lint(folder, ['--deployment', name])).code).toBe(0);
    }
    expect((await lint(folder, ['--deployment', 'app.py'])).code).toBe(3);
  });

  test.each(['models', '/tmp/$HOME', '/tmp/a b', '/tmp/../etc', '/', '/tmp/"', '/tmp/\n'])(
    'refuses the root %j',
    async (root) => {
      expect(await env(['--cache-root', root])).toMatchObject({ code: 2, stdout: '' });
    },
  );

  test.each([['env', '--for', '.'], ['lint'], ['lint', '--explain', 'cache-not-set']])(
    'loads no SDK: %s',
    async (...args) => {
      await using folder = await project({ 'app.py': bert });
      const loaded = folder.join('loaded');
      await modelpack(args, { cwd: folder.path, env: { NODE_V8_COVERAGE: loaded } });
      const [file = ''] = await readdir(loaded);
      const scripts = await readFile(join(loaded, file), 'utf8');
      expect(scripts).toContain('/dist/cli/main.js');
      expect(scripts).not.toMatch(/@aws-sdk|@huggingface\/hub|undici\//);
    },
  );
});
