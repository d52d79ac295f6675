import { budgets, type BudgetName, type Settings, type Subject } from './check.ts';

/** What a change does to one budget. Sizes are bytes. */
export interface Effect {
  readonly name: BudgetName;
  readonly limit: number;
  readonly before: number;
  readonly after: number;
  /** Afterwards. */
  readonly fits: boolean;
}

/** Of every budget, in their order. */
export function effectOf(before: Subject, after: Subject, settings: Settings = {}): Effect[] {
  const old = budgets(before, settings);
  return budgets(after, settings).map(({ name, limit, needed, fits }, at) => ({
    name,
    limit,
    before: old[at]!.needed,
    after: needed,
    fits,
  }));
}
