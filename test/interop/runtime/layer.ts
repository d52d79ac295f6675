import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { Bench } from '../bench.ts';

const source = fileURLToPath(new URL('../../../python/modelpack_runtime.py', import.meta.url));

/** Unpacked by Python, as Lambda unpacks it below /opt, the layer is importable and says the version that was written. */
export async function runtimeLayer(bench: Bench): Promise<string> {
  const [layer, opt] = [await bench.path('layer.zip'), await bench.path('opt')];
  const { version } = JSON.parse(await bench.modelpack(['runtime', 'layer', '-o', layer, '--json'])) as {
    version: string;
  };
  await bench.python(['-m', 'zipfile', '-e', layer, opt]);
  const say = 'import modelpack_runtime as it; print(it.__version__, it.__file__)';
  const [said, file = ''] = (await bench.python(['-c', say], { PYTHONPATH: `${opt}/python` }))
    .trim()
    .split(' ');
  if (said !== version) throw new Error(`the layer has version ${said}, modelpack says ${version}`);
  if (!(await readFile(file)).equals(await readFile(source))) throw new Error(`${file} is another file`);
  return `version ${said}, imported from python/ of the layer`;
}
