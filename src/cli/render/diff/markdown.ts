import { printable } from '../../../printable.ts';
import type { BundleDiff, DiffResult } from '../../../verbs/diff.ts';
import { codeSpan, escapeMarkdown, markdownTable } from '../table.ts';
import { UNITS } from '../size-check/rows.ts';
import { countsOf, effectRows, fileRows, marks, modelLine, presence, sizesOf, titleOf } from './rows.ts';

/** GitHub takes comments of 65,536 characters. */
const MOST_FILES = 100;
/** More than that is folded away. */
const SHOWN_FILES = 12;

/** For a comment on a pull request: GitHub's Markdown, no final newline. */
export function markdown(result: DiffResult): string {
  const { bundles } = result;
  const head = result.same ? '### Models: nothing differs' : `### Models: ${headline(bundles)}`;
  const several = bundles.length > 1;
  const parts = bundles
    .filter(({ same }) => !same)
    .flatMap((bundle) => [
      several || bundle.bundle !== null ? bundleTitle(bundle) : '',
      ...bundleParts(bundle),
    ]);
  return [head, codeSpan(titleOf(result)), ...parts, `<sub>${UNITS}. Compared by modelpack diff.</sub>`]
    .filter((part) => part !== '')
    .join('\n\n');
}

function headline(bundles: readonly BundleDiff[]): string {
  const [first] = bundles.filter(({ same }) => !same);
  const over = bundles.some((bundle) =>
    effectRows(bundle).some(({ remark }) => remark.startsWith('over now')),
  );
  const what =
    bundles.length === 1 && first !== undefined
      ? `${countsOf(first)}; ${sizesOf(first)}`
      : `${bundles.filter(({ same }) => !same).length} of ${bundles.length} bundles differ`;
  return over ? `${what} ❌ does not fit any more` : what;
}

function bundleTitle(bundle: BundleDiff): string {
  const facts = [presence(bundle), countsOf(bundle), sizesOf(bundle)].filter((fact) => fact !== '');
  return `#### ${codeSpan(printable(bundle.bundle ?? ''))}: ${facts.join('; ')}`;
}

/** What became of one bundle, without a heading: paragraphs, some empty. */
export function bundleParts(bundle: BundleDiff): string[] {
  const rows = fileRows(bundle);
  const files = rows
    .slice(0, MOST_FILES)
    .map(({ change, path, before, after, remark }) => [
      codeSpan(marks[change]),
      codeSpan(path),
      before,
      after,
      escapeMarkdown(remark),
    ]);
  const table = files.length === 0 ? '' : markdownTable(['', 'file', 'before', 'after', ''], 'clrrl', files);
  const rest = rows.length > MOST_FILES ? `\n\nand ${rows.length - MOST_FILES} more` : '';
  const budgets = effectRows(bundle).map(({ label, before, after, limit, fits, remark }) => [
    fits ? '✅' : '❌',
    label,
    before,
    after,
    limit,
    fits ? remark : `**${remark}**`,
  ]);
  return [
    bundle.models.map((model) => `- ${escapeMarkdown(modelLine(model))}`).join('\n'),
    markdownTable(['', 'budget', 'before', 'after', 'limit', ''], 'clrrrl', budgets),
    rows.length > SHOWN_FILES
      ? `<details><summary>${countsOf(bundle)}</summary>\n\n${table}${rest}\n\n</details>`
      : table,
  ];
}
