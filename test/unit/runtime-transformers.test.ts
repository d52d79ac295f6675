import { buffer } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';

import { describe, expect, it } from 'vitest';

import { customCache, open } from '../../src/runtime/index.ts';
import { bert as large, own as another, tokenizer } from '../helpers/loading.ts';
import { writeBundle, type MadeModel } from '../helpers/made-bundle.ts';
import { noise } from '../helpers/sending.ts';
import { temporaryFolder } from '../helpers/tmp.ts';

const hub = 'https://huggingface.co';
/** The last file of the bundle alone is too large to be read with the index. */
const weights = noise(1_200_000, 1);
const second = noise(200_000, 2);
const bert = { ...large, files: { ...large.files, 'onnx/model.onnx': weights } };
const own = { ...another, files: { 'state.bin': second } };

async function cacheOf(models: readonly MadeModel[] = [bert, own]) {
  const folder = await temporaryFolder();
  await writeBundle(folder.join('models.tar'), models);
  const bundle = await open(folder.join('models.tar'), { log: false });
  return { bundle, cache: customCache(bundle), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

describe('the cache for transformers.js', () => {
  it.each<[key: string, found: boolean]>([
    [`${hub}/acme/bert/resolve/main/config.json`, true],
    [`${hub}/acme/bert/resolve/v1/config.json`, true],
    [`${hub}/acme/bert/resolve/${bert.revision}/config.json`, true],
    [`${hub}/acme/bert/resolve/v2/config.json`, false],
    [`${hub}/acme/bert/resolve/refs%2Fpr%2F1/config.json`, false],
    [`${hub}/acme/bert/resolve/main/config.json?download=true`, true],
    ['http://localhost:8080/mirror/acme/bert/resolve/main/config.json', true],
    [`${hub}/acme/bert/resolve/main/onnx/model.onnx`, true],
    [`${hub}/acme/bert/resolve/main/nobody.json`, false],
    [`${hub}/other/bert/resolve/main/config.json`, false],
    [`${hub}/acme/bert/config.json`, false],
    [`${hub}/own/resolve/main/state.bin`, true],
    [`${hub}/var/task/own/resolve/main/state.bin`, true],
    [`${hub}/disown/resolve/main/state.bin`, false],
    [`${hub}/somebody/own/resolve/main/state.bin`, false],
    ['acme/bert/config.json', true],
    ['/var/task/node_modules/@huggingface/transformers/models/acme/bert/config.json', false],
    [`${hub}/acme/bert/resolve/main/%E0%A4%A.json`, false],
    ['https://[/acme/bert/resolve/main/config.json', false],
    ['nonsense', false],
  ])('for %s: %s', async (key, found) => {
    await using made = await cacheOf();
    expect((await made.cache.match(key)) !== undefined).toBe(found);
  });

  it('knows a model by the name that it has at the Hub, whatever it is called in the bundle', async () => {
    await using made = await cacheOf([{ ...bert, name: 'reader' }]);
    for (const name of ['acme/bert', 'reader'])
      expect(await made.cache.match(`${hub}/${name}/resolve/main/config.json`)).toBeInstanceOf(Response);
  });

  it.each<[refs: readonly [string, string], asked: string, found: string | undefined]>([
    [['v1', 'v2'], 'main', undefined],
    [['v1', 'v2'], 'v2', 'of v2'],
    [['v1', 'main'], 'main', 'of main'],
  ])('of one repository at %j, as %s', async (refs, asked, found) => {
    const models = refs.map((ref, i) => ({
      ...bert,
      name: `bert-${ref}`,
      ref,
      revision: `${i}`.padEnd(40, '0'),
      files: { 'config.json': `of ${ref}` },
    }));
    await using made = await cacheOf(models);
    const answer = await made.cache.match(`${hub}/acme/bert/resolve/${asked}/config.json`);
    expect(await answer?.text()).toBe(found);
  });

  it('answers with the memory of the bundle itself', async () => {
    await using made = await cacheOf();
    const answer = await made.cache.match(`${hub}/acme/bert/resolve/main/onnx/model.onnx`);
    const bytes = await answer!.arrayBuffer();
    expect(bytes).toBe(made.bundle.get('acme/bert/onnx/model.onnx').buffer);
    expect(answer!.clone()).toBeInstanceOf(Response);
    expect(await answer!.clone().arrayBuffer()).toBe(bytes);
  });

  it('answers as any other Response', async () => {
    await using made = await cacheOf();
    const find = async (path: string) => (await made.cache.match(path))!;
    const json = await find('acme/bert/config.json');
    expect(json).toMatchObject({ ok: true, status: 200 });
    expect(json.headers.get('content-length')).toBe('21');
    expect(await json.json()).toEqual({ model_type: 'bert' });
    expect(await json.text()).toBe('{"model_type":"bert"}');
    const small = Buffer.from(await (await find('acme/bert/tokenizer.json')).arrayBuffer());
    expect(small.equals(tokenizer)).toBe(true);
    const blob = await (await find('acme/bert/tokenizer.json')).blob();
    expect(Buffer.from(await blob.arrayBuffer()).equals(tokenizer)).toBe(true);
    expect(second.equals(await buffer((await find('own/state.bin')).body as ReadableStream))).toBe(true);
    const empty = await find('acme/bert/empty');
    expect(await empty.arrayBuffer()).toHaveProperty('byteLength', 0);
  });

  it('keeps nothing that the bundle does not hold', async () => {
    await using made = await cacheOf();
    const key = `${hub}/acme/bert/resolve/main/nobody.json`;
    await made.cache.put(key, new Response('{}'));
    expect(await made.cache.match(key)).toBeUndefined();
    expect(weights.equals(made.bundle.get('acme/bert/onnx/model.onnx'))).toBe(true);
  });
});
