// What a function does: the bundle from S3 into memory, and real libraries over it, without a network or a cache on disk.
//
//   node node_check.mjs PACKAGES LOADER LOCATION EXPECTED

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { deepStrictEqual, equal, ok } from 'node:assert/strict';

const [packages, loader, location, expectedPath] = process.argv.slice(2);
const expected = JSON.parse(await readFile(expectedPath, 'utf8'));
const { resolve } = createRequire(`${packages}/package.json`);
const load = (name) => import(pathToFileURL(resolve(name)).href);

const { open, prefetch, customCache } = await import(pathToFileURL(loader).href);
prefetch(location, { verify: true, log: console.error });
const { InferenceSession, Tensor } = (await load('onnxruntime-node')).default;
const { env, pipeline } = await load('@huggingface/transformers');
const bundle = await open(location);

// onnxruntime-node: the model from memory, and its weights too.
const { side, sums } = expected.linear;
const path = 'linear/model.onnx_data';
const session = await InferenceSession.create(bundle.get('linear/model.onnx'), {
  externalData: [{ path: 'model.onnx_data', data: bundle.get(path) }],
});
const { y } = await session.run({ x: new Tensor('float32', new Float32Array(side).fill(1), [1, side]) });
near(y.data, sums);
await session.release();

// transformers.js: every file from the cache.
const asked = [];
const cache = customCache(bundle);
env.allowRemoteModels = false;
env.useFSCache = false;
env.useCustomCache = true;
env.customCache = {
  async match(key) {
    const found = await cache.match(key);
    asked.push([key, found !== undefined]);
    return found;
  },
  put: cache.put,
};
env.fetch = () => {
  throw new Error('there is no network');
};
const { text, hidden, mean } = expected.tiny;
const extract = await pipeline('feature-extraction', 'acme/tiny', { dtype: 'fp32' });
const output = await extract(text, { pooling: 'mean' });
deepStrictEqual(output.dims, [1, hidden]);
near(output.data, mean);
const found = asked.flatMap(([key, was]) => (was ? [key] : []));
ok(found.includes('https://huggingface.co/acme/tiny/resolve/main/onnx/model.onnx'), found.join('\n'));

const versions = await Promise.all(
  ['onnxruntime-node', '@huggingface/transformers'].map(async (name) => {
    const { version } = JSON.parse(await readFile(`${packages}/node_modules/${name}/package.json`, 'utf8'));
    return `${name} ${version}`;
  }),
);
equal(bundle.stats.retries, 0);
console.log(
  `${versions.join(', ')} on Node ${process.versions.node}: ${bundle.files().length} files, ${found.length} answers`,
);

function near(data, values) {
  for (const [i, value] of values.entries())
    ok(Math.abs(data[i] - value) < 1e-2, `${data[i]} is not ${value}`);
}
