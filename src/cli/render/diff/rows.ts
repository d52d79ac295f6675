import type { BudgetName } from '../../../budget/check.ts';
import type { Effect } from '../../../budget/effect.ts';
import { printable } from '../../../printable.ts';
import { formatCount, formatSize } from '../../../size.ts';
import type { ModelFacts } from '../../../lock/changes.ts';
import type { BundleDiff, DiffResult, FileDiff, ModelDiff } from '../../../verbs/diff.ts';
import { labels } from '../size-check/rows.ts';

export const marks = {
  added: '+',
  removed: '-',
  changed: '~',
  moved: '>',
  unknown: '?',
} as const satisfies Record<FileDiff['change'], string>;

/** What the marks stand for. */
export const words = {
  added: 'added',
  removed: 'removed',
  changed: 'changed',
  moved: 'moved',
  unknown: 'not comparable',
} as const satisfies Record<FileDiff['change'], string>;

export interface FileRow {
  readonly change: FileDiff['change'];
  readonly path: string;
  readonly before: string;
  readonly after: string;
  /** `+1.2 MB`, or where it stood. */
  readonly remark: string;
}

/** Files that went along with a model under its new name are said with the model. */
export function fileRows({ files, models }: BundleDiff): readonly FileRow[] {
  const names = models.flatMap(({ name, from }) =>
    from === null ? [] : [[`${from}/`, `${name}/`] as const],
  );
  const wentAlong = ({ path, from, change }: FileDiff) =>
    change === 'moved' &&
    from !== null &&
    names.some(
      ([old, now]) =>
        from.startsWith(old) && path.startsWith(now) && from.slice(old.length) === path.slice(now.length),
    );
  return files
    .filter((file) => !wentAlong(file))
    .map(({ path, change, from, before, after }) => ({
      change,
      path: printable(path),
      before: before === null ? '' : formatSize(before),
      after: after === null ? '' : formatSize(after),
      remark: remarkOf(change, from, (after ?? 0) - (before ?? 0)),
    }));
}

function remarkOf(change: FileDiff['change'], from: string | null, bytes: number): string {
  if (change === 'moved') return `from ${printable(from ?? '')}`;
  if (change === 'unknown') return 'no hash to compare';
  return bytes === 0 && change === 'changed' ? 'other bytes' : signed(bytes);
}

/** `+42 B`, `-1.2 MB`, `±0`. */
export function signed(bytes: number): string {
  if (bytes === 0) return '±0';
  return (bytes < 0 ? '-' : '+') + formatSize(Math.abs(bytes));
}

/** `1 changed, 2 added, 3 moved`. */
export function countsOf({ counts }: BundleDiff): string {
  const said = (Object.keys(words) as FileDiff['change'][])
    .filter((change) => counts[change] > 0)
    .map((change) => `${formatCount(counts[change])} ${words[change]}`);
  return said.length === 0 ? 'no file differs' : said.join(', ');
}

/** `436.6 MB → 440.1 MB, +3.5 MB`. */
export function sizesOf({ before, after }: BundleDiff): string {
  const [was, is] = [before?.size ?? 0, after?.size ?? 0];
  if (was === is) return formatSize(is);
  const sizes = [...new Set([formatSize(was), formatSize(is)])];
  return `${sizes.join(' → ')}, ${signed(is - was)}`;
}

/** What became of a model: `bert: cd5ef92 → 9f8e7d6`. */
export function modelLine({ name, change, from, before, after }: ModelDiff): string {
  const shown = printable(name);
  if (before === null || after === null) return `${shown}: ${change}, ${factsOf(after ?? before!)}`;
  const facts = [
    ...(change === 'renamed' ? [`was ${printable(from ?? '')}`] : []),
    ...(before.source === after.source ? [] : [arrow(before.source, after.source)]),
    ...(revisionOf(before) === revisionOf(after) ? [] : [arrow(revisionOf(before), revisionOf(after))]),
    ...(before.license === after.license ? [] : [`licence ${arrow(before.license, after.license)}`]),
  ];
  return `${shown}: ${facts.join(', ') || `asked as ${arrow(before.ref, after.ref)}`}`;
}

function factsOf(facts: ModelFacts): string {
  return [printable(facts.source), revisionOf(facts)].filter((fact) => fact !== '').join(' ');
}

function revisionOf({ revision }: ModelFacts): string {
  return printable(revision?.slice(0, 7) ?? '');
}

function arrow(before: string | undefined, after: string | undefined): string {
  return [before, after].map((text) => printable(text || 'none')).join(' → ');
}

export interface EffectRow {
  readonly label: string;
  readonly before: string;
  readonly after: string;
  readonly limit: string;
  readonly fits: boolean;
  readonly remark: string;
}

/** The budgets that people look at, and every one whose verdict is another. */
export function effectRows({ budgets }: BundleDiff): readonly EffectRow[] {
  const usual: readonly BudgetName[] = ['tmp', 'snapstart', 'memory'];
  return (Object.keys(labels) as BudgetName[]).flatMap((name) => {
    const effect = budgets.find((each) => each.name === name);
    if (effect === undefined || (!usual.includes(name) && didFit(effect) === effect.fits)) return [];
    return [
      {
        label: labels[name],
        before: formatSize(effect.before),
        after: formatSize(effect.after),
        limit: formatSize(effect.limit),
        fits: effect.fits,
        remark: verdictOf(effect),
      },
    ];
  });
}

function didFit({ before, limit }: Effect): boolean {
  return before <= limit;
}

function verdictOf(effect: Effect): string {
  const { after, limit, fits } = effect;
  const room = formatSize(Math.abs(limit - after));
  if (fits) return didFit(effect) ? `${room} to spare` : `fits now, ${room} to spare`;
  return didFit(effect) ? `over now by ${room}` : `over by ${room}`;
}

/** What both sides are, for a heading. */
export function titleOf({ before, after }: DiffResult): string {
  return `${printable(before.target)} → ${printable(after.target)}`;
}

/** What is said of a bundle that only one side has. */
export function presence({ before, after }: BundleDiff): string {
  return before === null ? 'added' : after === null ? 'removed' : '';
}
