import type { Effect } from '../../budget/effect.ts';
import type { FileChange, ModelChange } from '../../lock/changes.ts';
import type { LockedChange, LockResult } from '../../verbs/lock-project.ts';
import { printable } from '../../printable.ts';
import { formatCount, formatSize } from '../../size.ts';
import type { Paint } from './paint.ts';
import { labels } from './size-check/rows.ts';
import { left, right, widest } from './table.ts';

/** Files of one bundle that are listed one by one. */
const LISTED = 40;

/** What became of each bundle, for people; no final newline. */
export function locked(result: LockResult, paint: Paint): string {
  const removed = result.removed.map((name) => `${paint('bold', name)}: no longer declared`);
  return [...result.bundles.map((bundle) => changed(bundle, paint)), ...removed].join('\n');
}

/** One bundle: a line when nothing moved, and the difference when something did. */
export function changed(bundle: LockedChange, paint: Paint): string {
  const { changes, files, size, upToDate, reason, former } = bundle;
  const total = changes.size.after;
  const what = `${formatCount(files, 'file')}, ${formatSize(total)}`;
  const head = `${paint('bold', bundle.bundle)}: ${what}`;
  if (upToDate) return `${head}   ${paint('green', 'as locked')}`;
  if (former === null) return `${head}   ${paint('yellow', 'new')}, ${formatSize(size)} as a bundle`;
  return [
    `${head}   ${paint('yellow', 'not as locked')}${reason === null ? '' : `: ${printable(reason)}`}`,
    ...changes.models.map((model) => `  ${movedLine(model)}`),
    ...fileLines(changes.files, paint),
    `  ${sumLine(bundle)}`,
    ...effectLines(bundle.budgets, paint),
  ].join('\n');
}

/** `hf:acme/bert main: cd5ef92 → 1a2b3c4` */
export function movedLine({ source, before, after }: ModelChange): string {
  const name = printable(source);
  if (before === undefined) return `${name}: new, ${shortOf(after?.revision)}`;
  if (after === undefined) return `${name}: gone`;
  const ref = after.ref === undefined ? '' : ` ${printable(after.ref)}`;
  if (before.revision !== after.revision)
    return `${name}${ref}: ${shortOf(before.revision)} → ${shortOf(after.revision)}`;
  return `${name}${ref}: its description changed, not its files`;
}

function shortOf(revision: string | undefined): string {
  return revision === undefined ? 'without a revision' : revision.slice(0, 7);
}

/** `1.2 MB → 1.3 MB (+102,400 bytes)` */
export function sumLine({ changes: { size, files } }: Pick<LockedChange, 'changes'>): string {
  const by = size.after - size.before;
  const sign = by > 0 ? '+' : by < 0 ? '-' : '±';
  const bytes = `${sign}${formatCount(Math.abs(by))} bytes`;
  return `${formatCount(files.length, 'file')} changed: ${formatSize(size.before)} → ${formatSize(size.after)} (${bytes})`;
}

export function markOf({ before, after }: FileChange): '+' | '-' | '~' {
  return before === undefined ? '+' : after === undefined ? '-' : '~';
}

/** `570 B → 580 B`, or the one there is. */
export function sizesOf({ before, after }: FileChange): string {
  if (before === undefined || after === undefined) return formatSize(before ?? after ?? 0);
  return before === after
    ? `${formatSize(after)}, other bytes`
    : `${formatSize(before)} → ${formatSize(after)}`;
}

function fileLines(files: readonly FileChange[], paint: Paint): string[] {
  const shown = files.slice(0, LISTED);
  const sizes = shown.map(sizesOf);
  const width = widest(sizes);
  const colours = { '+': 'green', '-': 'red', '~': 'yellow' } as const;
  const lines = shown.map((file, at) => {
    const mark = markOf(file);
    return `  ${paint(colours[mark], mark)} ${right(sizes[at]!, width)}   ${printable(file.path)}`;
  });
  return files.length > LISTED ? [...lines, `  and ${formatCount(files.length - LISTED)} more`] : lines;
}

/** The budgets that change their verdict, or are over afterwards. */
export function tellingEffects(effects: readonly Effect[]): readonly Effect[] {
  return effects.filter(({ before, limit, fits }) => !fits || before > limit);
}

function effectLines(effects: readonly Effect[], paint: Paint): string[] {
  const telling = tellingEffects(effects);
  const names = widest(telling.map(({ name }) => labels[name]));
  return telling.map(({ name, before, after, limit, fits }) => {
    const mark = fits ? paint('green', '✓') : paint('red', '✗');
    const was = formatSize(before);
    return `  ${mark} ${left(labels[name], names)}   ${was} → ${formatSize(after)} of ${formatSize(limit)}`;
  });
}
