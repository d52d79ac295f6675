import { ModelpackError } from '../../errors.ts';
import { literal, matcher } from '../glob.ts';
import { baseName, grouped, type Listed } from './listing.ts';
import { brief, shellWord } from '../../printable.ts';
import { formatSize } from '../../size.ts';
import type { Weight } from './weights.ts';

interface Quantisation extends Listed {
  readonly files: readonly Weight[];
}

/**
 * Refuses when several GGUF files are left to choose from, since only the user knows which one is wanted.
 *
 * @throws ModelpackError `usage`
 */
export function requireOneQuantisation(weights: readonly Weight[]): void {
  const found = weights.filter((weight) => weight.format === 'gguf');
  // A vision model's projector goes with each of the quantisations.
  const [projectors, models] = [found.filter(isProjector), found.filter((weight) => !isProjector(weight))];
  const choices = grouped(models, (weight) => unsplit(weight.path)).map(quantisation);
  if (choices.length < 2) return;
  throw new ModelpackError('usage', `${choices.length} quantisations in GGUF, and one is loaded at a time`, {
    hint: `choose one: ${suggestion(choices, projectors)}; there are ${listed(choices)}`,
  });
}

function isProjector(weight: Weight): boolean {
  return baseName(weight.path).toLowerCase().includes('mmproj');
}

/** A large GGUF is split: `model-00001-of-00003.gguf`. */
function unsplit(path: string): string {
  return path.replace(/-\d+-of-\d+(?=\.gguf$)/i, '');
}

function quantisation(files: readonly Weight[]): Quantisation {
  const path = unsplit(files[0]?.path ?? '');
  return { path, size: files.reduce((sum, file) => sum + file.size, 0), files };
}

function suggestion(choices: readonly Quantisation[], projectors: readonly Weight[]): string {
  const choice = choices.find(({ path }) => path.includes('Q4_K_M')) ?? smallest(choices);
  const companion = projectors.length > 0 ? ` --include ${shellWord('*mmproj*')}` : '';
  return `--include ${shellWord(patternFor(choice, choices))}${companion}`;
}

function smallest(choices: readonly Quantisation[]): Quantisation {
  return choices.reduce((least, choice) => (choice.size < least.size ? choice : least));
}

/** The shortest pattern for `choice` that takes no other with it. */
function patternFor(choice: Quantisation, choices: readonly Quantisation[]): string {
  const kind = /(?:IQ|Q|TQ)\d\w*|BF16|F16|F32|MXFP4\w*/i.exec(baseName(choice.path))?.[0];
  const split = choice.files.length > 1 ? literal(choice.path).replace(/\.\w+$/, '-*') : literal(choice.path);
  const patterns = kind === undefined ? [split] : [`*${kind}*`, split];
  const others = choices.filter((other) => other !== choice).flatMap((other) => other.files);
  return patterns.find((pattern) => !others.some((file) => matcher([pattern])(file.path))) ?? split;
}

const listedAtMost = 12;

function listed(choices: readonly Quantisation[]): string {
  const rows = choices.slice(0, listedAtMost).map(({ path, size }) => `${brief(path)} (${formatSize(size)})`);
  const more = choices.length - rows.length;
  return [...rows, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
