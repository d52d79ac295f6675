import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Bench } from '../bench.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The file system of a function: TREE is one that build.sh made; without, it is made here, which takes a minute. */
export async function treeOf(bench: Bench): Promise<string> {
  const { TREE: given, PYTHON = 'python3' } = process.env;
  if (given !== undefined) return given;
  const tree = await bench.path('tree');
  await bench.run('bash', [join(here, 'build.sh'), tree], { PYTHON });
  return tree;
}
