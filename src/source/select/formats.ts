import { matcher } from '../glob.ts';
import { type WeightFormat, weightFormats } from '../source.ts';

/** Formats nobody can ask for: they are only ever left out, or kept because there is nothing else. */
export type Format =
  | WeightFormat
  | 'coreml'
  | 'executorch'
  | 'metal'
  | 'mlx'
  | 'nemo'
  | 'openvino'
  | 'paddle'
  | 'rust'
  | 'tensorrt'
  | 'tflite';

interface Facts {
  /** Why files of this format are left out when another copy is kept. */
  readonly reason: string;
  /** Globs for the file's name, in lower case and separated by spaces. */
  readonly names?: string;
  /** Globs for the name of a folder in which everything belongs to a copy in this format. */
  readonly folders?: string;
  /** Such a file is always made from weights beside it, whatever it is called; others may be a part of their own. */
  readonly derived: boolean;
}

/** Best first: the order in which the copy to keep is chosen. */
export const formats: Readonly<Record<Format, Facts>> = {
  safetensors: { reason: 'the same weights in safetensors', names: '*.safetensors', derived: false },
  pytorch: { reason: 'the same weights for PyTorch', names: '*.bin *.ckpt *.pt *.pth', derived: false },
  onnx: {
    reason: 'the same weights in ONNX',
    names: '*.onnx *.onnx.data *.onnx_data *.onnx_data_[0-9]* *.ort',
    folders: 'onnx',
    derived: false,
  },
  gguf: {
    reason: 'the same weights in GGUF',
    names: '*.gguf *.ggml *ggml*.bin *.llamafile',
    folders: 'ggml gguf',
    derived: true,
  },
  tensorflow: {
    reason: 'the same weights for TensorFlow',
    names: '*.h5 *.keras *.pb variables.data-* variables.index *.ckpt*.data-* *.ckpt*.index *.ckpt*.meta',
    folders: 'saved_model tensorflow tf variables',
    derived: false,
  },
  flax: { reason: 'the same weights for Flax', names: '*.msgpack', folders: 'flax jax', derived: false },
  openvino: {
    reason: 'the same weights in OpenVINO',
    names: 'openvino*.bin openvino*.xml',
    folders: 'openvino',
    derived: true,
  },
  coreml: {
    reason: 'the same weights in Core ML',
    names: '*.mlmodel *.mlmodelc.zip *.mlpackage.zip',
    folders: '*.mlmodelc *.mlpackage coreml',
    derived: true,
  },
  tflite: {
    reason: 'the same weights for TensorFlow Lite',
    names: '*.litertlm *.task *.tflite',
    folders: 'litert tflite',
    derived: true,
  },
  rust: { reason: 'the same weights for Rust', names: '*.ot', derived: true },
  mlx: { reason: 'the same weights for MLX', folders: 'mlx', derived: true },
  metal: { reason: 'the same weights for Metal', folders: 'metal', derived: true },
  nemo: { reason: 'the same weights for NeMo', names: '*.nemo', derived: true },
  paddle: {
    reason: 'the same weights for PaddlePaddle',
    names: '*.pdiparams *.pdmodel *.pdparams',
    folders: 'paddle',
    derived: true,
  },
  tensorrt: {
    reason: 'the same weights for TensorRT',
    names: '*.engine *.plan *.trt',
    folders: 'tensorrt trt',
    derived: true,
  },
  executorch: {
    reason: 'the same weights for ExecuTorch',
    names: '*.pte',
    folders: 'executorch',
    derived: true,
  },
};

/** Files as the authors first published them, beside those converted for the Hub's libraries. */
export const original = {
  reason: 'the same weights in the original format',
  isNamed: matcher(['compression_state_dict.bin', 'consolidated*', 'open_clip_*', 'state_dict.bin']),
  isFolder: matcher(['original']),
};

const ranked = Object.keys(formats) as Format[];

export function rank(format: Format): number {
  return ranked.indexOf(format);
}

/** safetensors and PyTorch files are read by the same loaders. */
export function family(format: Format): number {
  return format === 'pytorch' ? rank('safetensors') : rank(format);
}

export function canBeAskedFor(format: Format): format is WeightFormat {
  return (weightFormats as readonly Format[]).includes(format);
}

// `.bin` is anybody's ending, so it means PyTorch only when nothing else claims the file.
const byName = ranked
  .toSorted((a, b) => Number(a === 'pytorch') - Number(b === 'pytorch'))
  .map((format) => ({ format, claims: anyOf(formats[format].names) }));

/** The format a file in lower case is named after. */
export function formatOfName(name: string): Format | undefined {
  return byName.find(({ claims }) => claims(name))?.format;
}

const byFolder = ranked.map((format) => ({ format, claims: anyOf(formats[format].folders) }));

export function formatOfFolder(name: string): Format | undefined {
  return byFolder.find(({ claims }) => claims(name))?.format;
}

function anyOf(globs: string | undefined): (name: string) => boolean {
  return matcher(globs?.split(' ') ?? []);
}
