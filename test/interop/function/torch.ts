import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import type { Bench } from '../bench.ts';
import { treeOf } from './tree.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Tensors of the Python loader, by the torch of a function's file system. */
export async function tensorsOfTorch(bench: Bench): Promise<string> {
  const tree = await treeOf(bench);
  const command = ['python3', `${root}test/interop/runtime/run_tests.py`, 'test_torch'];
  const binds = ['test/interop', 'python'].flatMap((folder) => ['-b', root + folder]);
  const out = await bench.run('bash', [`${here}run.sh`, tree, here, `${2 ** 31}`, ...binds, ...command]);
  const { tests, skipped } = JSON.parse(out.trim()) as { tests: number; skipped: number };
  assert.deepEqual([tests > 0, skipped], [true, 0]);
  return `${tests} tests of tensors`;
}
