import type { WeightFormat } from '../source.ts';
import { family } from './formats.ts';
import { baseName, folderOf, isBelow, type Listed, type Reasons } from './listing.ts';
import { isConventional } from './weight-name.ts';
import type { Weight } from './weights.ts';

/** Checkpoints beside a diffusers pipeline, which holds the same in a folder for each part and is all that is loaded. */
export function singleFiles(
  weights: readonly Weight[],
  wanted: WeightFormat | undefined,
  files: readonly Listed[],
): Reasons {
  const lost = pipelines(files).flatMap((top) => {
    const parts = weights.filter(
      (weight) => !weight.derived && weight.component !== top && isBelow(weight.path, top),
    );
    const beside = weights.filter((weight) => folderOf(weight.path) === top && !isAddition(weight));
    const onlyBeside = wanted !== undefined && !parts.some((weight) => weight.format === wanted);
    return parts.length === 0 || onlyBeside ? [] : beside;
  });
  return new Map(lost.map((weight) => [weight.path, 'the same weights as one file']));
}

/**
 * Weights in folders of a pipeline that are no parts of it: a part has a configuration, or at least the name that
 * diffusers and transformers give to weights. Such folders serve ComfyUI, which takes single files.
 */
export function strangers(
  weights: readonly Weight[],
  _wanted: WeightFormat | undefined,
  files: readonly Listed[],
): Reasons {
  const configured = new Set(
    files.filter((file) => baseName(file.path) === 'config.json').map((file) => folderOf(file.path)),
  );
  const isPart = ({ path, stem }: Weight) => configured.has(folderOf(path)) || isConventional(stem);
  const lost = pipelines(files).flatMap((top) => {
    const below = weights.filter(
      (weight) =>
        isBelow(weight.path, top) &&
        folderOf(weight.path) !== top &&
        family(weight.format) === family('safetensors') &&
        !weight.derived,
    );
    return below.some(isPart) ? below.filter((weight) => !isPart(weight) && !isAddition(weight)) : [];
  });
  return new Map(lost.map((weight) => [weight.path, 'weights that are no part of the pipeline']));
}

/** The folders with a `model_index.json`. */
function pipelines(files: readonly Listed[]): string[] {
  return files
    .filter((file) => baseName(file.path) === 'model_index.json')
    .map((file) => folderOf(file.path));
}

/** What is put on top of a pipeline is not in it. */
function isAddition(weight: Weight): boolean {
  const folder = baseName(folderOf(weight.path)).toLowerCase();
  return /lora|learned_embeds/.test(weight.stem) || folder.includes('lora');
}
