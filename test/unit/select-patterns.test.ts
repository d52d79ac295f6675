import { describe, expect, it } from 'vitest';
import type { Selection } from '../../src/source/source.ts';
import { choose, kept, real, refusal } from '../helpers/listing.ts';

describe('select() with patterns', () => {
  const files = real('openai/clip-vit-base-patch32');

  it('takes exactly what they say, without any automatic choice', () => {
    const { kept: taken, leftOut } = choose(files, {
      include: ['*.json', '*.bin', '.git*'],
      exclude: ['tok*'],
    });
    expect(taken.map((file) => file.path)).toEqual([
      '.gitattributes',
      'config.json',
      'preprocessor_config.json',
      'pytorch_model.bin',
      'special_tokens_map.json',
      'vocab.json',
    ]);
    expect(leftOut.map((row) => [row.reason, row.files.length])).toEqual([
      ['not matched by --include', 4],
      ['matched by --exclude', 2],
    ]);
  });

  it('takes everything else when there are only exclusions', () => {
    expect(kept(files, { exclude: ['*model*', 'tok*'] })).toEqual([
      '.gitattributes',
      'README.md',
      'config.json',
      'merges.txt',
      'preprocessor_config.json',
      'special_tokens_map.json',
      'vocab.json',
    ]);
  });

  it('says so when they match nothing, and what there is', () => {
    expect(refusal(files, { include: ['*.JSON', "it's"], exclude: ['x'] })).toMatchObject({
      code: 'not-found',
      message: String.raw`no file is left by --include '*.JSON' --include 'it'\''s' --exclude x`,
      hint: 'the repository has .gitattributes, README.md, config.json, flax_model.msgpack, merges.txt and 7 more',
    });
  });

  it('refuses options that would be ignored', () => {
    const both: readonly Partial<Selection>[] = [
      { include: ['*'], weights: 'onnx' },
      { exclude: ['x'], weights: 'all' },
      { include: ['*'], all: true },
      { weights: 'onnx', all: true },
    ];
    expect(both.map((selection) => refusal(files, selection).message)).toEqual([
      '--include and --exclude and --weights do not go together',
      '--include and --exclude and --weights do not go together',
      '--include and --exclude and --all do not go together',
      '--weights and --all do not go together',
    ]);
    expect(refusal(files, { weights: 'onnx', all: true }).code).toBe('usage');
  });
});
