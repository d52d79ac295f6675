import type { Gate } from '../budget/check.ts';
import type { BudgetConfig } from '../config/config.ts';

/** What a declared bundle has to fit. Sizes are bytes. */
export interface BundleBudgets {
  readonly gate: readonly Gate[];
  readonly tmp: number | undefined;
  readonly memory: number | undefined;
  /** A file, as the working directory has it. */
  readonly template: string | undefined;
  /** None for all of the template. */
  readonly functions: readonly string[];
  readonly parameters: ReadonlyMap<string, string>;
}

/** @param place makes a path of the configuration one of the working directory */
export function budgetsOf(config: BudgetConfig, place: (path: string) => string): BundleBudgets {
  const { gates, tmp, memory, template, functions, parameters } = config;
  return {
    gate: gates,
    tmp,
    memory,
    template: template === undefined ? undefined : place(template),
    functions,
    parameters: new Map(Object.entries(parameters)),
  };
}
