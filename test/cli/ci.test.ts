import { readFile, rm } from 'node:fs/promises';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import type { CiResult } from '../../src/verbs/ci.ts';
import { githubValues } from '../helpers/github-values.ts';
import { files, model, openPipeline, secret } from '../helpers/pipeline.ts';
import { wrongSize } from '../servers/hub/hub.ts';

const config = (...lines: readonly string[]) => `
bundles:
  text:
    sources: [${model}]
    destination: s3://models/text/{id}.tar
    tags: {team: search}
${lines.map((line) => `    ${line}`).join('\n')}
lint: {paths: [src]}
`;
const fine = 'import os\nprint(os.environ["MODEL_CACHE_FS_PATH"])\n';
const wrong = 'import clip\n\nmodel, preprocess = clip.load("ViT-B/32")\n';

const pipeline = await openPipeline(config());
const { folder, hub, s3 } = pipeline;
afterAll(() => pipeline[Symbol.asyncDispose]());

let lock = '';

/** As a fresh checkout: what is committed, and nothing of this machine's runs before. */
beforeEach(async () => {
  await folder.write('modelpack.yaml', config());
  await folder.write('src/app.py', fine);
  await folder.write('modelpack.lock', lock);
  if (!lock.includes(hub.commit(model))) {
    hub.move(model, 'main', files);
    await pipeline.lock();
    lock = await readFile(folder.join('modelpack.lock'), 'utf8');
  }
  pipeline.forget();
});

async function ci(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  await rm(folder.join('.home'), { recursive: true, force: true });
  const outcome = await pipeline.run(['ci', ...args], { env: { CI: 'true', ...env } });
  expect(outcome.stdout + outcome.stderr).not.toContain(secret);
  return outcome;
}

const weights = () => pipeline.asked().filter((line) => /model\.safetensors/.test(line));

describe('a pipeline that runs twice', () => {
  it('ships first, and then transfers nothing', async () => {
    const first = await ci(['--json']);
    expect(first.code, first.stderr).toBe(0);
    const { passed, bundles } = first.json<CiResult>();
    expect(passed).toBe(true);
    const { id, fetch } = bundles[0]!;
    expect(fetch).toMatchObject({ id, location: `s3://models/text/${id}.tar`, skipped: false });
    expect(s3.object('models', `text/${id}.tar`)).toMatchObject({ tags: { team: 'search' } });
    expect(weights().length).toBeGreaterThan(0);

    pipeline.forget();
    const second = await ci(['--json']);
    expect(second.code, second.stderr).toBe(0);
    expect(second.json<CiResult>().bundles[0]!.fetch).toMatchObject({ id, skipped: true });
    // Where main stands, what it lists, and whether the object is there: nothing else.
    expect(pipeline.asked()).toEqual(['hub info', 'hub tree', `s3 HEAD /models/text/${id}.tar`]);

    pipeline.forget();
    const third = await ci(['--json', '--upstream', 'ignore']);
    expect(third.json<CiResult>().bundles[0]!.fetch).toMatchObject({ id, skipped: true });
    expect(pipeline.asked()).toEqual([`s3 HEAD /models/text/${id}.tar`]);
  });
});

describe('a gate', () => {
  it('stops it when upstream moved on: what changed is told, and nothing is transferred', async () => {
    const changed = files.filter(({ path }) => path !== 'vocab.txt');
    const config2 = {
      path: 'config.json',
      storage: 'git',
      content: Buffer.from('{"model_type":"bert"}'),
    } as const;
    hub.move(model, 'main', [
      ...changed.filter(({ path }) => path !== 'config.json'),
      config2,
      { path: 'merges.txt', storage: 'git', content: Buffer.from('a b\n') },
    ]);
    const { code, stdout } = await ci();
    expect(code).toBe(3);
    expect(stdout).toMatch(/✗ lock +text: .*not as locked/);
    expect(stdout).toMatch(/^ {2}acme\/tiny-bert: [0-9a-f]{7} → [0-9a-f]{7}$/m);
    expect(stdout).toMatch(/^\+ acme\/tiny-bert\/merges\.txt +4 B +\+4 B$/m);
    expect(stdout).toMatch(/^~ acme\/tiny-bert\/config\.json +450 B → 21 B +-429 B$/m);
    expect(stdout).toMatch(/^- acme\/tiny-bert\/vocab\.txt +23\.4 KB +-23\.4 KB$/m);
    expect(stdout).toMatch(/^✓ \/tmp, unpacked +[\d.]+ KB +[\d.]+ KB +512 MB +.* to spare$/m);
    expect(weights()).toEqual([]);
    expect(s3.log).toEqual([]);

    expect(await ci(['--upstream', 'warn'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('! lock'),
    });
  });

  it('stops it when the bundle is over a budget, before any weight is asked for', async () => {
    hub.fault({ kind: 'tree', action: wrongSize('model.safetensors', 600 * 1024 ** 2) });
    await pipeline.run(['lock']);
    pipeline.forget();
    const { code, stdout } = await ci();
    hub.clearFaults();
    expect(code).toBe(3);
    expect(stdout).toMatch(/✗ size-check +text/);
    expect(stdout).toMatch(/✗ \/tmp, unpacked +600\.\d MB +512 MB .*over by .*← decides/);
    expect(stdout).toContain('modelpack fetch --bundle text');
    expect(weights()).toEqual([]);
    expect(s3.log).toEqual([]);
  });

  it('stops it for a function of the template that the bundle does not fit', async () => {
    await folder.write(
      'modelpack.yaml',
      config('budgets: {template: template.yaml, functions: [Embed], gates: [memory]}'),
    );
    await folder.write(
      'template.yaml',
      'Transform: AWS::Serverless-2016-10-31\nResources:\n  Embed:\n    Type: AWS::Serverless::Function\n    Properties: {MemorySize: 512, Handler: app.handler, Runtime: python3.13, CodeUri: src}\n',
    );
    const { code, stdout } = await ci();
    expect(code).toBe(3);
    expect(stdout).toMatch(/✗ size-check +text/);
    expect(stdout).toContain('Embed');
    expect(s3.log).toEqual([]);
  });

  it('stops it when lint finds something, before anything is asked for', async () => {
    await folder.write('src/app.py', wrong);
    const { code, stdout } = await ci();
    expect(code).toBe(3);
    expect(stdout).toMatch(/^✗ lint\nsrc\/app\.py:3:21: error: /);
    expect(pipeline.asked()).toEqual([]);
  });

  it('passes them all with --dry-run, and transfers nothing', async () => {
    const { code, stdout } = await ci(['--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/✓ lint .*\n✓ lock .*\n✓ size-check .*$/m);
    expect(s3.log).toEqual([]);
    expect(weights()).toEqual([]);
  });
});

describe('what a pipeline reads afterwards', () => {
  const github = () => ({
    GITHUB_ACTIONS: 'true',
    GITHUB_STEP_SUMMARY: folder.join('summary.md'),
    GITHUB_OUTPUT: folder.join('output'),
  });

  beforeEach(async () => {
    await folder.write('summary.md', '# before\n');
    await folder.write('output', 'before=1\n');
  });

  it('is, in GitHub Actions, a summary and outputs behind what was there', async () => {
    const { code, stderr } = await ci([], github());
    expect(code, stderr).toBe(0);
    const summary = await readFile(folder.join('summary.md'), 'utf8');
    expect(summary).toMatch(/^# before\n## ✅ modelpack: /);
    expect(summary).toMatch(
      /\| `text` \| .* \| `[0-9a-f]{12}` \| `s3:\/\/models\/text\/[0-9a-f]{64}\.tar` \|/,
    );
    const outputs = githubValues(await readFile(folder.join('output'), 'utf8'));
    expect([...outputs.keys()]).toEqual([
      'before',
      'passed',
      'failed',
      'bundles',
      'id',
      'size',
      'location',
      'shipped',
    ]);
    expect(outputs.get('location')).toBe(`s3://models/text/${outputs.get('id')}.tar`);
    expect(JSON.parse(outputs.get('bundles')!)).toEqual([
      expect.objectContaining({ bundle: 'text', id: outputs.get('id') }),
    ]);
  });

  it('is an annotation at the line that lint found', async () => {
    await folder.write('src/app.py', wrong);
    const { stdout } = await ci([], github());
    expect(stdout).toMatch(/^::error file=src\/app\.py,line=3,col=21,.*title=modelpack cache-no-variable::/m);
    expect(githubValues(await readFile(folder.join('output'), 'utf8')).get('failed')).toBe('lint');
  });

  it('is an annotation of the lock when upstream moved', async () => {
    hub.move(model, 'main', files.slice(0, -1));
    const { stdout } = await ci([], github());
    expect(stdout).toMatch(
      /^::error file=modelpack\.lock,line=1,.*title=text is not as locked::.* removed.*acme\/tiny-bert: /m,
    );
    expect(await readFile(folder.join('summary.md'), 'utf8')).toContain('### `text` is not as locked');
  });

  it('is an annotation at the line of the configuration that cannot be read', async () => {
    await folder.write('modelpack.yaml', config('budgest: {}'));
    const { code, stderr } = await ci([], github());
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^::error file=modelpack\.yaml,line=7,col=5,.*title=modelpack ci::.*unknown key "budgest"%0Ahint: did you mean budgets\?$/m,
    );
    expect(await readFile(folder.join('summary.md'), 'utf8')).toContain('unknown key');
  });

  it('never lets a value end its own output', async () => {
    const { githubOutput } = await import('../../src/cli/render/ci/outputs.ts');
    const hostile = 'a\nEOF\nmodelpack_0\npassed=true\nid<<x\nevil\nx';
    const text = githubOutput(
      new Map([
        ['location', hostile],
        ['id', 'b'],
      ]),
    );
    expect([...githubValues(text)]).toEqual([
      ['location', hostile],
      ['id', 'b'],
    ]);
  });

  it('is, for GitLab, variables and reports', async () => {
    const reports = [
      '--dotenv',
      'modelpack.env',
      '--code-quality',
      'quality.json',
      '--junit',
      'modelpack.xml',
    ];
    const { code } = await ci([...reports, '--report', 'report-{bundle}.html']);
    expect(code).toBe(0);
    expect(await readFile(folder.join('report-text.html'), 'utf8')).toMatch(/^<!doctype html>/i);
    const dotenv = await readFile(folder.join('modelpack.env'), 'utf8');
    expect(dotenv).toMatch(
      /^MODELPACK_PASSED=true\nMODELPACK_TEXT_ID=[0-9a-f]{64}\nMODELPACK_ID=[0-9a-f]{64}\n/,
    );
    expect(dotenv).toMatch(/^MODELPACK_LOCATION=s3:\/\/models\/text\/[0-9a-f]{64}\.tar$/m);
    expect(await readFile(folder.join('quality.json'), 'utf8')).toBe('[]\n');

    await folder.write('src/app.py', wrong);
    expect(await ci(reports)).toMatchObject({ code: 3 });
    const [issue, ...others] = JSON.parse(await readFile(folder.join('quality.json'), 'utf8')) as Record<
      string,
      unknown
    >[];
    expect(others).toEqual([]);
    expect(issue).toEqual({
      check_name: 'cache-no-variable',
      description: expect.stringContaining('cannot be written on Lambda'),
      severity: 'critical',
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      location: { path: 'src/app.py', lines: { begin: 3 } },
    });
    const junit = await readFile(folder.join('modelpack.xml'), 'utf8');
    expect(junit).toContain('<testsuites name="modelpack ci" tests="1" failures="1">');
  });
});

describe('a pipeline without what it needs', () => {
  it.each([
    [
      'no lock',
      async () => rm(folder.join('modelpack.lock')),
      3,
      /^modelpack: there is no modelpack\.lock\nhint: .*modelpack lock$/m,
    ],
    [
      'a lock of a newer version',
      () => edit(/"version": 1/, '"version": 9'),
      2,
      /^modelpack: modelpack\.lock:2:14: the lock has version 9, .*\nhint: update modelpack/m,
    ],
    [
      'a lock that was edited',
      () => edit(/"size": 450/, '"size": 451'),
      3,
      /^modelpack: modelpack\.lock:5:13: the id of text does not follow .*\nhint: write it anew: modelpack lock$/m,
    ],
    [
      'a lock that a merge left',
      () => edit(/^ {8}\{$/m, '<<<<<<< HEAD\n        {'),
      3,
      /^modelpack: modelpack\.lock:8:1: a merge left its marks here\nhint: take either side/m,
    ],
    [
      'a lock of other sources',
      () => folder.write('modelpack.yaml', config().replace(model, `${model}@v1.0`)),
      3,
      /^modelpack: modelpack\.lock is out of date: acme\/tiny-bert@v1\.0 is not locked\nhint: .*modelpack lock$/m,
    ],
    [
      'a lock of another choice',
      () => folder.write('modelpack.yaml', config('weights: onnx')),
      3,
      /^modelpack: modelpack\.lock is out of date: .* another choice of files$/m,
    ],
    [
      'no destination',
      () => folder.write('modelpack.yaml', config().replace(/destination.*/, '')),
      2,
      /^modelpack: the bundle text has no destination\nhint: .*destination: s3:/m,
    ],
    [
      'broken YAML',
      () => folder.write('modelpack.yaml', 'bundles: ['),
      2,
      /^modelpack: modelpack\.yaml:1:\d+: .*\nhint: /m,
    ],
    [
      'no configuration',
      () => rm(folder.join('modelpack.yaml')),
      2,
      /^modelpack: nothing is named, and there is no modelpack\.yaml\nhint: .*modelpack init/m,
    ],
  ])('%s ends before anything is asked for', async (_, spoil, code, message) => {
    await spoil();
    const outcome = await ci();
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(pipeline.asked()).toEqual([]);
  });

  async function edit(what: RegExp, instead: string): Promise<void> {
    const text = await readFile(folder.join('modelpack.lock'), 'utf8');
    expect(text).toMatch(what);
    await folder.write('modelpack.lock', text.replace(what, instead));
  }
});
