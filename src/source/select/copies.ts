import type { WeightFormat } from '../source.ts';
import { canBeAskedFor, family, formats, original, rank } from './formats.ts';
import { grouped, isBelow, type Listed, type Reasons } from './listing.ts';
import { isConventional } from './weight-name.ts';
import type { Weight } from './weights.ts';

/** Copies of weights in another format than the best one; one copy of every part of the model stays. */
export function otherFormats(weights: readonly Weight[], wanted: WeightFormat | undefined): Reasons {
  const lost = grouped(weights, (weight) => weight.component).flatMap((component) => {
    const besideExports = new Set(lostToExports(component, weights, wanted));
    const rest = component.filter((weight) => !weight.derived && !besideExports.has(weight));
    const parts = grouped(rest, (weight) => (isWholeModel(weight) ? '' : weight.stem));
    return [...besideExports, ...parts.flatMap((part) => allBut(bestOf(part, wanted), part))];
  });
  return new Map(lost.map((weight) => [weight.path, reasonFor(weight)]));
}

/** By its name; other files may be parts of their own. */
function isWholeModel(weight: Weight): boolean {
  return isConventional(weight.stem) || weight.original;
}

/** The files around such copies: a folder that belongs to a copy has its own tokenizer and configuration. */
export function otherFolders(
  weights: readonly Weight[],
  wanted: WeightFormat | undefined,
  files: readonly Listed[],
): Reasons {
  const lost = otherFormats(weights, wanted);
  const inFolders = weights.filter((weight) => weight.folder !== undefined);
  const needed = new Set(inFolders.filter(({ path }) => !lost.has(path)).map(({ folder }) => folder));
  const gone = inFolders.filter(({ path, folder }) => lost.has(path) && !needed.has(folder));
  const folders = [...new Map(gone.map((weight) => [weight.folder ?? '', reasonFor(weight)]))];
  return new Map(
    files.flatMap(({ path }) => {
      const [, reason] = folders.find(([folder]) => isBelow(path, folder)) ?? [];
      return reason === undefined ? [] : [[path, reason] as const];
    }),
  );
}

function reasonFor(weight: Weight): string {
  return weight.original ? original.reason : formats[weight.format].reason;
}

/** What an export repeats is the component as a whole, so it is weighed against all of it. */
function lostToExports(
  component: readonly Weight[],
  all: readonly Weight[],
  wanted: WeightFormat | undefined,
): Weight[] {
  const exports = component.filter((weight) => weight.derived);
  if (exports.length === 0) return [];
  const trained = new Set(trainedFor(exports, component, all));
  const best = bestOf([...exports, ...trained], wanted);
  const rivals = component.filter((weight) => weight.derived || trained.has(weight));
  return best !== undefined && canBeAskedFor(best.format) ? allBut(best, rivals) : [];
}

/**
 * The weights that `exports` were made from. A file with a name of its own, or one of another folder, must not be
 * small beside the export: a voice or a classifier's head is not the model.
 */
function trainedFor(
  exports: readonly Weight[],
  component: readonly Weight[],
  all: readonly Weight[],
): readonly Weight[] {
  const own = component.filter((weight) => !weight.derived);
  const conventional = own.filter(isWholeModel);
  if (conventional.length > 0) return conventional;
  const above = component[0]?.component ?? '';
  const below = all.filter((weight) => !weight.derived && isBelow(weight.component, above));
  const near = own.length > 0 ? own : below;
  const size = near.reduce((sum, weight) => sum + weight.size, 0);
  const largest = exports.reduce((most, weight) => Math.max(most, weight.size), 0);
  return size * 4 >= largest ? near : [];
}

function allBut(best: Weight | undefined, weights: readonly Weight[]): Weight[] {
  if (best === undefined) return [];
  return weights.filter((weight) => weight.format !== best.format || weight.original !== best.original);
}

function bestOf(weights: readonly Weight[], wanted: WeightFormat | undefined): Weight | undefined {
  return weights.toSorted((a, b) => compare(a, b, wanted))[0];
}

function compare(a: Weight, b: Weight, wanted: WeightFormat | undefined): number {
  return (
    Number(b.format === wanted) - Number(a.format === wanted) ||
    family(a.format) - family(b.format) ||
    Number(a.original) - Number(b.original) ||
    // Loaders take the plain file unless told otherwise, even where a variant has the better format.
    Number(a.variant !== '') - Number(b.variant !== '') ||
    rank(a.format) - rank(b.format)
  );
}
