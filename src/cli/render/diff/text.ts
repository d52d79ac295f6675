import { printable } from '../../../printable.ts';
import type { BundleDiff, DiffResult } from '../../../verbs/diff.ts';
import type { Paint, Style } from '../paint.ts';
import { left, right, shorten, widest } from '../table.ts';
import {
  countsOf,
  effectRows,
  fileRows,
  marks,
  modelLine,
  presence,
  sizesOf,
  titleOf,
  type FileRow,
} from './rows.ts';

const styles: Readonly<Record<FileRow['change'], Style>> = {
  added: 'green',
  removed: 'red',
  changed: 'yellow',
  moved: 'cyan',
  unknown: 'dim',
};

/** For people; no final newline. */
export function text(result: DiffResult, paint: Paint, columns: number): string {
  const bundles = result.bundles.map((bundle) => bundleLines(bundle, paint, columns).join('\n'));
  return [paint('bold', titleOf(result)), ...bundles].join('\n');
}

/** What became of one bundle: a heading, and below it models, files and budgets. */
export function bundleLines(bundle: BundleDiff, paint: Paint, columns: number): string[] {
  const name = [bundle.bundle === null ? '' : printable(bundle.bundle), presence(bundle)]
    .filter(Boolean)
    .join(', ');
  const head = `${name === '' ? '' : `${paint('bold', name)}: `}${bundle.same ? 'the same, ' : `${countsOf(bundle)}; `}${sizesOf(bundle)}`;
  if (bundle.same) return [head];
  const models = bundle.models.map((model) => `  ${modelLine(model)}`);
  const rows = fileRows(bundle);
  const hint = rows.some(({ change }) => change === 'unknown')
    ? [paint('dim', '? as large as before, and no hash tells more; --checksum reads local and small files')]
    : [];
  return [head, ...models, ...fileLines(rows, paint, columns), ...hint, ...budgetLines(bundle, paint)];
}

function fileLines(rows: readonly FileRow[], paint: Paint, columns: number): string[] {
  const sizes = rows.map(({ before, after }) =>
    before === '' || after === '' || before === after ? after || before : `${before} → ${after}`,
  );
  const width = widest(sizes);
  const path = Math.min(
    widest(rows.map((row) => row.path)),
    Math.max(20, columns - width - widest(rows.map(({ remark }) => remark)) - 8),
  );
  return rows.map(({ change, path: whole, remark }, at) =>
    `${paint(styles[change], marks[change])} ${left(shorten(whole, path), path)}  ${right(sizes[at]!, width)}  ${paint('dim', remark)}`.trimEnd(),
  );
}

function budgetLines(bundle: BundleDiff, paint: Paint): string[] {
  const rows = effectRows(bundle);
  const wide = (key: 'label' | 'before' | 'after' | 'limit') => widest([key, ...rows.map((row) => row[key])]);
  const [label, before, after, limit] = [
    Math.max(widest(['budget']), wide('label')),
    wide('before'),
    wide('after'),
    wide('limit'),
  ];
  const heads = `${left('budget', 2 + label)}  ${right('before', before)}  ${right('after', after)}  ${right('limit', limit)}`;
  return [
    paint('dim', heads),
    ...rows.map((row) => {
      const mark = row.fits ? paint('green', '✓') : paint('red', '✗');
      const numbers = `${right(row.before, before)}  ${right(row.after, after)}  ${right(row.limit, limit)}`;
      return `${mark} ${left(row.label, label)}  ${numbers}  ${row.fits ? paint('dim', row.remark) : paint('red', row.remark)}`;
    }),
  ];
}
