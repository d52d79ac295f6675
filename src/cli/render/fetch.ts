import { printable } from '../../printable.ts';
import type { FetchResult } from '../../verbs/fetch.ts';
import { formatDuration } from '../reporter/meter.ts';
import type { Paint } from './paint.ts';
import { formatCount, formatSize } from '../../size.ts';
import { left, right, widest } from './table.ts';

/** The location alone on its line, for scripts; a dry run shows the plan. */
export function fetched(result: FetchResult, paint: Paint): string {
  if (result.plan === undefined) return result.location;
  const rows = result.targets ?? [];
  const names = widest(rows.map(({ target }) => printable(target)));
  const targets = rows.map(({ target, size, files: count }) => {
    return `  ${left(printable(target), names)}   ${formatCount(count, 'file')}, ${formatSize(size)}`;
  });
  const sizes = result.plan.map(({ size }) => formatSize(size));
  const out = (result.leftOut ?? []).map((row) =>
    formatSize(row.files.reduce((sum, file) => sum + file.size, 0)),
  );
  const width = widest([...sizes, ...out]);
  const files = result.plan.map(({ path }, i) => `  ${right(sizes[i]!, width)}   ${printable(path)}`);
  const leftOut = (result.leftOut ?? []).map(
    (row, i) =>
      `  ${right(out[i]!, width)}   ${printable(row.reason)} (${formatCount(row.files.length, 'file')})`,
  );
  const budgets = result.budgets.map(
    ({ name, fits, needed, limit }) =>
      `  ${fits ? paint('green', '✓') : paint('red', '✗')} ${left(name, 9)}   ${formatSize(needed)} of ${formatSize(limit)}`,
  );
  return [
    `${paint('bold', result.location)} would hold ${formatCount(result.files, 'file')}, ${formatSize(result.size)} (${result.size} bytes)`,
    result.id === null ? 'id known when everything has been read' : `id ${result.id}`,
    ...(targets.length > 1 ? [...targets, 'files'] : []),
    ...files,
    ...(leftOut.length > 0 ? ['left out', ...leftOut] : []),
    'budgets',
    ...budgets,
  ].join('\n');
}

/** What the run did, for people, on stderr: two lines that fit a terminal. */
export function summary({ skipped, size, files, transfer, id }: FetchResult): string {
  const short = (id ?? '').slice(0, 12);
  const what = `${formatCount(files, 'file')}, ${formatSize(size)}`;
  if (skipped) return `already there: ${what}, id ${short}`;
  const rate = transfer.seconds > 0 ? `, ${formatSize(transfer.downloaded / transfer.seconds)}/s` : '';
  const reused = transfer.reused > 0 ? `, ${formatSize(transfer.reused)} reused` : '';
  return [
    `${formatSize(transfer.downloaded)} downloaded${reused} in ${formatDuration(transfer.seconds)}${rate}`,
    `${what}, every hash checked; id ${short}`,
  ].join('\n');
}
