import { ModelpackError } from '../errors.ts';
import { matcher } from './glob.ts';
import { automatic } from './select/automatic.ts';
import { grouped, type Listed, type Reasons } from './select/listing.ts';
import { brief, shellWord } from '../printable.ts';
import type { LeftOut, Selection } from './source.ts';

/**
 * Splits the files of a repository into those to take, in the order given, and those left out, the largest group first.
 *
 * @throws ModelpackError `not-found` when nothing is left to take or shards are missing, `usage` when `selection`
 * contradicts itself or leaves a choice that only the user can make
 */
export function select<F extends Listed>(
  files: readonly F[],
  selection: Selection,
): { kept: F[]; leftOut: LeftOut[] } {
  refuseContradictions(selection);
  if (files.length === 0)
    throw new ModelpackError('not-found', 'the repository has no files', {
      hint: 'name another model or revision',
    });
  const reasons = reasonsToLeave(files, selection);
  const kept = files.filter((file) => !reasons.has(file.path));
  if (kept.length === 0) throw nothingLeft(files, selection);
  return { kept, leftOut: rows(files, reasons) };
}

function reasonsToLeave(files: readonly Listed[], selection: Selection): Reasons {
  if (selection.all) return new Map();
  return hasPatterns(selection) ? unmatched(files, selection) : automatic(files, selection.weights);
}

function hasPatterns({ include, exclude }: Selection): boolean {
  return include.length > 0 || exclude.length > 0;
}

/** @throws ModelpackError `usage` for what cannot be asked for together */
export function refuseContradictions(selection: Selection): void {
  const given = [
    hasPatterns(selection) ? '--include and --exclude' : undefined,
    selection.weights === undefined ? undefined : '--weights',
    selection.all ? '--all' : undefined,
  ].filter((option) => option !== undefined);
  if (given.length < 2) return;
  throw new ModelpackError('usage', `${given.join(' and ')} do not go together`, {
    hint: '--include and --exclude alone say what is taken, --weights picks a format, --all takes every file',
  });
}

function unmatched(files: readonly Listed[], { include, exclude }: Selection): Reasons {
  const isIncluded = include.length === 0 ? () => true : matcher(include);
  const isExcluded = matcher(exclude);
  const reasons = new Map<string, string>();
  for (const { path } of files) {
    if (!isIncluded(path)) reasons.set(path, 'not matched by --include');
    else if (isExcluded(path)) reasons.set(path, 'matched by --exclude');
  }
  return reasons;
}

function nothingLeft(files: readonly Listed[], selection: Selection): ModelpackError {
  const patterns = [
    ...selection.include.map((pattern) => `--include ${shellWord(pattern)}`),
    ...selection.exclude.map((pattern) => `--exclude ${shellWord(pattern)}`),
  ];
  const names = files.slice(0, 5).map((file) => brief(file.path));
  const more = files.length - names.length;
  const has = `the repository has ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return patterns.length > 0
    ? new ModelpackError('not-found', `no file is left by ${patterns.join(' ')}`, { hint: has })
    : new ModelpackError('not-found', 'no file of the repository looks like part of a model', {
        hint: `take them with --all; ${has}`,
      });
}

function rows(files: readonly Listed[], reasons: Reasons): LeftOut[] {
  const left = files.filter((file) => reasons.has(file.path));
  return grouped(left, (file) => reasons.get(file.path) ?? '')
    .map((group) => ({
      reason: reasons.get(group[0]?.path ?? '') ?? '',
      files: group.map(({ path, size }) => ({ path, size })),
    }))
    .toSorted((a, b) => total(b) - total(a) || (a.reason < b.reason ? -1 : 1));
}

function total(row: LeftOut): number {
  return row.files.reduce((sum, file) => sum + file.size, 0);
}
