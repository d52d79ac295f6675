import { mkdir, rm } from 'node:fs/promises';

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import { action, runAction, type ActionOutcome } from '../helpers/action-runner.ts';
import { files, model, openPipeline, secret } from '../helpers/pipeline.ts';

const pipeline = await openPipeline('');
const { folder, hub, s3 } = pipeline;
const workspace = folder.join('runner/job');
afterAll(() => pipeline[Symbol.asyncDispose]());

beforeAll(async () => {
  await mkdir(workspace, { recursive: true });
  await folder.write(
    'runner/job/models/modelpack.yaml',
    `bundles:\n  text: {sources: [${model}], destination: "s3://models/{id}.tar"}\n  other: {sources: ["${model}@main"], destination: s3://models/other.tar}\nlint: false\n`,
  );
  await pipeline.lock(folder.join('runner/job/models'));
});

beforeEach(async () => {
  await rm(folder.join('.home'), { recursive: true, force: true });
  pipeline.forget();
});

async function act(inputs: Readonly<Record<string, string>>): Promise<ActionOutcome> {
  const outcome = await runAction(
    workspace,
    { 'working-directory': 'models', ...inputs },
    { ...pipeline.env, HF_ENDPOINT: hub.endpoint },
  );
  expect(JSON.stringify(outcome)).not.toContain(secret);
  return outcome;
}

const last = ({ steps }: ActionOutcome) => steps.at(-1)!;

it('ships one bundle, and then finds it there: outputs and summary', async () => {
  const first = await act({ bundle: 'text' });
  expect(last(first)).toMatchObject({ name: 'Run modelpack ci', code: 0 });
  const { id } = first.outputs;
  expect(first.outputs).toEqual({
    passed: 'true',
    failed: '',
    bundles: expect.stringContaining('"bundle":"text"'),
    id: expect.stringMatching(/^[0-9a-f]{64}$/),
    location: `s3://models/${id}.tar`,
    size: String(s3.object('models', `${id}.tar`)?.size),
    shipped: 'true',
  });
  expect(first.summary).toMatch(/^## ✅ modelpack: 1 of 1 shipped\n/);

  pipeline.forget();
  const second = await act({ bundle: 'text' });
  expect(second.outputs).toEqual({ ...first.outputs, shipped: 'false', bundles: expect.any(String) });
  expect(second.summary).toMatch(/^## ✅ modelpack: nothing changed, nothing transferred\n/);
  expect(pipeline.asked()).toEqual(['hub info', 'hub tree', `s3 HEAD /models/${id}.tar`]);
});

it('takes several bundles, by spaces and lines, and tells them as JSON', async () => {
  const { outputs, steps } = await act({ bundle: 'text\n  other ', 'dry-run': 'true' });
  expect(last({ steps } as ActionOutcome)).toMatchObject({ code: 0 });
  expect((JSON.parse(outputs['bundles']!) as { bundle: string }[]).map(({ bundle }) => bundle)).toEqual([
    'text',
    'other',
  ]);
  expect(outputs).toMatchObject({ id: '', location: '' });
  expect(s3.log).toEqual([]);
});

it('takes what is no name of a bundle for nothing else', async () => {
  const { steps } = await act({ bundle: '--force $(touch pwned) ;id' });
  expect(last({ steps } as ActionOutcome)).toMatchObject({ code: 2 });
  expect(last({ steps } as ActionOutcome).log).toContain('modelpack.yaml has no bundle --force');
});

it('fails with its outputs, its summary and an annotation when upstream moved', async () => {
  hub.move(model, 'main', files.slice(0, -1));
  const outcome = await act({});
  expect(last(outcome)).toMatchObject({ name: 'Run modelpack ci', code: 3 });
  expect(last(outcome).log).toMatch(/^::error file=models\/modelpack\.lock,/m);
  expect(outcome.outputs).toMatchObject({ passed: 'false', failed: 'lock' });
  expect(outcome.summary).toMatch(/^## ❌ modelpack: upstream is not what is locked\n/);
  expect((await act({ upstream: 'warn', 'dry-run': 'true' })).outputs).toMatchObject({ passed: 'true' });
});

it('says what each input and output is, and pins what it uses', () => {
  const { inputs, outputs, runs } = action;
  for (const { description } of [...Object.values(inputs), ...Object.values(outputs)])
    expect(description).toMatch(/\w/);
  const used = runs.steps.flatMap(({ uses }) => uses ?? []);
  expect(used).toEqual([expect.stringMatching(/^actions\/setup-node@[0-9a-f]{40}$/)]);
  // What comes from outside reaches a script as a variable only: in its text it would be code.
  for (const { run } of runs.steps) expect(run ?? '').not.toContain('${{');
});
