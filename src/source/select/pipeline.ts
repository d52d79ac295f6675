import type { WeightFormat } from '../source.ts';
import { baseName, folderOf, isBelow, type Listed, type Reasons } from './listing.ts';
import type { Weight } from './weights.ts';

/** Checkpoints beside a diffusers pipeline, which holds the same in a folder for each part and is all that is loaded. */
export function singleFiles(
  weights: readonly Weight[],
  wanted: WeightFormat | undefined,
  files: readonly Listed[],
): Reasons {
  const tops = files
    .filter((file) => baseName(file.path) === 'model_index.json')
    .map((file) => folderOf(file.path));
  const lost = tops.flatMap((top) => {
    const parts = weights.filter(
      (weight) => !weight.derived && weight.component !== top && isBelow(weight.path, top),
    );
    const beside = weights.filter((weight) => folderOf(weight.path) === top && !isAddition(weight));
    const onlyBeside = wanted !== undefined && !parts.some((weight) => weight.format === wanted);
    return parts.length === 0 || onlyBeside ? [] : beside;
  });
  return new Map(lost.map((weight) => [weight.path, 'the same weights as one file']));
}

/** What is put on top of a pipeline is not in it. */
function isAddition(weight: Weight): boolean {
  return weight.stem.includes('lora');
}
