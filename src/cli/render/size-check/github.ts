import type { SizeReport } from '../../../budget/report.ts';
import { formatSize } from '../../../size.ts';
import { annotation } from '../annotation.ts';
import { rowsOf, sequel, settingsOf, summary, UNITS, verdictOf, type Beside } from './rows.ts';

/**
 * For a GitHub Actions log: an error for each budget that decides and is over, a warning for each other one that is
 * over, and a notice that sums up. No final newline.
 */
export function github(report: SizeReport, beside: Beside = {}): string {
  const { template = '', functions = [] } = report;
  const over = rowsOf(report).filter(({ budget }) => !budget.fits);
  const failing = functions
    .filter(({ fits }) => !fits)
    .map(({ name, line, ...own }) =>
      annotation(
        'error',
        { title: `${name} does not hold the models`, at: { path: template, ...lineOnly(line) } },
        `${verdictOf({ name, line, ...own })}: it has ${settingsOf({ name, line, ...own })}`,
      ),
    );
  const found = over
    // What decides has been said of each function.
    .filter(({ decides }) => functions.length === 0 || !decides)
    .toSorted((a, b) => Number(b.decides) - Number(a.decides))
    .map((row) =>
      annotation(
        row.decides ? 'error' : 'warning',
        { title: `${row.label}: over by ${formatSize(row.budget.over)}` },
        `${row.needed} needed, ${row.limit} allowed: ${row.budget.note}`,
      ),
    );
  const steps = report.advice.map(({ code, text: step }) => [step, sequel[code]].filter(Boolean).join(', '));
  const verdict = report.fits ? 'fits' : 'does not fit';
  const lines = [`${summary(report, beside)} (${UNITS})`, ...steps.map((step) => `- ${step}`)];
  return [
    ...failing,
    ...found,
    annotation('notice', { title: `modelpack size-check: ${verdict}` }, lines.join('\n')),
  ].join('\n');
}

function lineOnly(line: number) {
  return { line, column: 1, endLine: line, endColumn: 1 };
}
