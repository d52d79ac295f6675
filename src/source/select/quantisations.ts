import { ModelpackError } from '../../errors.ts';
import { literal, matcher } from '../glob.ts';
import { baseName, grouped, type Listed } from './listing.ts';
import { brief, shellWord } from '../../printable.ts';
import { formatSize } from '../../size.ts';
import type { Weight } from './weights.ts';

/** One file to choose: all shards of it, if it is split. */
interface Choice extends Listed {
  readonly files: readonly Weight[];
}

/**
 * Refuses when several GGUF files are left to choose from, since only the user knows which one is wanted.
 *
 * @throws ModelpackError `usage`
 */
export function requireOneQuantisation(weights: readonly Weight[]): void {
  const found = choicesOf(weights.filter((weight) => weight.format === 'gguf'));
  // A vision model's projector goes with each of the quantisations.
  const [projectors, models] = [found.filter(isProjector), found.filter((choice) => !isProjector(choice))];
  if (models.length < 2) return;
  const wanted = [...suggestion(models, 'Q4_K_M', found), ...suggestion(projectors, 'F16', found)];
  throw new ModelpackError('usage', `${models.length} quantisations in GGUF, and one is loaded at a time`, {
    hint: `choose one: ${wanted.join(' ')}; there are ${listed(models)}`,
  });
}

export function isProjector({ path }: Listed): boolean {
  return baseName(path).toLowerCase().includes('mmproj');
}

/** A large GGUF is split: `model-00001-of-00003.gguf`. The smallest first. */
function choicesOf(weights: readonly Weight[]): Choice[] {
  const unsplit = (path: string) => path.replace(/-\d+-of-\d+(?=\.gguf$)/i, '');
  return grouped(weights, (weight) => unsplit(weight.path))
    .map((files) => ({
      path: unsplit(files[0]?.path ?? ''),
      size: files.reduce((sum, file) => sum + file.size, 0),
      files,
    }))
    .toSorted((a, b) => a.size - b.size || (a.path < b.path ? -1 : 1));
}

/** The kind that most people take, else the smallest; nothing where there is nothing to choose. */
function suggestion(choices: readonly Choice[], usual: string, all: readonly Choice[]): string[] {
  const choice = choices.find((each) => kindOf(each)?.toUpperCase() === usual) ?? choices[0];
  return choice === undefined ? [] : [`--include ${shellWord(patternFor(choice, all))}`];
}

/** What a name says about the quantisation, at its end: `Q4_K_M`. */
function kindOf({ path }: Listed): string | undefined {
  const found = baseName(path).match(/(?:IQ|Q|TQ)\d\w*|BF16|FP?16|FP?32|MXFP4\w*/gi);
  return found?.at(-1);
}

/** The shortest pattern for `choice` that takes no other with it. */
function patternFor(choice: Choice, all: readonly Choice[]): string {
  const whole = choice.files.length > 1 ? literal(choice.path).replace(/\.\w+$/, '-*') : literal(choice.path);
  const kind = isProjector(choice) ? 'mmproj' : kindOf(choice);
  const others = all.filter((other) => other !== choice).flatMap((other) => other.files);
  const patterns = kind === undefined ? [] : [`*${kind}*`, `*${kind}.gguf`];
  return patterns.find((pattern) => takes(pattern, choice.files) && !takesAny(pattern, others)) ?? whole;
}

function takes(pattern: string, files: readonly Listed[]): boolean {
  return files.every((file) => matcher([pattern])(file.path));
}

function takesAny(pattern: string, files: readonly Listed[]): boolean {
  return files.some((file) => matcher([pattern])(file.path));
}

const listedAtMost = 40;

/** By what tells them apart, where that does: `Q4_K_M (770.3 MB)`. */
function listed(choices: readonly Choice[]): string {
  const kinds = choices.flatMap((choice) => kindOf(choice) ?? []);
  const telling = new Set(kinds).size === choices.length;
  const names = telling ? kinds : choices.map(({ path }) => path);
  const rows = choices.map(({ size }, index) => `${brief(names[index] ?? '')} (${formatSize(size)})`);
  const more = rows.length - listedAtMost;
  return [...rows.slice(0, listedAtMost), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
