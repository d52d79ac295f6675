import { describe, expect, it } from 'vitest';
import { choose, kept, real, refusal, repository } from '../helpers/listing.ts';

describe('select() of a repository with many quantisations', () => {
  const gguf = repository(`
      1k README.md
    9.0G a-7b-Q8_0.gguf
    4.1G a-7b-Q4_K_M.gguf
    3.0G a-7b-Q4_K_S.gguf
    7.0G F16/a-7b-F16-00001-of-00002.gguf
    8.0G F16/a-7b-F16-00002-of-00002.gguf
    0.6G mmproj-a-7b.gguf
  `);

  it('asks which one, with sizes and a pattern to paste', () => {
    expect(refusal(gguf)).toMatchObject({
      code: 'usage',
      message: '4 quantisations in GGUF, and one is loaded at a time',
      hint:
        "choose one: --include '*Q4_K_M*' --include '*mmproj*'; " +
        'there are Q4_K_S (2.8 GB), Q4_K_M (3.8 GB), Q8_0 (8.4 GB), F16 (14 GB)',
    });
  });

  it('takes the one that was chosen', () => {
    expect(kept(gguf, { include: ['*Q4_K_M*', '*mmproj*'] })).toEqual([
      'a-7b-Q4_K_M.gguf',
      'mmproj-a-7b.gguf',
    ]);
  });

  it('suggests one of several projectors', () => {
    const files = [...gguf, { path: 'mmproj-a-7b-F16.gguf', size: 9e8 }];
    expect(refusal(files).hint).toContain("--include '*Q4_K_M*' --include mmproj-a-7b-F16.gguf;");
  });

  it.each([
    ['without Q4_K_M the smallest', '3 a-Q4_0.gguf\n2 a-Q3_K_S.gguf', "'*Q3_K_S*'"],
    ['a pattern that takes no other', '3 a-Q4_0.gguf\n4 a-Q4_0_4_4.gguf', "'*Q4_0.gguf'"],
    ['small letters as they are', '3 a-q4_k_m.gguf\n2 a-q3_k_s.gguf', "'*q4_k_m*'"],
    [
      'every shard',
      '3 a-q4_0-00001-of-00002.gguf\n3 a-q4_0-00002-of-00002.gguf\n9 a-q4_0_4_4.gguf',
      'a-q4_0-*',
    ],
    ['the kind at the end of the name', '3 Q4-a-Q5_0.gguf\n4 Q4-a-Q6_K.gguf', "'*Q5_0*'"],
  ])('suggests %s', (_what, text, pattern) => {
    const files = repository(text);
    const { hint } = refusal(files);
    expect(hint).toContain(`--include ${pattern};`.replace('a-q4_0-*', "'a-q4_0-*'"));
    const chosen = kept(files, { include: [pattern.replaceAll("'", '')] });
    expect(new Set(chosen.map((path) => path.replace(/-\d+-of.*/, ''))).size).toBe(1);
  });

  it('treats the models of whisper.cpp alike', () => {
    const files = repository('148M ggml-base.bin\n148M ggml-base.en.bin\n78M ggml-tiny[1].bin');
    expect(refusal(files).hint).toBe(
      "choose one: --include 'ggml-tiny[[]1].bin'; there are ggml-tiny[1].bin (74.4 MB), " +
        'ggml-base.bin (141.1 MB), ggml-base.en.bin (141.1 MB)',
    );
    expect(kept(files, { include: ['ggml-tiny[[]1].bin'] })).toEqual(['ggml-tiny[1].bin']);
  });

  it('does not ask when other weights are better', () => {
    const files = [...gguf, { path: 'model.safetensors', size: 15e9 }];
    expect(kept(files)).toEqual(['README.md', 'model.safetensors']);
    expect(refusal(files, { weights: 'gguf' }).code).toBe('usage');
  });

  it('does not ask about one, its projector and its shards', () => {
    const one = repository(
      '1k README.md\n4G a-Q4_K_M-00001-of-00002.gguf\n3G a-Q4_K_M-00002-of-00002.gguf\n1G mmproj-F16.gguf',
    );
    expect(choose(one)).toEqual({ kept: one, leftOut: [] });
  });

  it('shows all of many, but not of hundreds', () => {
    const many = Array.from({ length: 300 }, (_, index) => ({ path: `m-Q${index}_X.gguf`, size: index }));
    expect(refusal(many.slice(0, 30)).hint).toMatch(/; there are Q0_X \(0 B\), .*Q29_X \(29 B\)$/);
    expect(refusal(many).hint).toMatch(/, Q39_X \(39 B\), 260 more$/);
  });

  it('leaves the matrix of a quantisation out, and what was quantised with it in', () => {
    const files = repository('9M Qwen3-8B-imatrix.gguf\n4M imatrix.dat\n5G Qwen3-8B-q4_k-imatrix.gguf');
    expect(kept(files)).toEqual(['Qwen3-8B-q4_k-imatrix.gguf']);
  });
});

describe('select() of a repository with missing shards', () => {
  it('refuses, and names the first that is missing', () => {
    const files = real('mistralai/Mistral-7B-Instruct-v0.3').filter(
      ({ path }) => path !== 'model-00002-of-00003.safetensors',
    );
    expect(refusal(files)).toMatchObject({
      code: 'not-found',
      message: 'model-00002-of-00003.safetensors is missing: there are 2 of 3 shards',
      hint: 'name a revision that has them all, or choose other files with --include',
    });
    expect(kept(files, { include: ['model-00001*'] })).toEqual(['model-00001-of-00003.safetensors']);
  });

  it('names its folder too, and is not led astray by a number out of range', () => {
    const some = repository('1 unet/model-7-of-900719925474099300.safetensors');
    expect(refusal(some).message).toMatch(/^unet\/model-1-of-\d+\.safetensors is missing: there are 1 of/);
    const shouted = repository('1 A-1-OF-9/MODEL-00001-OF-00003.SAFETENSORS');
    expect(refusal(shouted).message).toMatch(/^A-1-OF-9\/MODEL-00002-OF-00003\.SAFETENSORS is missing/);
  });

  it('takes the other format, if that is complete', () => {
    const files = real('mistralai/Mistral-7B-v0.1').filter(
      ({ path }) => path !== 'model-00001-of-00002.safetensors',
    );
    const { kept: taken, leftOut } = choose(files);
    expect(taken.map(({ path }) => path)).toContain('pytorch_model-00002-of-00002.bin');
    expect(leftOut.map((row) => [row.reason, row.files.map(({ path }) => path)])).toEqual([
      [
        'an incomplete copy of the same weights',
        ['model-00002-of-00002.safetensors', 'model.safetensors.index.json'],
      ],
    ]);
    expect(refusal(files, { weights: 'safetensors' }).message).toMatch(/^model-00001-of-00002/);
  });

  it('does not take a format of another loader for them', () => {
    const files = repository('9 model-00001-of-00002.safetensors\n9 tf_model.h5');
    expect(refusal(files).message).toMatch(/^model-00002-of-00002/);
    expect(kept(files, { weights: 'tensorflow' })).toEqual(['tf_model.h5']);
  });

  it('does not mind those of copies that are left out anyway', () => {
    const files = repository(
      '9 model.safetensors\n9 original/model-1-of-2.safetensors\n9 pytorch_model-1-of-2.bin',
    );
    expect(kept(files)).toEqual(['model.safetensors']);
  });

  it('does not offer a quantisation without all of its parts', () => {
    const files = repository('9 a-Q2_K-00002-of-00002.gguf\n9 a-Q4_0.gguf\n9 mmproj-F16.gguf');
    expect(choose(files).leftOut.map((row) => row.reason)).toEqual([
      'an incomplete copy of the same weights',
    ]);
    expect(refusal(files.filter(({ path }) => path !== 'a-Q4_0.gguf')).message).toBe(
      'a-Q2_K-00001-of-00002.gguf is missing: there are 1 of 2 shards',
    );
  });

  it('takes the complete one of two ways to split', () => {
    const files = repository(
      '5 model-1-of-3.safetensors\n9 model-1-of-2.safetensors\n9 model-2-of-2.safetensors\n1 model.safetensors.index.json',
    );
    expect(kept(files)).toEqual([
      'model-1-of-2.safetensors',
      'model-2-of-2.safetensors',
      'model.safetensors.index.json',
    ]);
  });
});

describe('select() of an index', () => {
  it('takes one file rather than the same in shards', () => {
    const files = repository(
      '9M model.safetensors\n5M model-1-of-2.safetensors\n4M model-2-of-2.safetensors\n1k model.safetensors.index.json',
    );
    expect(kept(files)).toEqual(['model.safetensors']);
  });

  it('leaves out one that was forgotten, because a loader would believe it', () => {
    const files = repository('1k model.safetensors.index.json\n9M pytorch_model.bin');
    expect(choose(files).leftOut.map((row) => row.reason)).toEqual([
      'an index of weights that are not there',
    ]);
    expect(kept(files)).toEqual(['pytorch_model.bin']);
  });

  it('keeps one of shards with other names', () => {
    const files = repository(
      '1k model.safetensors.index.json\n9M model-00001.safetensors\n9M layers.1.safetensors',
    );
    expect(kept(files)).toHaveLength(3);
  });
});

describe('select()', () => {
  it('takes truly everything with --all', () => {
    const files = real('MGE-LLMs/SteelBERT');
    expect(choose(files, { all: true })).toEqual({ kept: files, leftOut: [] });
  });

  it('finds nothing in an empty repository', () => {
    for (const selection of [{}, { all: true }, { include: ['*'] }]) {
      expect(refusal([], selection)).toMatchObject({
        code: 'not-found',
        message: 'the repository has no files',
      });
    }
  });

  it('finds no model among pictures, and shows how to take them', () => {
    expect(refusal(repository('1 a.png\n1 .gitattributes'))).toMatchObject({
      code: 'not-found',
      message: 'no file of the repository looks like part of a model',
      hint: 'take them with --all; the repository has a.png, .gitattributes',
    });
  });

  it('sends no terminal escapes from names of files into messages', () => {
    const files = ['\u001b[31mQ4.gguf', '\u202eQ8.gguf'].map((path) => ({ path, size: 1 }));
    const shards = [{ path: '\u001b[31m/model-1-of-2.safetensors', size: 1 }];
    for (const { message, hint } of [
      refusal(files),
      refusal(files, { include: ['\u0007'] }),
      refusal(shards),
    ]) {
      expect(`${message}${hint}`).not.toMatch(/\p{C}/u);
    }
  });
});
