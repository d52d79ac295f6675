import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ModelpackError } from '../../src/errors.ts';
import { shellWord } from '../../src/printable.ts';
import type { Selection, Weights } from '../../src/source/source.ts';
import { attempt, type File, filesOf, type Listing, listings } from '../helpers/listing.ts';

/** What is asked of a repository besides the plain command. */
const questions: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'BAAI/bge-m3': [['--weights', 'onnx']],
  'Qwen/Qwen2.5-7B-Instruct-GGUF': [['--include', '*q4_k_m*']],
  'TheBloke/Llama-2-7B-Chat-GGUF': [['--include', '*Q4_K_M*'], ['--weights', 'safetensors'], ['--all']],
  'bartowski/Llama-3.2-1B-Instruct-GGUF': [['--include', '*Q4_K_M*']],
  'black-forest-labs/FLUX.1-dev': [['--include', 'flux1-dev.safetensors', '--include', 'ae.safetensors']],
  'cstr/all-mpnet-base-v2-GGUF': [['--include', '*imatrix*']],
  'distilbert/distilbert-base-uncased-finetuned-sst-2-english': [['--weights', 'onnx']],
  'google-bert/bert-base-uncased': [
    ['--weights', 'onnx'],
    ['--weights', 'tensorflow'],
    ['--weights', 'all'],
  ],
  'google/flan-t5-xl': [['--weights', 'tensorflow']],
  'meta-llama/Llama-3.1-8B-Instruct': [['--weights', 'pytorch']],
  'mistralai/Mistral-7B-v0.1': [['--weights', 'pytorch']],
  'onnx-community/swin-finetuned-food101-ONNX': [
    ['--include', 'onnx/model_quantized.onnx', '--include', '*.json'],
  ],
  'openai-community/gpt2': [['--weights', 'flax']],
  'openai/whisper-large-v3': [['--weights', 'pytorch']],
  'sentence-transformers/all-mpnet-base-v2': [
    ['--weights', 'onnx'],
    ['--weights', 'pytorch'],
    ['--exclude', 'onnx/', '--exclude', 'openvino/'],
  ],
  'stable-diffusion-v1-5/stable-diffusion-v1-5': [
    ['--weights', 'pytorch'],
    ['--include', 'v1-5-pruned-emaonly.safetensors'],
  ],
  'stabilityai/stable-diffusion-xl-base-1.0': [['--weights', 'onnx']],
};

describe('the golden selection of', () => {
  it.each(listings.map((listing) => [listing.repository, listing] as const))('%s', async (name, listing) => {
    const asked = [[], ...(questions[name] ?? [])];
    const text = [heading(listing), ...asked.map((options) => session(listing, options))].join('\n');
    await expect(text).toMatchFileSnapshot(`../data/selections/${fileName(listing)}.txt`);
  });

  it('no repository that is not listed, and no question to one', () => {
    const golden = readdirSync(new URL('../data/selections/', import.meta.url));
    expect(golden.toSorted()).toEqual(listings.map((listing) => `${fileName(listing)}.txt`).toSorted());
    const names = listings.map(({ repository }) => repository);
    expect(Object.keys(questions).filter((name) => !names.includes(name))).toEqual([]);
  });
});

function fileName({ repository }: Listing): string {
  return repository.replace('/', '--');
}

function heading({ repository, revision, loads }: Listing): string {
  const at = revision === undefined ? '' : ` at ${revision}`;
  return [`${repository}${at}`, ...wrapped(loads), ''].join('\n');
}

/** The command, what it takes, and what it leaves out with the reason. `~` is a size that is not exact. */
function session(listing: Listing, options: readonly string[]): string {
  const outcome = attempt(filesOf(listing), selectionOf(options));
  const command = ['$ modelpack fetch', listing.repository, ...options.map(shellWord)].join(' ');
  if (outcome instanceof ModelpackError)
    return [command, `modelpack: ${outcome.message}`, ...wrapped(`hint: ${outcome.hint}`), ''].join('\n');
  const groups = [
    { title: 'takes', files: outcome.kept },
    ...outcome.leftOut.map(({ reason, files }) => ({ title: `leaves out: ${reason}`, files })),
  ];
  return [command, ...groups.flatMap((group) => lines(group.title, group.files, listing)), ''].join('\n');
}

function lines(title: string, files: readonly File[], { approximate = {} }: Listing): string[] {
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const rows = files.map(({ path, size }) => {
    const number = `${path in approximate ? '~' : ''}${size.toLocaleString('en-US')}`;
    return `  ${number.padStart(15)}  ${path}`;
  });
  return [`${title}: ${total.toLocaleString('en-US')} bytes`, ...rows];
}

function selectionOf(args: readonly string[]): Selection {
  const {
    include = [],
    exclude = [],
    weights,
    all = false,
  } = parseArgs({
    args: [...args],
    options: {
      include: { type: 'string', multiple: true },
      exclude: { type: 'string', multiple: true },
      weights: { type: 'string' },
      all: { type: 'boolean' },
    },
  }).values;
  return { include, exclude, weights: weights as Weights | undefined, all };
}

function wrapped(text: string): string[] {
  return text.match(/.{1,110}(?:\s|$)/g)?.map((line) => line.trimEnd()) ?? [];
}
