import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll } from 'vitest';

const program = fileURLToPath(new URL('../../bin/modelpack.js', import.meta.url));

export interface RunOptions {
  /** Where HF_ENDPOINT leads; without one nothing answers there. */
  readonly hub?: { readonly endpoint: string } | undefined;
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** For standard input, which is empty without it. */
  readonly input?: string | Uint8Array | undefined;
  /** Killed after this many seconds. Default 45. */
  readonly limit?: number | undefined;
  /** Called while it runs, to send signals in the middle. */
  readonly onStart?: ((running: Running) => void) | undefined;
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what it asked for
type Json = <T = Record<string, unknown>>() => T;

export interface Outcome {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Stdout, which must be one JSON document on one line and nothing else. */
  json: Json;
}

/** A run that is under way; killed where its scope ends before it does. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly outcome: Promise<Outcome>;
  /** What it has written so far. */
  stderr(): string;
  hasEnded(): boolean;
  kill(signal: NodeJS.Signals): void;
}

const home = mkdtempSync(join(tmpdir(), 'modelpack-home-'));
const living = new Set<ChildProcess>();

afterAll(() => {
  for (const child of living) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

/** Runs `modelpack` as a user's shell would, to its end. */
export async function modelpack(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  await using running = start(args, options);
  return await running.outcome;
}

/** Runs `modelpack` in an environment where nothing of this machine's settings is left. */
export function start(args: readonly string[], options: RunOptions = {}): Running {
  const { hub, cwd = home, env = {}, input, limit = 45, onStart } = options;
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      HF_HOME: join(home, 'huggingface'),
      HF_ENDPOINT: hub?.endpoint ?? 'http://127.0.0.1:1',
      ...env,
    },
    timeout: limit * 1000,
    killSignal: 'SIGKILL',
  });
  living.add(child);
  child.stdin.on('error', () => {}); // it may end before it has read everything
  child.stdin.end(input);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));

  async function end(): Promise<Outcome> {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    living.delete(child);
    return { code, signal, stdout, stderr, json: (() => parse(stdout, stderr)) as Json };
  }

  const outcome = end();
  const running: Running = {
    pid: child.pid!,
    outcome,
    stderr: () => stderr,
    hasEnded: () => !living.has(child),
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await outcome;
    },
  };
  onStart?.(running);
  return running;
}

function parse(stdout: string, stderr: string): unknown {
  if (/^[^\n]+\n$/.test(stdout)) return JSON.parse(stdout);
  throw new Error(`stdout is not one line of JSON: ${JSON.stringify(stdout)}\nstderr: ${stderr}`);
}
