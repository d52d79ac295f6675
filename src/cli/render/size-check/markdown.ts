import type { Budget } from '../../../budget/check.ts';
import type { LeftOutSummary, SizeReport, SizeTarget } from '../../../budget/report.ts';
import { printable } from '../../../printable.ts';
import { formatCount, formatSize } from '../../../size.ts';
import { codeSpan, escapeMarkdown, fence, markdownTable } from '../table.ts';
import {
  functionsTitle,
  isCommand,
  LARGEST,
  LEAST,
  leftOutNote,
  leftOutTotal,
  nameOf,
  rowsOf,
  sequel,
  settingsOf,
  summary,
  UNITS,
  verdictOf,
  type Beside,
} from './rows.ts';

/** For a comment on a pull request: GitHub's Markdown, no final newline. */
export function markdown(report: SizeReport, beside: Beside = {}): string {
  const [next] = report.advice;
  const budgets = rowsOf(report).map((row) => [
    row.budget.fits ? '✅' : row.decides ? '❌' : '⚠️',
    row.decides ? `**${row.label}**` : row.label,
    row.needed,
    row.limit,
    usedOf(row.budget),
    row.decides ? `**${row.remark}** ← decides` : row.remark,
  ]);
  const { functions = [] } = report;
  const each = functions.map((one) => [
    one.fits ? '✅' : '❌',
    codeSpan(printable(one.name)),
    settingsOf(one),
    one.fits ? verdictOf(one) : `**${verdictOf(one)}**`,
  ]);
  const largest = report.largest
    .slice(0, LARGEST)
    .map(({ path, size }) => [formatSize(size), codeSpan(printable(path))]);
  const reasons = report.leftOut.reasons.map(({ reason, size, files }) => [
    formatSize(size),
    escapeMarkdown(`${reason} (${formatCount(files, 'file')})`),
  ]);
  const parts = [
    `### ${report.fits ? '✅ Fits' : '❌ Does not fit'} AWS Lambda: ${summary(report, beside)}`,
    report.targets.map((target, at) => targetItem(target, beside.leftOut?.[at])).join('\n'),
    each.length === 0
      ? ''
      : markdownTable(['', escapeMarkdown(functionsTitle(report)), 'has', ''], 'clll', each),
    markdownTable(['', 'budget', 'needed', 'limit', 'used', ''], 'clrrrl', budgets),
    functions.length > 1 ? `<sub>The ${LEAST}.</sub>` : '',
    next === undefined ? '' : nextBlock(next.text, sequel[next.code]),
    fold('Largest files', ['size', 'file'], largest),
    fold(`Left out: ${leftOutTotal(report.leftOut)}`, ['size', 'what'], reasons),
    `<sub>${UNITS}. Checked by modelpack size-check.</sub>`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function targetItem(target: SizeTarget, leftOut: LeftOutSummary | undefined): string {
  const note = leftOutNote(leftOut).full;
  const item = `- ${codeSpan(nameOf(target))} ${formatSize(target.size)}`;
  return note === '' ? item : `${item}, ${escapeMarkdown(note)}`;
}

function nextBlock(what: string, then = ''): string {
  if (!isCommand(what)) return `**Next:** ${escapeMarkdown(what)}`;
  return [`**Next:**`, fence(printable(what)), then].filter((part) => part !== '').join('\n\n');
}

function fold(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const table = markdownTable(heads, 'rl', rows);
  return `<details><summary>${title}</summary>\n\n${table}\n\n</details>`;
}

/** What is used of the limit, never rounded to the other side of it. */
function usedOf({ needed, limit, fits }: Budget): string {
  const percent = (needed / limit) * 100;
  return `${formatCount(fits ? Math.floor(percent) : Math.ceil(percent))} %`;
}
