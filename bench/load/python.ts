import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { cache } from '../peers.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const LIMIT_MS = 20 * 60_000;

export interface Libraries {
  readonly python: string;
  readonly boto3: string;
  /** Undefined where it is not installed. */
  readonly torch: string | undefined;
}

/** PYTHON if it has what requirements.txt lists, else one made for it. */
export async function findLibraries(): Promise<Libraries> {
  const venv = join(cache, 'load');
  const own = join(venv, 'bin/python');
  const asked = process.env['PYTHON'];
  for (const python of [...(asked === undefined ? [] : [asked]), own]) {
    const found = await librariesOf(python).catch(() => undefined);
    if (found !== undefined) return found;
  }
  console.error('installing boto3, numpy and safetensors …');
  await run([asked ?? 'python3', '-m', 'venv', venv]);
  const pip = [own, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  await run([...pip, '-r', join(here, 'requirements.txt')]);
  return librariesOf(own);
}

/** @throws when one is missing that has to be there */
async function librariesOf(python: string): Promise<Libraries> {
  const ask = `
import json, importlib.metadata as known, boto3, numpy, safetensors
try: torch = known.version("torch")
except known.PackageNotFoundError: torch = None
print(json.dumps([boto3.__version__, torch]))`;
  const [boto3, torch] = JSON.parse(await run([python, '-c', ask])) as [string, string | null];
  return { python, boto3, torch: torch ?? undefined };
}

async function run([program = '', ...args]: readonly string[]): Promise<string> {
  return (await promisify(execFile)(program, args, { timeout: LIMIT_MS })).stdout;
}
