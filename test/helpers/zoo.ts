import { expect } from 'vitest';

import type { UnpackResult } from '../../src/verbs/unpack.ts';
import { writeBundle, type MadeModel } from './made-bundle.ts';
import { modelpack, type Outcome } from './run.ts';
import { temporaryFolder } from './tmp.ts';

export const commit = 'c0ffee'.padEnd(40, '0');
export const bert: MadeModel = {
  name: 'acme/bert',
  source: 'hf:acme/bert',
  revision: commit,
  ref: 'main',
  files: { 'config.json': '{}', 'model.safetensors': 'the weights', '1_Pooling/config.json': '{"a":1}' },
};
export const reader: MadeModel = {
  name: 'easyocr',
  source: 'easyocr:en',
  files: { 'craft_mlt_25k.pth': 'detector', 'english_g2.pth': 'recognizer' },
};
export const clip: MadeModel = { name: 'clip', source: 'clip:ViT-B/32', files: { 'ViT-B-32.pt': 'clip' } };
export const whisper: MadeModel = {
  name: 'whisper',
  source: 'whisper:base',
  files: { 'base.pt': 'whisper' },
};
export const own: MadeModel = { name: 'own', source: './own', files: { 'state.pkl': 'state' } };
export const all = [bert, reader, clip, whisper, own];

/** A folder with a bundle in it, and the command line run there. */
export async function openWith(models: readonly MadeModel[]) {
  const folder = await temporaryFolder();
  const bundle = await writeBundle(folder.join('models.tar'), models);
  const run = (...args: string[]) => modelpack(['unpack', 'models.tar', ...args], { cwd: folder.path });
  return { folder, bundle, run, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

export function document({ code, stderr, json }: Outcome): UnpackResult {
  expect(code, stderr).toBe(0);
  return json<UnpackResult>();
}
