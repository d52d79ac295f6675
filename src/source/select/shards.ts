import { ModelpackError } from '../../errors.ts';
import { brief } from '../../printable.ts';
import type { WeightFormat } from '../source.ts';
import { family } from './formats.ts';
import { grouped, type Reasons } from './listing.ts';
import { isProjector } from './quantisations.ts';
import { sameFile, type Weight } from './weights.ts';

/** Copies of which shards are missing, where the same is there complete and for the same loader. */
export function incompleteCopies(weights: readonly Weight[], wanted: WeightFormat | undefined): Reasons {
  const broken = incompleteSets(weights);
  const lacking = new Set(broken.flat());
  const replaceable = broken.filter(([shard]) =>
    weights.some((other) => shard !== undefined && !lacking.has(other) && replaces(other, shard, wanted)),
  );
  return new Map(replaceable.flat().map((weight) => [weight.path, 'an incomplete copy of the same weights']));
}

function replaces(other: Weight, shard: Weight, wanted: WeightFormat | undefined): boolean {
  return (
    !other.isIndex &&
    other.component === shard.component &&
    // A name in GGUF tells the quantisation in more ways than one can know.
    (other.stem === shard.stem || (other.format === 'gguf' && !isProjector(other))) &&
    family(other.format) === family(shard.format) &&
    (shard.format !== wanted || other.format === wanted)
  );
}

/**
 * Refuses weights that no loader could put together, before any of them is downloaded.
 *
 * @throws ModelpackError `not-found`
 */
export function requireComplete(weights: readonly Weight[]): void {
  const [broken] = incompleteSets(weights.toSorted((a, b) => (a.path < b.path ? -1 : 1)));
  if (broken === undefined) return;
  const shards = broken.filter((weight) => !weight.isIndex);
  throw new ModelpackError(
    'not-found',
    `${brief(firstMissing(shards))} is missing: there are ${shards.length} of ${shards[0]?.shards} shards`,
    { hint: 'name a revision that has them all, or choose other files with --include' },
  );
}

/** Each with its index. */
function incompleteSets(weights: readonly Weight[]): Weight[][] {
  return grouped(weights, setOf).flatMap((set) => {
    const numbered = grouped(
      set.filter((weight) => weight.shards !== undefined),
      (weight) => String(weight.shards),
    );
    const broken = numbered.filter((shards) => shards.length < (shards[0]?.shards ?? 0));
    // The index belongs to the shards that are complete, if any are.
    const indexes = broken.length === numbered.length ? set.filter((weight) => weight.isIndex) : [];
    return broken.map((shards) => [...shards, ...indexes]);
  });
}

function setOf(weight: Weight): string {
  return `${sameFile(weight)}\n${weight.variant}`;
}

/** Most count from 1. `openai/gpt-oss-20b` counts from 0, and up to the number that says how many there are. */
function firstMissing(shards: readonly Weight[]): string {
  const paths = new Set(shards.map(({ path }) => path));
  const named = (number: number) =>
    shards[0]?.path.replace(/\d+(?=-of-\d+[^/]*$)/i, (digits) =>
      String(number).padStart(digits.length, '0'),
    ) ?? '';
  return (
    Array.from(shards, (_, index) => named(index + 1)).find((path) => !paths.has(path)) ??
    named(shards.length + 1)
  );
}

/** Shards beside the same file in one piece, which loaders look for first. */
export function needlessShards(weights: readonly Weight[]): Reasons {
  const lost = grouped(weights, setOf)
    .filter((same) => same.some((weight) => !weight.inShards))
    .flatMap((same) => same.filter((weight) => weight.inShards));
  return new Map(lost.map((weight) => [weight.path, 'the same weights in shards']));
}
