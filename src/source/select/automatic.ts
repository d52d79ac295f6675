import { ModelpackError } from '../../errors.ts';
import type { WeightFormat, Weights } from '../source.ts';
import { otherFolders, otherFormats } from './copies.ts';
import { canBeAskedFor, rank } from './formats.ts';
import { isArchive, leftover } from './leftovers.ts';
import { type Listed, type Reasons } from './listing.ts';
import { singleFiles, strangers } from './pipeline.ts';
import { requireOneQuantisation } from './quantisations.ts';
import { incompleteCopies, needlessShards, requireComplete } from './shards.ts';
import { otherVariants, unmergedDecoders } from './variants.ts';
import { orphans, type Weight, weightsOf } from './weights.ts';

/**
 * What a loader does not read, or would read twice. Whatever no rule speaks of stays: configuration, tokenizers, code,
 * licences, and files nobody has heard of.
 *
 * @throws ModelpackError `not-found` when the format that is asked for, or a shard, is not there, `usage` when there is
 * a choice
 */
export function automatic(files: readonly Listed[], wanted: Weights | undefined): Reasons {
  const useless = new Map([...orphans(files), ...leftovers(files)]);
  const rest = files.filter((file) => !useless.has(file.path));
  const weights = weightsOf(rest);
  if (wanted === 'all') return new Map([...useless, ...otherFolders(weights, undefined, rest)]);
  if (wanted !== undefined) requireFormat(weights, wanted);
  return new Map([...useless, ...archives(rest, weights), ...copies(rest, weights, wanted)]);
}

/** Checkpoints of a training count as leftovers only beside the model that came out of it. */
function leftovers(files: readonly Listed[]): Reasons {
  const finished = files.filter((file) => leftover(file.path, { checkpoints: true }) === undefined);
  const checkpoints = weightsOf(finished).length > 0;
  const reasons = new Map<string, string>();
  for (const { path } of files) {
    const reason = leftover(path, { checkpoints });
    if (reason !== undefined) reasons.set(path, reason);
  }
  return reasons;
}

/** Packed files are taken for copies where there are weights that are not packed. */
function archives(files: readonly Listed[], weights: readonly Weight[]): Reasons {
  const known = new Set(weights.map((weight) => weight.path));
  const packed = files.filter(
    ({ path }) => known.size > 0 && isArchive(path.toLowerCase()) && !known.has(path),
  );
  return new Map(packed.map(({ path }) => [path, 'archives']));
}

type Rule = (
  weights: readonly Weight[],
  wanted: WeightFormat | undefined,
  files: readonly Listed[],
) => Reasons;

/** In this order, each on what the ones before have left. */
const rules: readonly Rule[] = [
  incompleteCopies,
  singleFiles,
  strangers,
  otherFolders,
  otherFormats,
  otherVariants,
  needlessShards,
  unmergedDecoders,
];

function copies(
  files: readonly Listed[],
  weights: readonly Weight[],
  wanted: WeightFormat | undefined,
): Reasons {
  let left = weights;
  const reasons = new Map<string, string>();
  for (const rule of rules) {
    for (const [path, reason] of rule(left, wanted, files)) reasons.set(path, reason);
    left = left.filter((weight) => !reasons.has(weight.path));
  }
  requireComplete(left);
  requireOneQuantisation(left);
  return reasons;
}

function requireFormat(weights: readonly Weight[], wanted: WeightFormat): void {
  const present = new Set(weights.map((weight) => weight.format));
  if (present.has(wanted)) return;
  const formats = [...present].toSorted((a, b) => rank(a) - rank(b));
  const choices = formats.filter(canBeAskedFor);
  const has = formats.length === 0 ? 'no weights at all' : formats.join(', ');
  throw new ModelpackError('not-found', `no weights in ${wanted}; the model has ${has}`, {
    hint: choices.length === 0 ? 'leave --weights away' : `choose with --weights ${choices.join(' or ')}`,
  });
}
