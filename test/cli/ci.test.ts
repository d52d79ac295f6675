import { readFile, rm } from 'node:fs/promises';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import type { CiResult } from '../../src/verbs/ci.ts';
import { config, openCheckout, wrong } from '../helpers/checkout.ts';
import { files, model } from '../helpers/pipeline.ts';
import { wrongSize } from '../servers/hub/hub.ts';

const checkout = await openCheckout();
const { folder, hub, s3, ci } = checkout;
afterAll(() => checkout[Symbol.asyncDispose]());
beforeEach(() => checkout.fresh());

const weights = () => checkout.asked().filter((line) => /model\.safetensors/.test(line));

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

    checkout.forget();
    const second = await ci(['--json']);
    expect(second.code, second.stderr).toBe(0);
    expect(second.json<CiResult>().bundles[0]!.fetch).toMatchObject({ id, skipped: true });
    // Where main stands, what it lists, and whether the object is there: nothing else.
    expect(checkout.asked()).toEqual(['hub info', 'hub tree', `s3 HEAD /models/text/${id}.tar`]);

    checkout.forget();
    const third = await ci(['--json', '--upstream', 'ignore']);
    expect(third.json<CiResult>().bundles[0]!.fetch).toMatchObject({ id, skipped: true });
    expect(checkout.asked()).toEqual([`s3 HEAD /models/text/${id}.tar`]);
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
    await checkout.run(['lock']);
    checkout.forget();
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
    const { code, stdout } = await ci(['--code-quality', 'quality.json']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/✗ size-check +text/);
    expect(s3.log).toEqual([]);
    expect(JSON.parse(await readFile(folder.join('quality.json'), 'utf8'))).toEqual([
      expect.objectContaining({
        description: expect.stringMatching(/^Embed does not hold text: memory, streamed: over by /),
        severity: 'blocker',
        location: { path: 'template.yaml', lines: { begin: 3 } },
      }),
    ]);
  });

  it('stops it when lint finds something, before anything is asked for', async () => {
    await folder.write('src/app.py', wrong);
    const { code, stdout } = await ci();
    expect(code).toBe(3);
    expect(stdout).toMatch(/^✗ lint\nsrc\/app\.py:3:21: error: /);
    expect(checkout.asked()).toEqual([]);
  });

  it('passes them all with --dry-run, and transfers nothing', async () => {
    const { code, stdout } = await ci(['--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/✓ lint .*\n✓ lock .*\n✓ size-check .*$/m);
    expect(s3.log).toEqual([]);
    expect(weights()).toEqual([]);
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
    expect(checkout.asked()).toEqual([]);
  });

  async function edit(what: RegExp, instead: string): Promise<void> {
    const text = await readFile(folder.join('modelpack.lock'), 'utf8');
    expect(text).toMatch(what);
    await folder.write('modelpack.lock', text.replace(what, instead));
  }
});
