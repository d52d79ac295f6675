import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Side } from '../compare.ts';
import { findLibraries, type Libraries } from '../load/python.ts';
import { measure, type Measured } from '../measure.ts';
import { BUCKET } from '../servers/s3.ts';
import { ours, type Stage } from '../stage.ts';
import type { Case } from './case.ts';

/** A way of load.py. */
interface Way {
  readonly name: string;
  readonly way: string;
  /** What it loads. */
  readonly key: keyof typeof objects;
  readonly needs?: 'torch';
}

/** Where make_model.py, or our side, puts them. */
const objects = {
  bundle: 'models.tar',
  safetensors: 'model/model.safetensors',
  pickle: 'state.pkl',
  torch: 'state.pt',
} as const;

const ways: readonly Way[] = [
  { name: 'BytesIO, pickle.loads(getvalue())', way: 'pickled', key: 'pickle' },
  { name: 'BytesIO, safetensors', way: 'buffered', key: 'safetensors' },
  { name: 'BytesIO, safetensors, s3transfer tuned', way: 'buffered_tuned', key: 'safetensors' },
  { name: 'read(), safetensors, 1 connection', way: 'streamed', key: 'safetensors' },
  { name: 'file, safetensors', way: 'file', key: 'safetensors' },
  { name: 'BytesIO, torch.load', way: 'buffered_torch', key: 'torch', needs: 'torch' },
  { name: 'file, torch.load', way: 'file_torch', key: 'torch', needs: 'torch' },
  { name: 'file, torch.load(mmap=True)', way: 'file_torch_mapped', key: 'torch', needs: 'torch' },
];

const here = fileURLToPath(new URL('../..', import.meta.url));
const scripts = join(here, 'bench/load');
const LIMIT_MS = 10 * 60_000;

/** From an object in S3 to tensors, imports not counted. */
export const load: Case = {
  name: 'load',
  title: 'load from S3 into tensors',
  size: 2 ** 30,
  usesS3: true,
  s3: ['static'],
  multiples: true,
  node: false,
  async sides(stage) {
    const libraries = await findLibraries();
    const { boto3, torch } = libraries;
    await makeObjects(stage, libraries);
    const sums = new Set<number>();

    function side(name: string, { way, key }: Way, flags: readonly string[] = [], runtime = here): Side {
      const args = [way, `s3://${BUCKET}/${objects[key]}`, ...flags];
      return { name, run: () => loadOnce(stage, libraries.python, args, runtime, sums) };
    }

    const name = torch === undefined ? 'modelpack, numpy' : `modelpack, torch ${torch}`;
    const own: Way = { name, way: 'modelpack', key: 'bundle' };
    const sides = [
      side(name, own),
      ...stage.flags.map((flags) => side(`modelpack ${flags.join(' ')}`, own, flags)),
      ...stage.builds.map((build) => side(`modelpack in ${build}`, own, [], resolve(build))),
    ];
    if (!stage.peers) return sides;
    const wanted = ways.filter(({ needs }) => needs === undefined || torch !== undefined);
    return [...sides, ...wanted.map((way) => side(`boto3 ${boto3}: ${way.name}`, way))];
  },
};

async function makeObjects(stage: Stage, { python }: Libraries): Promise<void> {
  const { bucket, env, folder, size } = stage;
  const made = join(folder, 'made');
  await mkdir(made);
  await promisify(execFile)(python, [join(scripts, 'make_model.py'), made, String(size)]);
  const bundle = join(made, objects.bundle);
  const [modelpack] = ours({ ...stage, flags: [], builds: [], node: [] }, (command) => ({
    run: () => measure(command('fetch', join(made, 'model'), '-o', bundle, '--quiet'), env),
  }));
  await modelpack!.run();
  for (const key of Object.values(objects)) {
    await bucket.put(key, join(made, key)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // there is no torch
    });
  }
  await rm(made, { recursive: true });
}

/** What load.py says. */
interface Loaded extends Measured {
  readonly sum: number;
}

async function loadOnce(
  { env, folder }: Stage,
  python: string,
  args: readonly string[],
  build: string,
  sums: Set<number>,
): Promise<Measured> {
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  const { stdout } = await promisify(execFile)(python, [join(scripts, 'load.py'), ...args], {
    env: { ...env, PYTHONPATH: join(build, 'python'), TMPDIR: temporary },
    timeout: LIMIT_MS,
  });
  await rm(temporary, { recursive: true });
  const { seconds, cpu, peak, written, sum } = JSON.parse(stdout) as Loaded;
  if (sums.add(sum).size > 1) throw new Error(`${args.join(' ')} loaded other values`);
  return { seconds, cpu, peak, written };
}
