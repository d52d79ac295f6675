import type { CacheCall, CacheVariable } from './library.ts';

/** What decides where huggingface_hub keeps models, for all libraries that load through it. */
export const hubVariables: readonly CacheVariable[] = [
  { name: 'HF_HUB_CACHE', below: '', readAt: 'import' },
  { name: 'HUGGINGFACE_HUB_CACHE', below: '', readAt: 'import', note: 'legacy' },
  { name: 'HF_HOME', below: 'hub', readAt: 'import' },
  { name: 'XDG_CACHE_HOME', below: 'huggingface/hub', readAt: 'import' },
];

/** Before transformers 5 these came first, with a warning. */
export const versionFourVariables: readonly CacheVariable[] = [
  { name: 'TRANSFORMERS_CACHE', below: '', readAt: 'import', note: 'deprecated, but wins' },
  { name: 'PYTORCH_TRANSFORMERS_CACHE', below: '', readAt: 'import', note: 'deprecated' },
  { name: 'PYTORCH_PRETRAINED_BERT_CACHE', below: '', readAt: 'import', note: 'deprecated' },
  ...hubVariables,
];

export const transformersCalls: readonly CacheCall[] = [
  {
    call: 'transformers.*Config.from_pretrained',
    arguments: [{ name: 'cache_dir', position: 1 }],
    kind: 'load',
    model: { name: 'pretrained_model_name_or_path', position: 0 },
    offline: { local_files_only: true },
  },
  {
    call: 'transformers.*Processor.from_pretrained',
    arguments: [{ name: 'cache_dir', position: 1 }],
    kind: 'load',
    model: { name: 'pretrained_model_name_or_path', position: 0 },
    offline: { local_files_only: true },
  },
  {
    call: 'transformers.*ImageProcessor*.from_pretrained',
    arguments: [{ name: 'cache_dir', position: 1 }],
    kind: 'load',
    model: { name: 'pretrained_model_name_or_path', position: 0 },
    offline: { local_files_only: true },
  },
  {
    call: 'transformers.*FeatureExtractor.from_pretrained',
    arguments: [{ name: 'cache_dir', position: 1 }],
    kind: 'load',
    model: { name: 'pretrained_model_name_or_path', position: 0 },
    offline: { local_files_only: true },
  },
  {
    call: 'transformers.GenerationConfig.from_pretrained',
    arguments: [{ name: 'cache_dir', position: 2 }],
    kind: 'load',
    model: { name: 'pretrained_model_name_or_path', position: 0 },
    offline: { local_files_only: true },
  },
  {
    call: 'transformers.*.from_pretrained',
    arguments: [{ name: 'cache_dir' }],
    kind: 'load',
    model: { name: 'pretrained_model_name_or_path', position: 0 },
    offline: { local_files_only: true },
    note: 'models, tokenizers and all Auto classes: by name only, other positional arguments are for the model',
  },
  {
    call: 'transformers.pipeline',
    arguments: [{ name: 'cache_dir', inside: 'model_kwargs' }],
    kind: 'load',
    model: { name: 'model', position: 1 },
    futile: 'cache_dir',
    offline: { local_files_only: true },
    note: 'has no cache_dir of its own: cache_dir= goes to the pipeline and does not reach the download; model_kwargs does, for the tokenizer too',
  },
  {
    call: 'transformers.utils.cached_file',
    arguments: [{ name: 'cache_dir' }],
    kind: 'load',
    model: { name: 'path_or_repo_id', position: 0 },
    offline: { local_files_only: true },
  },
];
