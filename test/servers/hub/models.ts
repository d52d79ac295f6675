import { bertConfig, bertTensors, bertValues, type BertShape } from './models/bert.ts';
import { elements, generatedSafetensors, safetensors } from './models/safetensors.ts';
import { generatedTorch } from './models/torch.ts';
import { tokenizerJson, wordpieces } from './models/wordpiece.ts';
import type { Repo, RepoFile, Storage } from './options.ts';

/** Small made models. The same options give the same bytes, and so the same commits, in every run. */

export interface TinyBertOptions {
  readonly id?: string;
  /** Of model.safetensors, about. Default 2 MB. */
  readonly size?: number;
  /** Of each copy for another framework. Default 200,000 bytes. */
  readonly copySize?: number;
}

/** A BERT that transformers could load, with the copies and extras a real repository has around it. */
export function tinyBert({
  id = 'acme/tiny-bert',
  size = 2e6,
  copySize = 200_000,
}: TinyBertOptions = {}): Repo {
  const shape = shapeFor(size);
  const tensors = bertTensors(shape);
  const pieces = wordpieces(shape.vocabulary);
  const parameters = tensors.reduce((sum, tensor) => sum + elements(tensor), 0);
  const cardData = { license: 'apache-2.0', language: ['en'], library_name: 'transformers' };
  const copy = (path: string, seed: number, magic: string, storage: Storage = 'lfs'): RepoFile => ({
    path,
    storage,
    content: { size: copySize, seed, head: Buffer.from(magic, 'latin1') },
  });
  const files: RepoFile[] = [
    git('.gitattributes', gitattributes),
    git('README.md', readme(id)),
    pretty('config.json', bertConfig(shape)),
    copy('flax_model.msgpack', 11, '\x81\xa6params'),
    { path: 'model.safetensors', storage: 'xet', content: safetensors(tensors, bertValues()) },
    copy('onnx/model.onnx', 12, '\x08\x07\x12\x07pytorch', 'xet'),
    { path: 'pytorch_model.bin', storage: 'lfs', content: generatedTorch(copySize, 13) },
    copy('rust_model.ot', 14, 'PK\x03\x04'),
    { path: 'samples/attention.png', storage: 'xet', content: { size: 20_000, seed: 15, head: png } },
    pretty('special_tokens_map.json', specialTokens),
    copy('tf_model.h5', 16, '\x89HDF\r\n\x1a\n'),
    pretty('tokenizer.json', tokenizerJson(pieces)),
    pretty('tokenizer_config.json', {
      ...specialTokens,
      do_lower_case: true,
      model_max_length: shape.positions,
      tokenizer_class: 'BertTokenizer',
    }),
    git('vocab.txt', `${pieces.join('\n')}\n`),
  ];
  return {
    id,
    revisions: { main: files, 'refs/tags/v1.0': files },
    cardData,
    tags: ['transformers', 'safetensors', 'bert', 'en', 'license:apache-2.0'],
    info: {
      pipeline_tag: 'feature-extraction',
      library_name: 'transformers',
      config: { architectures: ['BertModel'], model_type: 'bert' },
      safetensors: { parameters: { F32: parameters }, total: parameters },
    },
  };
}

export interface BigOptions {
  readonly id?: string;
  /** Of all weights together. */
  readonly size: number;
  /** How many files share them. Default 1. */
  readonly files?: number;
  readonly storage?: Storage;
  readonly seed?: number;
}

/** Valid safetensors files of any size that take no memory. */
export function big({ id = 'acme/big', size, files = 1, storage = 'xet', seed = 1 }: BigOptions): Repo {
  const share = Math.floor(size / files);
  const number = (i: number) => String(i).padStart(5, '0');
  const weights = Array.from({ length: files }, (_, i): RepoFile => ({
    path: files === 1 ? 'model.safetensors' : `model-${number(i + 1)}-of-${number(files)}.safetensors`,
    storage,
    content: generatedSafetensors(i === 0 ? size - share * (files - 1) : share, seed + i),
  }));
  return {
    id,
    revisions: {
      main: [git('README.md', readme(id)), pretty('config.json', { model_type: 'big' }), ...weights],
    },
    cardData: { license: 'apache-2.0' },
  };
}

/** Many small files in folders of a hundred. */
export function many({
  id = 'acme/many',
  files = 2000,
  storage = 'git',
}: { id?: string; files?: number; storage?: Storage } = {}): Repo {
  const main = Array.from({ length: files }, (_, i): RepoFile => ({
    path: `part-${String(Math.floor(i / 100)).padStart(3, '0')}/${String(i).padStart(6, '0')}.json`,
    storage,
    content: Buffer.from(`{"number":${i}}\n`),
  }));
  return { id, revisions: { main } };
}

/** Legal names that break naive URLs, headers and tars, each in both kinds of storage; and empty files. */
export function odd({ id = 'acme/odd' } = {}): Repo {
  const names = [
    'a#b.txt',
    'what?.txt',
    '%41.txt',
    '100%.txt',
    'with space.txt',
    'plus+and&amp=.txt',
    'quote\'"s.txt',
    'semi;colon,comma.txt',
    'größe/日本語/🤗.txt',
    'e\u0301-decomposed.txt',
    `deep/${'d'.repeat(120)}/${'f'.repeat(200)}.txt`,
    `${'長'.repeat(80)}.txt`,
    '.hidden',
    '-dash',
    'no-extension',
    'dots...txt',
  ];
  const main = names.flatMap((path): RepoFile[] => [
    git(path, `git: ${path}\n`),
    { path: `lfs/${path}`, storage: 'xet', content: Buffer.from(`xet: ${path}\n`) },
  ]);
  const none = Buffer.alloc(0);
  return {
    id,
    revisions: {
      main: [
        ...main,
        { path: 'empty/git', storage: 'git', content: none },
        { path: 'empty/direct', storage: 'direct', content: none },
        { path: 'empty/lfs', storage: 'lfs', content: none },
      ],
    },
  };
}

/** Names that must never reach a disk or a tar. */
export const hostileNames = [
  '../x',
  'a/../../x',
  '/etc/x',
  'C:\\x',
  'C:/x',
  'a\\..\\b',
  '\\\\host\\share\\x',
  './x',
  'a//b',
  'nul\0byte',
  'line\nbreak',
] as const;

/** One harmless file, and one for each hostile name. */
export function hostile({
  id = 'acme/hostile',
  names = hostileNames,
}: { id?: string; names?: readonly string[] } = {}): Repo {
  return {
    id,
    revisions: { main: [git('config.json', '{}'), ...names.map((path) => git(path, 'hostile\n'))] },
  };
}

/** The narrowest BERT that is not much smaller than asked. */
function shapeFor(size: number): BertShape {
  const shape = { vocabulary: 4096, layers: 2, positions: 128, hidden: 16 };
  const bytes = (hidden: number) =>
    4 * bertTensors({ ...shape, hidden }).reduce((sum, tensor) => sum + elements(tensor), 0);
  while (bytes(shape.hidden) < size * 0.97) shape.hidden += 16;
  return shape;
}

function git(path: string, text: string): RepoFile {
  return { path, storage: 'git', content: Buffer.from(text) };
}

function pretty(path: string, value: object): RepoFile {
  return git(path, `${JSON.stringify(value, null, 2)}\n`);
}

const specialTokens = {
  cls_token: '[CLS]',
  mask_token: '[MASK]',
  pad_token: '[PAD]',
  sep_token: '[SEP]',
  unk_token: '[UNK]',
};

const gitattributes = ['*.bin', '*.h5', '*.msgpack', '*.onnx', '*.ot', '*.png', '*.safetensors']
  .map((pattern) => `${pattern} filter=lfs diff=lfs merge=lfs -text\n`)
  .join('');

/** A picture of one pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

function readme(id: string): string {
  return `---
license: apache-2.0
language:
- en
library_name: transformers
pipeline_tag: feature-extraction
tags:
- fixture
---

# ${id}

Made for tests: the weights are noise.
`;
}
