import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { startHub, type Hub, type Repo } from '../servers/hub/hub.ts';

/** A Hub, an empty folder, and programs that run in it without this machine's settings. */
export interface Bench extends AsyncDisposable {
  readonly hub: Hub;
  /** A new path in the folder; what is above it is there. */
  path(...names: readonly string[]): Promise<string>;
  /** Runs a program to its end. @returns stdout @throws when its exit code is not 0, with its stderr */
  run(program: string, args: readonly string[], env?: Environment): Promise<string>;
  /** The command line under test. */
  modelpack(args: readonly string[], env?: Environment): Promise<string>;
  /** The same, however it ends; `input` is a file for its standard input. Killed where its scope ends first. */
  start(args: readonly string[], env?: Environment, input?: string): Running;
  /** A script of this folder, or an option of Python's such as `-m`. */
  python(args: readonly string[], env?: Environment): Promise<string>;
}

export type Environment = Readonly<Record<string, string>>;

export interface Running extends AsyncDisposable {
  readonly outcome: Promise<Outcome>;
  /** As `kill -9` does. */
  kill(): void;
}

export interface Outcome {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const LIMIT_MS = 180_000;
const here = fileURLToPath(new URL('.', import.meta.url));
/** The command line under test. */
export const program = fileURLToPath(new URL('../../bin/modelpack.js', import.meta.url));

/** The Python that has what requirements.txt lists. */
export const python = process.env['PYTHON'] ?? 'python3';

export async function openBench(repos: readonly Repo[]): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'modelpack-interop-'));
  const hub = await startHub({ repos });

  async function run(command: string, args: readonly string[], env: Environment = {}): Promise<string> {
    const { stdout } = await promisify(execFile)(command, args, {
      cwd: folder,
      env: isolated(join(folder, 'home'), { HF_ENDPOINT: hub.endpoint, ...env }),
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }

  function start(args: readonly string[], env: Environment = {}, input?: string): Running {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env: isolated(join(folder, 'home'), { HF_ENDPOINT: hub.endpoint, ...env }),
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    child.stdin.on('error', () => {}); // it may end before it has read everything
    if (input === undefined) child.stdin.end();
    else createReadStream(input).pipe(child.stdin);
    const kill = () => void child.kill('SIGKILL');
    const end = async (): Promise<Outcome> => {
      const [[code], stdout, stderr] = await Promise.all([
        once(child, 'close') as Promise<[number | null]>,
        text(child.stdout),
        text(child.stderr),
      ]);
      return { code, stdout, stderr };
    };
    const outcome = end();
    return {
      outcome,
      kill,
      async [Symbol.asyncDispose]() {
        kill();
        await outcome;
      },
    };
  }

  return {
    hub,
    run,
    start,
    async path(...names) {
      const path = join(folder, ...names);
      await mkdir(dirname(path), { recursive: true });
      return path;
    },
    modelpack: (args, env) => run(process.execPath, [program, ...args], env),
    python: ([first = '', ...rest], env) =>
      run(python, [first.endsWith('.py') ? join(here, first) : first, ...rest], env),
    async [Symbol.asyncDispose]() {
      await hub.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The locale is one that every machine has and that can say all names. */
export function isolated(home: string, env: Environment): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: home, LC_ALL: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1', ...env };
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
