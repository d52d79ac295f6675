import { readFile, rm } from 'node:fs/promises';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { config, openCheckout, wrong } from '../helpers/checkout.ts';
import { githubValues } from '../helpers/github-values.ts';
import { files, model } from '../helpers/pipeline.ts';

const checkout = await openCheckout();
const { folder, hub, ci } = checkout;
afterAll(() => checkout[Symbol.asyncDispose]());
beforeEach(() => checkout.fresh());

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

  it('says that it did not pass, where it came to no end, and keeps nothing of an earlier run', async () => {
    await folder.write('modelpack.env', 'MODELPACK_PASSED=true\nMODELPACK_LOCATION=s3://models/old.tar\n');
    await rm(folder.join('modelpack.lock'));
    expect(await ci(['--dotenv', 'modelpack.env'], github())).toMatchObject({ code: 3 });
    expect(await readFile(folder.join('modelpack.env'), 'utf8')).toBe('MODELPACK_PASSED=false\n');
    const outputs = githubValues(await readFile(folder.join('output'), 'utf8'));
    expect(outputs.get('passed')).toBe('false');
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

  it.each([
    [
      'a folder that is not there',
      ['--junit', 'reports/modelpack.xml'],
      {},
      2,
      /reports\/modelpack\.xml: its folder does not exist/,
    ],
    ['a file that is a folder', ['--code-quality', 'src'], {}, 2, /src is a folder/],
    [
      'a report in a folder that is not there',
      ['--report', 'reports/{bundle}.html'],
      {},
      2,
      /reports\/text\.html/,
    ],
    ['outputs that are a folder', [], { GITHUB_OUTPUT: '.' }, 2, /is a folder/],
  ])('has to have its place before anything is shipped: %s', async (_, args, env, code, message) => {
    const outcome = await ci([...args], env);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.code).toBe(code);
    expect(checkout.asked()).toEqual([]);
  });

  it('ships nothing whose place no dotenv file can hold', async () => {
    await folder.write('modelpack.yaml', config().replace('text/{id}.tar', 'my text.tar'));
    const { code, stderr } = await ci(['--dotenv', 'modelpack.env']);
    expect(stderr).toContain('has no place in a dotenv file');
    expect(code).toBe(2);
    expect(checkout.asked()).toEqual([]);
  });
});
