import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse } from 'yaml';

import { githubValues } from './github-values.ts';

export interface Step {
  readonly name: string;
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly run?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly 'working-directory'?: string;
}

export interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string; readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

export const actionPath = fileURLToPath(new URL('../../action.yml', import.meta.url));
export const action = parse(await readFile(actionPath, 'utf8')) as Action;

export interface StepOutcome {
  readonly name: string;
  readonly code: number | null;
  readonly log: string;
}

export interface ActionOutcome {
  readonly steps: readonly StepOutcome[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

/**
 * Runs the steps of `action.yml` as a runner of GitHub does: each `run` in a fresh bash with its flags, with nothing in
 * the environment but what the runner and the workflow put there, and files for outputs and summary. What `uses` names
 * is not run: the machine's Node stands in for the one that would be set up.
 */
export async function runAction(
  workspace: string,
  given: Readonly<Record<string, string>>,
  workflowEnv: Readonly<Record<string, string>>,
): Promise<ActionOutcome> {
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, { default: value }]) => [name, given[name] ?? value]),
  );
  const steps: StepOutcome[] = [];
  const outputs = new Map<string, ReadonlyMap<string, string>>();
  let summary = '';
  const expand = (text: string) => expanded(text, { inputs, env: workflowEnv, outputs });
  for (const [at, step] of action.runs.steps.entries()) {
    if (step.run === undefined) continue;
    const files = Object.fromEntries(
      ['GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_STEP_SUMMARY'].map((name) => [
        name,
        join(workspace, '..', `${name}_${at}`),
      ]),
    );
    for (const file of Object.values(files)) await writeFile(file, '');
    const script = join(workspace, '..', `step_${at}.sh`);
    await writeFile(script, expand(step.run));
    const own = Object.fromEntries(
      Object.entries(step.env ?? {}).map(([name, value]) => [name, expand(value)]),
    );
    const child = spawn('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', script], {
      cwd: resolve(workspace, expand(step['working-directory'] ?? '.')),
      env: {
        PATH: process.env['PATH'],
        CI: 'true',
        GITHUB_ACTIONS: 'true',
        GITHUB_WORKSPACE: workspace,
        GITHUB_ACTION_PATH: dirname(actionPath),
        ...files,
        ...workflowEnv,
        ...own,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (log += text));
    const [code] = (await once(child, 'close')) as [number | null];
    steps.push({ name: step.name, code, log });
    summary += await readFile(files['GITHUB_STEP_SUMMARY']!, 'utf8');
    if (step.id !== undefined)
      outputs.set(step.id, githubValues(await readFile(files['GITHUB_OUTPUT']!, 'utf8')));
    if (code !== 0) break;
  }
  const told = Object.entries(action.outputs).map(([name, { value }]) => [name, expand(value)]);
  return { steps, outputs: Object.fromEntries(told) as Record<string, string>, summary };
}

interface Contexts {
  readonly inputs: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly outputs: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** `${{ a.b || c.d }}`: what our action uses of the language of expressions, and nothing else. */
function expanded(text: string, contexts: Contexts): string {
  return text.replace(/\$\{\{\s*(.+?)\s*\}\}/g, (_, expression: string) =>
    expression
      .split(/\s*\|\|\s*/)
      .map((each) => valueOf(each, contexts))
      .reduce((value, next) => (value === '' ? next : value)),
  );
}

function valueOf(reference: string, { inputs, env, outputs }: Contexts): string {
  const [context, first = '', ...rest] = reference.split('.');
  if (reference === 'github.action_path') return dirname(actionPath);
  if (context === 'inputs' && first in inputs) return inputs[first]!;
  if (context === 'env') return env[first] ?? '';
  if (context === 'steps' && rest[0] === 'outputs') return outputs.get(first)?.get(rest[1]!) ?? '';
  throw new Error(`the action uses ${reference}, which its runner here does not know`);
}
