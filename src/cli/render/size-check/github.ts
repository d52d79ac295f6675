import type { SizeReport } from '../../../budget/report.ts';
import { formatSize } from '../../../size.ts';
import { annotation } from '../annotation.ts';
import { rowsOf, sequel, summary, UNITS, type Beside } from './rows.ts';

/**
 * For a GitHub Actions log: an error for each budget that decides and is over, a warning for each other one that is
 * over, and a notice that sums up. No final newline.
 */
export function github(report: SizeReport, beside: Beside = {}): string {
  const over = rowsOf(report).filter(({ budget }) => !budget.fits);
  const found = over
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
    ...found,
    annotation('notice', { title: `modelpack size-check: ${verdict}` }, lines.join('\n')),
  ].join('\n');
}
