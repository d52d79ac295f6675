import type { Budget, BudgetName } from '../../../budget/check.ts';
import type { FunctionReport, SizeReport } from '../../../budget/report.ts';
import { formatSize } from '../../../size.ts';
import { labels } from '../size-check/rows.ts';

/** What the answer hangs on: the gated budget that is over by most, or that has least to spare. */
export interface Decision {
  readonly budget: Budget;
  /** Of a template. */
  readonly of: FunctionReport | undefined;
}

export function decisionOf({ budgets, gate, functions }: SizeReport): Decision {
  const all = (functions ?? [undefined]).flatMap((of) => {
    const gates: readonly BudgetName[] = of?.gate ?? gate;
    return (of?.budgets ?? budgets)
      .filter(({ name }) => gates.includes(name))
      .map((budget) => ({ budget, of }));
  });
  const room = ({ budget }: Decision) => budget.limit - budget.needed;
  return all.toSorted((a, b) => room(a) - room(b))[0]!;
}

/** `Does not fit`, and by how much. */
export function answerOf(report: SizeReport): { readonly answer: string; readonly by: string } {
  const { budget } = decisionOf(report);
  return report.fits
    ? { answer: 'Fits', by: `${formatSize(budget.headroom)} to spare` }
    : { answer: 'Does not fit', by: `over by ${formatSize(budget.over)}` };
}

/** `774.3 MB of 512 MB, SnapStart of Summarise`. */
export function reasonOf(report: SizeReport): string {
  const { budget, of } = decisionOf(report);
  return `${labels[budget.name]}${of === undefined ? '' : ` of ${of.name}`}: ${formatSize(budget.needed)} of ${formatSize(budget.limit)}`;
}
