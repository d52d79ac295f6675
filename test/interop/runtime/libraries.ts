import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

import { startS3 } from '../../servers/s3/server.ts';
import { startWeb } from '../../servers/web/server.ts';
import type { Bench } from '../bench.ts';

/** Models that are made, and functions of libraries_check.py that load them. */
interface Calls {
  readonly models: readonly string[];
  readonly calls: readonly string[];
}

/** Of packages that install in seconds. */
const light: Calls = {
  models: ['onnx', 'gguf'],
  calls: [
    'tokenizers',
    'transformers_tokenizer',
    'hub_download',
    'safetensors_numpy',
    'onnxruntime',
    'onnx_external',
    'gguf',
    'mapped_path',
  ],
};

/** Of torch and what needs it: 6 GB, so by hand. */
const torch: Calls = {
  models: ['torch', 'sharded', 'clip', 'whisper', 'easyocr'],
  calls: [
    'safetensors_torch',
    'torch_load',
    'transformers_model',
    'transformers_sharded',
    'transformers_pickle',
    'clip',
    'whisper',
    'easyocr',
  ],
};

interface Said {
  readonly results: Readonly<Record<string, unknown>>;
  readonly left: { readonly bytes: number; readonly largest: number; readonly links: number };
}

const BUCKET = 'models';
const MiB = 1024 * 1024;
const runtime = fileURLToPath(new URL('../../../python', import.meta.url));

export const runtimeLibraries = (bench: Bench) => loadAlike(bench, light);
export const runtimeTorch = (bench: Bench) => loadAlike(bench, torch);

/** What real libraries compute is the same whether their files are on a disk or in RAM, and RAM leaves the disk empty. */
async function loadAlike(bench: Bench, { models, calls }: Calls): Promise<string> {
  const made = await bench.path('made');
  await mkdir(made);
  await bench.python(['runtime/make_models.py', made, ...models]);
  const catalogs = await bench.path('catalogs');
  await mkdir(catalogs);
  await using web = await startWeb();
  const expected: Record<string, string> = {};

  async function catalog(scheme: string, name: string, files: Readonly<Record<string, string>>) {
    const described = [];
    for (const [path, hash] of Object.entries(files)) {
      const body = await readFile(join(made, scheme, path));
      const sha256 = digest('sha256', body);
      const url = `${web.origin}/${sha256}/${path}`;
      web.put(`/${sha256}/${path}`, body);
      described.push({ path, url, sha256, size: body.length });
      expected[hash] = scheme === 'easyocr' ? digest('md5', body) : url;
    }
    const content = { scheme, models: [{ name, files: described }] };
    await writeFile(join(catalogs, `${scheme}.json`), JSON.stringify(content));
    return `${scheme}:${name}`;
  }

  const ofLibraries: Readonly<Record<string, () => Promise<string>>> = {
    clip: () => catalog('clip', 'ViT-B/32', { 'ViT-B-32.pt': 'clip' }),
    whisper: () => catalog('whisper', 'tiny', { 'tiny.pt': 'whisper' }),
    easyocr: () =>
      catalog('easyocr', 'en', { 'craft_mlt_25k.pth': 'detector', 'english_g2.pth': 'recognizer' }),
  };
  const sources = ['acme/tiny-bert'];
  for (const model of models) sources.push((await ofLibraries[model]?.()) ?? join(made, model));

  await using server = await startS3({ buckets: [BUCKET] });
  const [[id, secret] = ['', '']] = Object.entries(server.keys);
  const keys = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_REGION: 'us-east-1' };
  const env = { ...keys, AWS_DEFAULT_REGION: 'us-east-1', AWS_ENDPOINT_URL: server.endpoint };
  const object = `s3://${BUCKET}/models.tar`;
  await bench.modelpack(['fetch', ...sources, '-o', object], { ...env, MODELPACK_CATALOGS: catalogs });
  const folder = await bench.path('unpacked');
  await bench.modelpack(['unpack', object, folder, '--layout', 'cache'], env);

  async function load(where: 'disk' | 'ram', source: string): Promise<Said> {
    const [TMPDIR, HOME] = [await bench.path(where, 'tmp'), await bench.path(where, 'home')];
    await Promise.all([TMPDIR, HOME].map((path) => mkdir(path)));
    const script = ['runtime/libraries_check.py', where, source, JSON.stringify(expected), ...calls];
    const said = await bench.python(script, { ...env, TMPDIR, HOME, PYTHONPATH: runtime });
    return JSON.parse(said.trim().split('\n').at(-1) ?? '') as Said;
  }

  const [disk, ram] = [await load('disk', folder), await load('ram', object)];
  assert.deepEqual(ram.results, disk.results);
  const { largest, bytes, links } = ram.left;
  assert.ok(links > models.length, `${links} links lead to weights`);
  assert.ok(largest < MiB, `a file of ${largest} bytes is on the disk: no small one`);
  return `${calls.length} kinds of calls give the same from S3 through RAM as from a disk; ${links} links, and ${bytes} bytes of small files`;
}

function digest(algorithm: 'md5' | 'sha256', bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('hex');
}
