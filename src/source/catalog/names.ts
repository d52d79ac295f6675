import { ModelpackError } from '../../errors.ts';
import { brief, quoted } from '../../printable.ts';

/** Something that is found by its name, or by the name of another that is the same. */
export interface Named {
  readonly name: string;
  readonly aliasOf?: string | null | undefined;
}

/** Names that are listed in a hint; of more, those that look like what was asked for. */
const LISTED = 40;

/**
 * Finds a model by its name, or by a spelling that only one name has when letters and digits alone count, as the
 * names of files do: `ViT-B-32` for `ViT-B/32`.
 *
 * @throws ModelpackError `not-found`
 */
export function findNamed<T extends Named>(scheme: string, all: readonly T[], wanted: string): T {
  const exact = all.filter(({ name }) => name === wanted);
  const found = exact.length > 0 ? exact : all.filter(({ name }) => bare(name) === bare(wanted));
  if (found.length !== 1) throw unknownName(scheme, all, wanted);
  const [one] = found as [T];
  return all.find(({ name }) => name === one.aliasOf) ?? one;
}

function unknownName(scheme: string, all: readonly Named[], wanted: string): ModelpackError {
  const names = all.map(({ name }) => name);
  const near = names.filter((name) => bare(name).includes(bare(wanted)) || bare(wanted).includes(bare(name)));
  const shown = names.length <= LISTED || near.length === 0 ? names : near;
  const more = names.length - Math.min(shown.length, LISTED);
  const list = shown.slice(0, LISTED).map(brief).join(', ');
  return new ModelpackError('not-found', `${scheme} has no model ${quoted(wanted)}`, {
    hint: `its models are ${list}${more > 0 ? ` and ${more} more` : ''}`,
  });
}

function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}
