import type { GeneratedContent } from '../options.ts';

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/*
 * https://huggingface.co/docs/safetensors
 *
 *   0       u64 LE   n, the length of the header
 *   8       n bytes  JSON {name: {dtype, shape, data_offsets: [begin, end]}}, padded with spaces
 *   8 + n            the tensors, back to back
 */

/** A whole file of F32 tensors; `value` gives element `i` of a tensor. */
export function safetensors(
  tensors: readonly Tensor[],
  value: (tensor: Tensor, i: number) => number,
): Buffer {
  let offset = 0;
  const entries = tensors.map((tensor) => {
    const start = offset;
    offset += elements(tensor) * 4;
    return [tensor.name, { dtype: 'F32', shape: tensor.shape, data_offsets: [start, offset] }];
  });
  const data = new Float32Array(offset / 4);
  let at = 0;
  for (const tensor of tensors) {
    for (let i = 0; i < elements(tensor); i++) data[at++] = value(tensor, i);
  }
  return Buffer.concat([header(entries, 8), Buffer.from(data.buffer)]);
}

/** A valid file of exactly `size` bytes whose tensors are generated; needs no memory but for its header. */
export function generatedSafetensors(size: number, seed: number): GeneratedContent {
  const most = 64 * 1024 * 1024;
  const room = Math.ceil((size / most) * 128) + 512;
  const headerSize = Math.ceil(room / 4096) * 4096;
  if (size <= headerSize)
    throw new RangeError(`a generated safetensors file needs more than ${headerSize} bytes`);
  const entries: unknown[][] = [];
  for (let start = 0; start < size - headerSize; start += most) {
    const end = Math.min(start + most, size - headerSize);
    const name = `model.layers.${entries.length}.mlp.weight`;
    entries.push([name, { dtype: 'U8', shape: [end - start], data_offsets: [start, end] }]);
  }
  return { size, seed, head: header(entries, headerSize) };
}

export function elements({ shape }: Tensor): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** With its length in front, padded to a multiple of `unit`. */
function header(entries: readonly unknown[][], unit: number): Buffer {
  const json = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) });
  const total = Math.ceil((8 + json.length) / unit) * unit;
  const bytes = Buffer.alloc(total, ' ');
  bytes.writeBigUInt64LE(BigInt(total - 8), 0);
  bytes.write(json, 8, 'latin1');
  return bytes;
}
