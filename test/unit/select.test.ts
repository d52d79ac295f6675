import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelpackError } from '../../src/errors.ts';
import { select } from '../../src/source/select.ts';
import { type Selection, type Weights, weightFormats } from '../../src/source/source.ts';

interface File {
  readonly path: string;
  readonly size: number;
}

const units = { k: 1e3, M: 1e6, G: 1e9 };

/** One file a line: its size, its path, then two spaces and why it is left out. Sizes are near those on the Hub. */
function repository(text: string) {
  const rows = text.split('\n').filter((line) => line.trim() !== '');
  return rows.map((line) => {
    const [, number = '', unit = '', path = '', reason] =
      /^ *([\d.]+)([kMG]?) (.+?)(?: {2,}(.+))?$/.exec(line) ?? [];
    const size = Math.round(Number(number) * (units[unit as keyof typeof units] ?? 1));
    return { path, size, reason };
  });
}

const nothing: Selection = { include: [], exclude: [], weights: undefined, all: false };

function choose(files: readonly File[], selection: Partial<Selection> = {}) {
  return select(files, { ...nothing, ...selection });
}

function kept(files: readonly File[], selection: Partial<Selection> = {}): string[] {
  return choose(files, selection).kept.map((file) => file.path);
}

function refusal(files: readonly File[], selection: Partial<Selection> = {}): ModelpackError {
  try {
    choose(files, selection);
  } catch (error) {
    if (error instanceof ModelpackError) return error;
    throw error;
  }
  throw new Error('not refused');
}

const bert = `
    491 .gitattributes  repository housekeeping
   9.4k README.md
    570 config.json
   433M flax_model.msgpack  the same weights for Flax
   436M model.safetensors
   436M pytorch_model.bin  the same weights for PyTorch
   527M tf_model.h5  the same weights for TensorFlow
   436k tokenizer.json
     49 tokenizer_config.json
   213k vocab.txt
`;

const llama = `
   1.5k .gitattributes  repository housekeeping
   7.6k LICENSE
    44k README.md
   4.7k USE_POLICY.md
    855 config.json
    184 generation_config.json
   5.0G model-00001-of-00004.safetensors
   5.0G model-00002-of-00004.safetensors
   4.9G model-00003-of-00004.safetensors
   1.2G model-00004-of-00004.safetensors
    24k model.safetensors.index.json
    16G original/consolidated.00.pth  the same weights in the original format
    199 original/params.json  the same weights in the original format
   2.2M original/tokenizer.model  the same weights in the original format
    296 special_tokens_map.json
   9.1M tokenizer.json
    55k tokenizer_config.json
`;

const miniLm = `
   1.2k .gitattributes  repository housekeeping
    190 1_Pooling/config.json
    10k README.md
    612 config.json
    116 config_sentence_transformers.json
    39k data_config.json
    91M model.safetensors
    349 modules.json
    90M onnx/model.onnx  the same weights in ONNX
    90M onnx/model_O1.onnx  the same weights in ONNX
    90M onnx/model_O2.onnx  the same weights in ONNX
    90M onnx/model_O3.onnx  the same weights in ONNX
    45M onnx/model_O4.onnx  the same weights in ONNX
    23M onnx/model_qint8_arm64.onnx  the same weights in ONNX
    23M onnx/model_qint8_avx512.onnx  the same weights in ONNX
    23M onnx/model_qint8_avx512_vnni.onnx  the same weights in ONNX
    23M onnx/model_quint8_avx2.onnx  the same weights in ONNX
    90M openvino/openvino_model.bin  the same weights in OpenVINO
   211k openvino/openvino_model.xml  the same weights in OpenVINO
    23M openvino/openvino_model_qint8_quantized.bin  the same weights in OpenVINO
   368k openvino/openvino_model_qint8_quantized.xml  the same weights in OpenVINO
    91M pytorch_model.bin  the same weights for PyTorch
    91M rust_model.ot  the same weights for Rust
     53 sentence_bert_config.json
    112 special_tokens_map.json
    91M tf_model.h5  the same weights for TensorFlow
   466k tokenizer.json
    350 tokenizer_config.json
    13k train_script.py
   232k vocab.txt
`;

const stableDiffusion = `
   1.5k .gitattributes  repository housekeeping
    14k README.md
    342 feature_extractor/preprocessor_config.json
    541 model_index.json
   4.7k safety_checker/config.json
   608M safety_checker/model.fp16.safetensors  the same weights in another precision
   1.2G safety_checker/model.safetensors
   1.2G safety_checker/pytorch_model.bin  the same weights for PyTorch
   608M safety_checker/pytorch_model.fp16.bin  the same weights for PyTorch
    308 scheduler/scheduler_config.json
    617 text_encoder/config.json
   246M text_encoder/model.fp16.safetensors  the same weights in another precision
   492M text_encoder/model.safetensors
   492M text_encoder/pytorch_model.bin  the same weights for PyTorch
   525k tokenizer/merges.txt
    472 tokenizer/special_tokens_map.json
    806 tokenizer/tokenizer_config.json
   1.1M tokenizer/vocab.json
    743 unet/config.json
   3.4G unet/diffusion_pytorch_model.bin  the same weights for PyTorch
   1.7G unet/diffusion_pytorch_model.fp16.bin  the same weights for PyTorch
   1.7G unet/diffusion_pytorch_model.fp16.safetensors  the same weights in another precision
   3.4G unet/diffusion_pytorch_model.non_ema.bin  the same weights for PyTorch
   3.4G unet/diffusion_pytorch_model.non_ema.safetensors  the same weights in another variant
   3.4G unet/diffusion_pytorch_model.safetensors
   4.3G v1-5-pruned-emaonly.ckpt  the same weights as one file
   4.3G v1-5-pruned-emaonly.safetensors  the same weights as one file
   7.7G v1-5-pruned.ckpt  the same weights as one file
   7.7G v1-5-pruned.safetensors  the same weights as one file
   1.9k v1-inference.yaml
    547 vae/config.json
   335M vae/diffusion_pytorch_model.bin  the same weights for PyTorch
   335M vae/diffusion_pytorch_model.safetensors
`;

const sdxl = `
    725 model_index.json
    74M sd_xl_base_1.0_lora_example.safetensors
   6.9G sd_xl_base_1.0.safetensors  the same weights as one file
   246M text_encoder/model.fp16.safetensors  the same weights in another precision
   492M text_encoder/model.onnx  the same weights in ONNX
   492M text_encoder/model.safetensors
   492M text_encoder/flax_model.msgpack  the same weights for Flax
   492M text_encoder/openvino_model.bin  the same weights in OpenVINO
   1.0M text_encoder/openvino_model.xml  the same weights in OpenVINO
   1.7k unet/config.json
   5.1G unet/diffusion_flax_model.msgpack  the same weights for Flax
   5.1G unet/diffusion_pytorch_model.fp16.safetensors  the same weights in another precision
    10G unet/diffusion_pytorch_model.safetensors
   7.3M unet/model.onnx  the same weights in ONNX
    10G unet/model.onnx_data  the same weights in ONNX
   335M vae/diffusion_pytorch_model.safetensors
    607 vae_decoder/config.json
   198M vae_decoder/model.onnx  the same weights in ONNX
   198M vae_decoder/openvino_model.bin  the same weights in OpenVINO
   1.0M vae_decoder/openvino_model.xml  the same weights in OpenVINO
   137M vae_encoder/model.onnx  the same weights in ONNX
`;

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

const onnxOnly = `
    580 .gitattributes  repository housekeeping
    650 config.json
    90M onnx/model.onnx
   100M onnx/model.onnx_data
    55M onnx/model_bnb4.onnx  the same weights in another precision
    45M onnx/model_fp16.onnx  the same weights in another precision
    50M onnx/model_fp16.onnx_data  the same weights in another precision
    23M onnx/model_int8.onnx  the same weights in another precision
    55M onnx/model_q4.onnx  the same weights in another precision
    30M onnx/model_q4f16.onnx  the same weights in another precision
    23M onnx/model_quantized.onnx  the same weights in another precision
    23M onnx/model_uint8.onnx  the same weights in another precision
   712k tokenizer.json
   232k vocab.txt
`;

const whisperTiny = `
   1.5k .gitattributes  repository housekeeping
    20k README.md
    35k added_tokens.json
   2.0k config.json
   151M flax_model.msgpack  the same weights for Flax
   3.7k generation_config.json
   494k merges.txt
   151M model.safetensors
    53k normalizer.json
   185k preprocessor_config.json
   151M pytorch_model.bin  the same weights for PyTorch
   2.2k special_tokens_map.json
   151M tf_model.h5  the same weights for TensorFlow
   2.5M tokenizer.json
   283k tokenizer_config.json
   836k vocab.json
`;

const whisperLarge = `
   1.3k config.json
   6.2G flax_model.msgpack  the same weights for Flax
   5.0G model.fp32-00001-of-00002.safetensors  the same weights in another precision
   1.2G model.fp32-00002-of-00002.safetensors  the same weights in another precision
   3.1G model.safetensors
   118k model.safetensors.index.fp32.json  the same weights in another precision
   3.1G pytorch_model.bin  the same weights for PyTorch
   118k pytorch_model.bin.index.fp32.json  the same weights for PyTorch
   5.0G pytorch_model.fp32-00001-of-00002.bin  the same weights for PyTorch
   1.2G pytorch_model.fp32-00002-of-00002.bin  the same weights for PyTorch
`;

const customCode = `
   3.0k LICENSE
   1.1k NOTICE.md
    17k __pycache__/modeling_phi.cpython-311.pyc  repository housekeeping
    864 config.json
   9.3k configuration_phi.py
   5.0G model-00001-of-00002.safetensors
   564M model-00002-of-00002.safetensors
    36k model.safetensors.index.json
    63k modeling_phi.py
   2.1k chat_template.jinja
    80k assets/demo.ipynb  notebooks and examples
   900k assets/figure.PNG  images and media
   2.1M tokenizer.json
   4.2M mel_filters.npz
   900k paper.pdf  images and media
    12k LICENSE.pdf
`;

const clip = `
   1.0k .gitattributes  repository housekeeping
   8.0k README.md
   4.2k config.json
   605M flax_model.msgpack  the same weights for Flax
   525k merges.txt
    316 preprocessor_config.json
   605M pytorch_model.bin
    389 special_tokens_map.json
   606M tf_model.h5  the same weights for TensorFlow
   2.2M tokenizer.json
    592 tokenizer_config.json
   862k vocab.json
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

const mistral = `
    601 config.json
    14G consolidated.safetensors  the same weights in the original format
   4.9G model-00001-of-00003.safetensors
   5.0G model-00002-of-00003.safetensors
   4.5G model-00003-of-00003.safetensors
    23k model.safetensors.index.json
    202 params.json
   587k tokenizer.model
   587k tokenizer.model.v3
`;

const gpt2 = `
   125M 64-8bits.tflite  the same weights for TensorFlow Lite
   248M 64-fp16.tflite  the same weights for TensorFlow Lite
   496M 64.tflite  the same weights for TensorFlow Lite
    665 config.json
    498M flax_model.msgpack  the same weights for Flax
   548M model.safetensors
   653M onnx/decoder_model.onnx  the same weights in ONNX
   655M onnx/decoder_model_merged.onnx  the same weights in ONNX
    879 onnx/config.json  the same weights in ONNX
   2.1M onnx/tokenizer.json  the same weights in ONNX
   548M pytorch_model.bin  the same weights for PyTorch
   703M rust_model.ot  the same weights for Rust
   498M tf_model.h5  the same weights for TensorFlow
`;

const bertUncased = `
    11k LICENSE
    165 coreml/fill-mask/float32_model.mlpackage/Data/com.apple.CoreML/model.mlmodel  the same weights in Core ML
   532M coreml/fill-mask/float32_model.mlpackage/Data/com.apple.CoreML/weights/weight.bin  the same weights in Core ML
    617 coreml/fill-mask/float32_model.mlpackage/Manifest.json  the same weights in Core ML
   532M model.onnx  the same weights in ONNX
   440M model.safetensors
`;

const voices = `
    44k config.json
   310M onnx/model.onnx
   163M onnx/model_fp16.onnx  the same weights in another precision
   522k voices/af.bin
   522k voices/am.bin
`;

const colbert = `
   2.1k colbert_linear.pt
   2.3G pytorch_model.bin
   725k onnx/model.onnx  the same weights in ONNX
   2.3G onnx/model.onnx_data  the same weights in ONNX
    66k onnx/Constant_7_attr__value  the same weights in ONNX
   3.5k sparse_linear.pt
    17M tokenizer.json
    30k imgs/bm25.jpg  images and media
`;

const parts = `
    28M campplus.onnx
   419M flow.pt
    82M hift.pt
   1.1G llm.pt
   496M speech_tokenizer_v2.onnx
   988M CosyVoice-BlankEN/model.safetensors
   1.2M asset/dingding.png  images and media
`;

describe('select() takes what a loader reads, once:', () => {
  const repositories: readonly (readonly [name: string, files: string])[] = [
    ['bert-base-cased', bert],
    ['a sharded Llama with its original', llama],
    ['all-MiniLM-L6-v2', miniLm],
    ['stable-diffusion-v1-5', stableDiffusion],
    ['an XL pipeline with exports beside its parts', sdxl],
    ['a PEFT adapter fresh from training', adapter],
    ['an ONNX-only repository', onnxOnly],
    ['whisper-tiny', whisperTiny],
    ['whisper-large-v3', whisperLarge],
    ['a model with custom code', customCode],
    ['clip-vit-base-patch32', clip],
    ['sentence-transformers modules, one with a .bin only', modules],
    ['Mistral with a consolidated copy', mistral],
    ['gpt2 with everything', gpt2],
    ['bert-base-uncased with a Core ML package', bertUncased],
    ['an ONNX model with small voices in .bin', voices],
    ['a model with additional heads', colbert],
    ['a model of many parts in several formats', parts],
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

  it('the one GGUF of a repository, its projector and its shards', () => {
    const one = repository(
      '1k README.md\n4G a-Q4_K_M-00001-of-00002.gguf\n3G a-Q4_K_M-00002-of-00002.gguf\n1G mmproj-F16.gguf',
    );
    expect(choose(one)).toEqual({ kept: one, leftOut: [] });
  });

  it('a format nobody can ask for when there is no other', () => {
    const files = repository('1k config.json\n9M openvino_model.bin\n1k openvino_model.xml\n9M model.tflite');
    expect(choose(files)).toEqual({ kept: files, leftOut: [] });
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

  it('one file rather than the same in shards', () => {
    const files = repository(
      '9M model.safetensors\n5M model-1-of-2.safetensors\n4M model-2-of-2.safetensors\n1k model.safetensors.index.json',
    );
    expect(kept(files)).toEqual(['model.safetensors']);
  });

  it('weights rather than a forgotten index of others', () => {
    const files = repository('1k model.safetensors.index.json\n9M pytorch_model.bin');
    expect(kept(files)).toContain('pytorch_model.bin');
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

  it('files nobody has heard of', () => {
    expect(kept(repository('9 model.safetensors\n9 5gram.arpa\n9 x.strange\n9 dict.pkl'))).toHaveLength(4);
  });
});

describe('select() with --weights', () => {
  it('keeps that format of every part that has it', () => {
    expect(kept(repository(miniLm), { weights: 'pytorch' })).toContain('pytorch_model.bin');
    expect(kept(repository(miniLm), { weights: 'pytorch' })).not.toContain('model.safetensors');
    expect(kept(repository(modules), { weights: 'safetensors' })).toContain('3_Dense/pytorch_model.bin');
    expect(kept(repository(llama), { weights: 'pytorch' })).toEqual(
      repository(llama)
        .map((file) => file.path)
        .filter((path) => !/^model|^\.git/.test(path)),
    );
  });

  it('keeps an export with its folder and drops what it was made from', () => {
    const paths = kept(repository(miniLm), { weights: 'onnx' });
    expect(paths.filter((path) => /\.(?:onnx|bin|safetensors|h5|ot|xml)$/.test(path))).toEqual([
      'onnx/model.onnx',
    ]);
    const pipeline = kept(repository(sdxl), { weights: 'onnx' });
    expect(pipeline.filter((path) => path.includes('safetensors'))).toEqual([
      'sd_xl_base_1.0_lora_example.safetensors',
    ]);
    expect(pipeline.filter((path) => path.includes('.onnx'))).toEqual([
      'text_encoder/model.onnx',
      'unet/model.onnx',
      'unet/model.onnx_data',
      'vae_decoder/model.onnx',
      'vae_encoder/model.onnx',
    ]);
    expect(kept(repository(colbert), { weights: 'onnx' })).toContain('onnx/Constant_7_attr__value');
  });

  it('keeps every copy with `all`, but neither folders of exports nor leftovers', () => {
    const left = choose(repository(miniLm), { weights: 'all' }).leftOut;
    expect(left.map((row) => row.reason)).toEqual([
      'the same weights in ONNX',
      'the same weights in OpenVINO',
      'repository housekeeping',
    ]);
    expect(kept(repository(stableDiffusion), { weights: 'all' })).toHaveLength(
      repository(stableDiffusion).length - 1,
    );
    expect(kept(repository(onnxOnly), { weights: 'all' })).toHaveLength(repository(onnxOnly).length - 1);
  });

  it('names the formats there are when the wanted one is missing', () => {
    expect(refusal(repository(bert), { weights: 'onnx' })).toMatchObject({
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

describe('select() with patterns', () => {
  const files = repository(bert);

  it('takes exactly what they say, without any automatic choice', () => {
    const { kept: taken, leftOut } = choose(files, {
      include: ['*.json', '*.bin', '.git*'],
      exclude: ['tok*'],
    });
    expect(taken.map((file) => file.path)).toEqual(['.gitattributes', 'config.json', 'pytorch_model.bin']);
    expect(leftOut.map((row) => [row.reason, row.files.length])).toEqual([
      ['not matched by --include', 5],
      ['matched by --exclude', 2],
    ]);
  });

  it('takes everything else when there are only exclusions', () => {
    expect(kept(files, { exclude: ['*model*'] })).toEqual([
      '.gitattributes',
      'README.md',
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.txt',
    ]);
  });

  it('says so when they match nothing, and what there is', () => {
    expect(refusal(files, { include: ['*.JSON', "it's"], exclude: ['x'] })).toMatchObject({
      code: 'not-found',
      message: String.raw`no file is left by --include '*.JSON' --include 'it'\''s' --exclude x`,
      hint: 'the repository has .gitattributes, README.md, config.json, flax_model.msgpack, model.safetensors and 5 more',
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

describe('select()', () => {
  it('takes truly everything with --all', () => {
    const files = repository(adapter);
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
    for (const { message, hint } of [refusal(files), refusal(files, { include: ['\u0007'] })]) {
      expect(`${message}${hint}`).not.toMatch(/\p{C}/u);
    }
  });

  it('orders what is left out by size', () => {
    expect(choose(repository(bert)).leftOut.map((row) => row.reason)).toEqual([
      'the same weights for TensorFlow',
      'the same weights for PyTorch',
      'the same weights for Flax',
      'repository housekeeping',
    ]);
  });

  it('puts every file on one side, whatever their order, and leaves some weights where there are any', () => {
    fc.assert(
      fc.property(
        listings,
        fc.constantFrom(undefined, 'all' as const, ...weightFormats),
        (files, weights) => {
          const outcome = attempt(files, weights);
          const reversed = attempt(files.toReversed(), weights);
          expect(reversed?.kept.toReversed()).toEqual(outcome?.kept);
          const taken = new Set(outcome?.kept);
          const left = new Set(outcome?.leftOut.flatMap((row) => row.files.map((file) => file.path)));
          const wrong = files.filter(
            (file) => outcome !== undefined && taken.has(file) === left.has(file.path),
          );
          expect(wrong).toEqual([]);
          const noWeights = outcome !== undefined && !outcome.kept.some(isWeight) && files.some(isWeight);
          expect(noWeights).toBe(false);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

const names = `
  model.safetensors model.fp16.safetensors model-1-of-2.safetensors model.safetensors.index.json pytorch_model.bin
  tf_model.h5 model.onnx model_q4.onnx a-Q4_0.gguf x.pt consolidated.00.pth openvino_model.bin m.mlmodel
  config.json model_index.json x.zip weird a.png optimizer.pt
`;
const places = [
  '',
  'unet/',
  'onnx/',
  'onnx/unet/',
  'original/',
  'coreml/a.mlpackage/',
  'checkpoint-1/',
  '.cache/',
];

const paths = fc.tuple(fc.constantFrom(...places), fc.constantFrom(...names.trim().split(/\s+/)));
const listings = fc.uniqueArray(
  fc.record({ path: paths.map(([place, name]) => place + name), size: fc.nat(1000) }),
  { minLength: 1, selector: (file) => file.path },
);

function isWeight({ path }: File): boolean {
  return /\.(?:safetensors|bin|h5|onnx|gguf|pt|pth|mlmodel)$/.test(path) && !/optimizer|^\.cache/.test(path);
}

function attempt(files: readonly File[], weights: Weights | undefined) {
  try {
    return choose(files, { weights });
  } catch (error) {
    if (error instanceof ModelpackError) return undefined;
    throw error;
  }
}
