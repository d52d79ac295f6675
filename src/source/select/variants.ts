import { folderOf, grouped, type Reasons } from './listing.ts';
import { isConventional, isPrecision } from './weight-name.ts';
import { sameFile, type Weight } from './weights.ts';

/** Of the variants of one file all but the one that a loader takes unless told otherwise. */
export function otherVariants(weights: readonly Weight[]): Reasons {
  // Quantisations in GGUF are the user's choice, and a Core ML package is many files of one model.
  const comparable = weights.filter((weight) => weight.format !== 'gguf' && weight.format !== 'coreml');
  const lost = grouped(comparable, sameFile).flatMap((variants) => {
    const choice = plainest(variants);
    return variants.filter((weight) => choice !== undefined && weight.variant !== choice);
  });
  return new Map(lost.map((weight) => [weight.path, variantReason(weight)]));
}

const preferred = ['', 'fp32', 'float32', 'bf16', 'fp16', 'float16', 'quantized', 'int8', 'uint8', 'q8'];

/** Files with a name of their own and no plain one among them are different things, as far as names can tell. */
function plainest(variants: readonly Weight[]): string | undefined {
  const names = new Set(variants.map((weight) => weight.variant));
  const unclear = variants.some((weight) => !weight.derived && !isConventional(weight.stem));
  if (unclear && !names.has('')) return undefined;
  return preferred.find((name) => names.has(name)) ?? [...names].toSorted()[0];
}

function variantReason({ variant }: Weight): string {
  return `the same weights in another ${isPrecision(variant) ? 'precision' : 'variant'}`;
}

/** The two decoders that an ONNX export merges into one. */
export function unmergedDecoders(weights: readonly Weight[]): Reasons {
  const merged = new Set(weights.filter((weight) => weight.stem === 'decoder_model_merged').map(exportOf));
  const halves = weights.filter((weight) =>
    ['decoder_model', 'decoder_with_past_model'].includes(weight.stem),
  );
  const lost = halves.filter((weight) => merged.has(exportOf(weight)));
  return new Map(lost.map((weight) => [weight.path, 'the same weights, not merged']));
}

function exportOf(weight: Weight): string {
  return `${folderOf(weight.path)}\n${weight.variant}`;
}
