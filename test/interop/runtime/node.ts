import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { startS3 } from '../../servers/s3/server.ts';
import type { Bench } from '../bench.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const loader = fileURLToPath(new URL('../../../dist/runtime/index.js', import.meta.url));
/** `npm ci` empties it, nothing else does. */
const cache = fileURLToPath(new URL('../../../node_modules/.cache/modelpack-interop/node', import.meta.url));

const LIMIT_MS = 300_000;

/** The real onnxruntime-node and transformers.js work on what the Node loader has in memory. */
export async function runtimeNode(bench: Bench): Promise<string> {
  await mkdir(cache, { recursive: true });
  await copyFile(join(here, 'node-packages.json'), join(cache, 'package.json'));
  // Their scripts would only fetch libraries for graphics cards.
  await promisify(execFile)('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: cache,
    timeout: LIMIT_MS,
  });

  const folder = await bench.path('models');
  await mkdir(folder);
  const expected = await bench.path('expected.json');
  await writeFile(expected, await bench.python(['runtime/onnx_models.py', folder]));

  await using s3 = await startS3({ buckets: ['models'] });
  const [[accessKey, secret] = ['', '']] = Object.entries(s3.keys);
  const env = {
    AWS_ENDPOINT_URL: s3.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const location = 's3://models/models.tar';
  const sources = [`acme/tiny=${join(folder, 'tiny')}`, join(folder, 'linear')];
  await bench.modelpack(['fetch', ...sources, '-o', location], env);
  const args = [join(here, 'node_check.mjs'), cache, loader, location, expected];
  return (await bench.run(process.execPath, args, env)).trim();
}
