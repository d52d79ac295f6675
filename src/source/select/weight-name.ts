/** What the name of a file with weights says, apart from the format. */
export interface WeightName {
  /** What it is called in every format: `pytorch_model-00001-of-00002.bin` and `tf_model.h5` are both `model`. */
  readonly stem: string;
  /** `fp16`, `q4f16`, `non_ema`; empty for the plain file, the one a loader takes unless told otherwise. */
  readonly variant: string;
  /** One of several files, or the index of them. */
  readonly inShards: boolean;
  /** How many files there are of it by its name: 3 for `model-00001-of-00003.safetensors`. */
  readonly shards: number | undefined;
  /** The list of the shards, which holds no weights itself. */
  readonly isIndex: boolean;
}

const precision = [
  '(?:fp|f|float|bf|bfloat)(?:8|16|32)(?:_e[45]m[23](?:fn)?)?',
  'q?u?int[48](?:f16)?',
  'q[2-8](?:f16|_[01k](?:_[sml])?)?',
  '[48]-?bits?',
  'bnb4|nf4|qdq|quant|quantized|o[1-4]|optimized',
].join('|');
const precisions = `(?:${precision})(?:[._-](?:${precision}|arm64|avx2|avx512|vnni))*`;
const suffixed = new RegExp(`^(.+?)[._-](${precisions})$`);
const precise = new RegExp(`^${precisions}$`);

/** Reads a file's name in lower case. */
export function weightName(name: string): WeightName {
  const index = indexName.exec(name);
  const bare = withoutEnding(indexedName(name));
  const total = numbered.exec(bare)?.[1];
  const whole = bare.replace(numbered, '').replace(/^consolidated\.\d+$/, 'consolidated');
  const { stem, variant } = splitVariant(whole);
  return {
    stem,
    variant: index?.[2] ?? variant,
    inShards: index !== null || whole !== bare,
    shards: total === undefined ? undefined : Number(total),
    isIndex: index !== null,
  };
}

const numbered = /[._-]\d+-of-(\d+)/;

const indexName = /^(.+)\.index(?:\.(\w+))?\.json$/;

/** What an index lists the shards of: `model.safetensors` for `model.safetensors.index.json`; other names as they are. */
export function indexedName(name: string): string {
  return indexName.exec(name)?.[1] ?? name;
}

function withoutEnding(name: string): string {
  const bare = name.replace(/\.onnx[._]data(?:_\d+)?$|\.ckpt[^.]*\.(?:index|meta|data-[^.]*)$/, '');
  return bare === name ? name.replace(/\.\w+$/, '') : bare;
}

function splitVariant(name: string): Pick<WeightName, 'stem' | 'variant'> {
  // Libraries write `model.<variant>.safetensors`, and there the variant can be any word.
  const [, before = '', word = ''] = /^([a-z_]+)\.([a-z]\w*)$/.exec(name) ?? [];
  if (isConventional(commonStem(before))) return { stem: commonStem(before), variant: word };
  const [, stem = name, variant = ''] = suffixed.exec(name) ?? [];
  return { stem: commonStem(stem), variant };
}

function commonStem(name: string): string {
  return name.replace(/(^|_)(?:flax|openvino|pytorch|rust|tf)_(?=(?:decoder_|encoder_)?model)/, '$1');
}

const conventional = new Set([
  'bert_model',
  'decoder_model',
  'decoder_model_merged',
  'decoder_with_past_model',
  'diffusion_model',
  'encoder_model',
  'model',
  'saved_model',
  'text_model',
  'vision_model',
]);

/** Whether libraries give this name to the weights of a folder, so that two formats of it are two copies. */
export function isConventional(stem: string): boolean {
  return conventional.has(stem);
}

export function isPrecision(variant: string): boolean {
  return precise.test(variant);
}
