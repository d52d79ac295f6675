import type { LockedChange, LockResult } from '../../verbs/lock-project.ts';
import { printable } from '../../printable.ts';
import { formatCount, formatSize } from '../../size.ts';
import { countsOf, modelLine, sizesOf } from './diff/rows.ts';
import { bundleLines } from './diff/text.ts';
import type { Paint } from './paint.ts';

/** What became of each bundle, for people; no final newline. */
export function locked(result: LockResult, paint: Paint, columns: number): string {
  const removed = result.removed.map((name) => `${paint('bold', name)}: no longer declared`);
  return [...result.bundles.map((bundle) => changed(bundle, paint, columns)), ...removed].join('\n');
}

/** One bundle: a line when nothing moved, and the difference when something did. */
export function changed(bundle: LockedChange, paint: Paint, columns: number): string {
  const { after, before, upToDate, reason } = bundle;
  const what = `${paint('bold', bundle.bundle)}: ${formatCount(after!.files, 'file')}, ${formatSize(after!.size)}`;
  if (upToDate) return `${what}   ${paint('green', 'as locked')}`;
  if (before === null) return `${what}   ${paint('yellow', 'was not locked')}`;
  const why = reason === null ? '' : `: ${printable(reason)}`;
  return [
    `${what}   ${paint('yellow', 'not as locked')}${why}`,
    ...bundleLines(bundle, paint, columns).slice(1),
  ].join('\n');
}

/** The same in one line: `1 changed; 2 MB → 2.1 MB, +80 KB; acme/bert: cd5ef92 → 1a2b3c4`. */
export function changeInWords(bundle: LockedChange): string {
  const facts = bundle.models.map(modelLine);
  return [countsOf(bundle), sizesOf(bundle), ...facts].join('; ');
}
