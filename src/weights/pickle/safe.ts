import type { Import } from './imports.ts';

/**
 * What may be imported without a word: enough for state dicts and arrays, and harmless whatever arguments a pickle
 * gives it, since all of it only makes values. It is about what `torch.load(weights_only=True)` takes without being
 * asked (torch/_weights_only_unpickler.py), with the array functions of NumPy and what old files call the same.
 *
 * A class is not put here because it is well known: PyTorch's own modules keep other callables as attributes.
 */
const safe: Readonly<Record<string, string>> = {
  builtins: 'bool bytearray bytes complex dict float frozenset int list object range set slice str tuple',
  collections: 'Counter OrderedDict defaultdict deque',
  // How protocols 0 to 2 write bytes.
  _codecs: 'encode',
  torch: 'Size Tensor device',
  'torch.nn.parameter': 'Parameter',
  'torch.serialization': '_get_layout',
  // The last one calls torch.load: see where it is followed, in scan.ts.
  'torch.storage': 'TypedStorage UntypedStorage _load_from_bytes',
  'torch._tensor': '_rebuild_from_type_v2',
  'torch._utils':
    '_rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy _rebuild_meta_tensor_no_storage ' +
    '_rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor _rebuild_tensor ' +
    '_rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_wrapper_subclass',
  // What torch.jit.save puts around lists; each function gives its argument back (torch/jit/_pickle.py).
  'torch.jit._pickle':
    'build_boollist build_doublelist build_intlist build_tensor_from_id build_tensorlist restore_type_tag',
  numpy:
    'bool_ complex128 complex64 dtype float16 float32 float64 int16 int32 int64 int8 ndarray ' +
    'uint16 uint32 uint64 uint8',
  'numpy.core.multiarray': '_reconstruct scalar',
  'numpy._core.multiarray': '_reconstruct scalar',
  // Arrays in protocol 5.
  'numpy.core.numeric': '_frombuffer',
  'numpy._core.numeric': '_frombuffer',
};

const known = new Set(
  Object.entries(safe).flatMap(([module, names]) => names.split(' ').map((name) => `${module} ${name}`)),
);

const families: readonly (readonly [module: RegExp, name: RegExp])[] = [
  // FloatStorage, LongTensor; on a GPU, sparse
  [/^torch(\.cuda)?$/, /^[A-Z][A-Za-z0-9]*(Storage|Tensor)$/],
  [/^torch(\.cuda)?\.sparse$/, /^[A-Z][A-Za-z0-9]*Tensor$/],
  // Types of numbers, and how they are quantised
  [/^torch$/, /^q?u?int\d+(x\d+)?$|^b?(float|complex)\d+(_[a-z0-9_]+)?$|^bits\d+(x\d+)?$|^bool$/],
  [/^torch$/, /^per_(tensor|channel)_(affine|symmetric|affine_float_qparams)$/],
  [/^numpy\.dtypes$/, /^[A-Z][A-Za-z0-9]*DType$/],
  // The classes of a TorchScript program. PyTorch's own interpreter takes them from the archive; Python has no such
  // module, so that to its unpickler they are an error.
  [/^__torch__(\.[\p{L}\p{N}_.]+)?$/u, /^[\p{L}\p{N}_]+$/u],
];

export function isSafe({ module, name }: Import): boolean {
  if (module === undefined || name === undefined) return false;
  // Protocols 0 to 2 use the name of Python 2.
  const today = module === '__builtin__' ? 'builtins' : module;
  if (known.has(`${today} ${name}`)) return true;
  return families.some(([modules, names]) => modules.test(module) && names.test(name));
}

/** Whether a full name leads into what attacks are made of, and weights never. */
export function isNotorious(name: string): boolean {
  return /^(__builtin__|builtins|code|commands|ctypes|importlib|nt|operator|os|pickle|posix|pty|runpy|shutil|socket|subprocess|sys|types|webbrowser|\?)\./.test(
    name,
  );
}
