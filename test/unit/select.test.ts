import { describe, expect, it } from 'vitest';
import { choose, kept, real, refusal, repository } from '../helpers/listing.ts';

// What is taken of well-known repositories is in `select-goldens.test.ts`; here are shapes of which no listing was found.

const adapter = `
   1.5k .gitattributes  repository housekeeping
   5.1k README.md
    800 adapter_config.json
    34M adapter_model.bin  the same weights for PyTorch
    34M adapter_model.safetensors
    34M checkpoint-500/adapter_model.safetensors  training leftovers
    68M checkpoint-500/optimizer.pt  training leftovers
    14k checkpoint-500/rng_state.pth  training leftovers
    21M optimizer.pt  training leftovers
     9k runs/Jan01/events.out.tfevents.1700000000.host.1.0  training leftovers
   500k tokenizer.model
   1.1k tokenizer_config.json
    30k trainer_state.json  training leftovers
   5.6k training_args.bin  training leftovers
`;

const onnxData = `
    650 config.json
    90M onnx/model.onnx
   100M onnx/model.onnx_data
    55M onnx/model_bnb4.onnx  the same weights in another precision
    45M onnx/model_fp16.onnx  the same weights in another precision
    50M onnx/model_fp16.onnx_data  the same weights in another precision
   712k tokenizer.json
`;

const customCode = `
   3.0k LICENSE
    17k __pycache__/modeling_phi.cpython-311.pyc  repository housekeeping
    864 config.json
   5.0G model.safetensors
    63k modeling_phi.py
    80k assets/demo.ipynb  notebooks and examples
   900k assets/figure.PNG  images and media
   4.2M mel_filters.npz
   900k paper.pdf  images and media
    12k LICENSE.pdf
`;

const modules = `
    229 1_Pooling/config.json
    114 2_Dense/config.json
   2.4M 2_Dense/model.safetensors
   2.4M 2_Dense/pytorch_model.bin  the same weights for PyTorch
    114 3_Dense/config.json
   2.4M 3_Dense/pytorch_model.bin
     10 config.json
   438M model.safetensors
    350 modules.json
   438M pytorch_model.bin  the same weights for PyTorch
`;

const precisions = `
    600 config.json
   1.2G model.8bit.safetensors  the same weights in another precision
   2.4G model.fp16.safetensors  the same weights in another precision
   4.8G model.safetensors
   1.2G pytorch_model-8bit.bin  the same weights for PyTorch
   4.8G pytorch_model.bin  the same weights for PyTorch
`;

const tokenizers = `
    600 config.json
   4.8G model.safetensors
     1k added_tokens.json
   1.7M merges.txt
   2.6M qwen.tiktoken
   5.0M sentencepiece.bpe.model
   792k spiece.model
    15M tekken.json
   800k tokenizer.bin
   500k tokenizer.model
   587k tokenizer.model.v3
     2k vocab.bpe
   1.0M vocab.json
   230k vocab.txt
`;

const parts = `
    28M campplus.onnx
   419M flow.pt
   1.1G llm.pt
   496M speech_tokenizer_v2.onnx
   988M CosyVoice-BlankEN/model.safetensors
   1.2M asset/dingding.png  images and media
`;

const pipelineWithAdditions = `
    543 model_index.json
     8k learned_embeds.safetensors
    25M pytorch_lora_weights.safetensors
    25M lora/style.safetensors
   3.4G whole.safetensors  the same weights as one file
    743 unet/config.json
   1.7G unet/diffusion_pytorch_model.fp16.safetensors
    547 vae/config.json
   335M vae/diffusion_pytorch_model.safetensors
   167M vae/diffusion_pytorch_model.fp16.safetensors  the same weights in another precision
   1.4G comfy/clip_g.safetensors  weights that are no part of the pipeline
`;

describe('select() takes what a loader reads, once:', () => {
  const repositories: readonly (readonly [name: string, files: string])[] = [
    ['a PEFT adapter fresh from training', adapter],
    ['an ONNX export with external data', onnxData],
    ['a model with custom code', customCode],
    ['sentence-transformers modules, one with a .bin only', modules],
    ['one precision of several', precisions],
    ['every kind of tokenizer', tokenizers],
    ['a model of many parts in several formats', parts],
    ['a pipeline with additions, and a part in half precision only', pipelineWithAdditions],
  ];
  it.each(repositories)('%s', (_name, text) => {
    const files = repository(text);
    const { kept: taken, leftOut } = choose(files);
    const reasons = new Map(leftOut.flatMap((row) => row.files.map((file) => [file.path, row.reason])));
    const expected = files.map(({ path, reason }) => [path, reason]);
    expect(files.map(({ path }) => [path, reasons.get(path)])).toEqual(expected);
    expect(taken).toEqual(files.filter(({ reason }) => reason === undefined));
  });

  it('a repository with pytorch_model.bin alone', () => {
    const files = repository('1k config.json\n440M pytorch_model.bin\n200k vocab.txt');
    expect(choose(files)).toEqual({ kept: files, leftOut: [] });
  });

  it('a format nobody can ask for when there is no other', () => {
    const files = repository('1k config.json\n9M openvino_model.bin\n1k openvino_model.xml\n9M model.tflite');
    expect(choose(files)).toEqual({ kept: files, leftOut: [] });
  });

  it('TensorFlow or Flax when there is no other', () => {
    const saved = repository(
      '1k saved_model.pb\n9M variables/variables.data-00000-of-00001\n1k variables/variables.index',
    );
    expect(choose(saved)).toEqual({ kept: saved, leftOut: [] });
    expect(kept(repository('1k config.json\n9M flax_model.msgpack'))).toHaveLength(2);
  });

  it('a variant when the plain file is missing, the precise one first', () => {
    const files = repository(
      '1 unet/model.fp16.safetensors\n1 onnx/model_q4.onnx\n1 vae/model.fp16.safetensors\n1 vae/model.bin',
    );
    expect(kept(files)).toEqual(['unet/model.fp16.safetensors', 'vae/model.bin']);
    expect(
      kept(repository('9 onnx/model_q4.onnx\n9 onnx/model_quantized.onnx\n9 onnx/model_fp16.onnx')),
    ).toEqual(['onnx/model_fp16.onnx']);
  });

  it('the merged decoder of an ONNX export instead of its two halves', () => {
    const names = ['encoder_model', 'decoder_model', 'decoder_with_past_model', 'decoder_model_merged'];
    const files = names.flatMap((name) =>
      ['', '_quantized'].map((end) => ({ path: `onnx/${name}${end}.onnx`, size: 9 })),
    );
    expect(kept(files)).toEqual(['onnx/encoder_model.onnx', 'onnx/decoder_model_merged.onnx']);
  });

  it('an adapter and a merged GGUF, which are not copies of each other', () => {
    const files = repository('34M adapter_model.safetensors\n4G model-Q4_K_M.gguf');
    expect(kept(files)).toEqual(files.map((file) => file.path));
  });

  it('all checkpoints of a training that has no model yet, without the state of the optimizer', () => {
    const files = repository(
      '9M checkpoint-1/model.safetensors\n9M checkpoint-1/optimizer.pt\n9M checkpoint-2/model.safetensors',
    );
    expect(kept(files)).toEqual(['checkpoint-1/model.safetensors', 'checkpoint-2/model.safetensors']);
  });

  it('archives only when there is nothing else', () => {
    expect(kept(repository('1k README.md\n9M model.zip'))).toEqual(['README.md', 'model.zip']);
    expect(kept(repository('9M model.bin\n9M model.tar.gz'))).toEqual(['model.bin']);
  });

  it('originals beside weights that have a name of their own', () => {
    const files = repository(
      '600M open_clip_model.safetensors\n600M open_clip_pytorch_model.bin\n500M mobileclip.pt',
    );
    expect(kept(files)).toEqual(['open_clip_model.safetensors', 'mobileclip.pt']);
    expect(kept([...files, { path: 'model.safetensors', size: 6e8 }])).toEqual([
      'mobileclip.pt',
      'model.safetensors',
    ]);
  });

  it('the original where there is no other copy', () => {
    const files = repository('14G consolidated.safetensors\n1k params.json\n15M tekken.json');
    expect(choose(files)).toEqual({ kept: files, leftOut: [] });
  });

  it('files nobody has heard of', () => {
    expect(kept(repository('9 model.safetensors\n9 5gram.arpa\n9 x.strange\n9 dict.pkl'))).toHaveLength(4);
  });
});

describe('select() with --weights', () => {
  it('keeps that format of every part that has it', () => {
    const paths = kept(repository(modules), { weights: 'pytorch' });
    expect(paths.filter((path) => /\.(?:bin|safetensors)$/.test(path))).toEqual([
      '2_Dense/pytorch_model.bin',
      '3_Dense/pytorch_model.bin',
      'pytorch_model.bin',
    ]);
    expect(kept(repository(modules), { weights: 'safetensors' })).toContain('3_Dense/pytorch_model.bin');
  });

  it('keeps an export with its folder and drops what it was made from', () => {
    const paths = kept(real('sentence-transformers/all-mpnet-base-v2'), { weights: 'onnx' });
    expect(paths.filter((path) => /\.(?:onnx|bin|safetensors|xml)$/.test(path))).toEqual(['onnx/model.onnx']);
    expect(kept(real('BAAI/bge-m3'), { weights: 'onnx' })).toContain('onnx/Constant_7_attr__value');
  });

  it('keeps every copy with `all`, but neither folders of exports nor leftovers', () => {
    const left = choose(real('sentence-transformers/all-mpnet-base-v2'), { weights: 'all' }).leftOut;
    expect(left.map((row) => row.reason)).toEqual([
      'the same weights in ONNX',
      'the same weights in OpenVINO',
      'repository housekeeping',
    ]);
    const pipeline = real('stable-diffusion-v1-5/stable-diffusion-v1-5');
    expect(kept(pipeline, { weights: 'all' })).toHaveLength(pipeline.length - 1);
    const exported = real('onnx-community/swin-finetuned-food101-ONNX');
    expect(kept(exported, { weights: 'all' })).toHaveLength(exported.length);
  });

  it('names the formats there are when the wanted one is missing', () => {
    expect(refusal(real('openai/whisper-base'), { weights: 'onnx' })).toMatchObject({
      code: 'not-found',
      message: 'no weights in onnx; the model has safetensors, pytorch, tensorflow, flax',
      hint: 'choose with --weights safetensors or pytorch or tensorflow or flax',
    });
    expect(refusal(repository('1 README.md'), { weights: 'onnx' })).toMatchObject({
      code: 'not-found',
      message: 'no weights in onnx; the model has no weights at all',
      hint: 'leave --weights away',
    });
  });
});
