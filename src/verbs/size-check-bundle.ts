import type { Advice } from '../budget/check.ts';
import type { Run } from '../events.ts';
import { automatic, type Resolve } from '../source/sources.ts';
import type { BundleBudgets } from './bundle-budgets.ts';
import type { Declared } from './declared.ts';
import { sizeCheck, type SizeChecked } from './size-check.ts';
import { readTemplate } from './template.ts';

/** Says whether a declared bundle fits: each function of its template, or what the configuration says of one. */
export async function checkBundle(
  { name, sources }: Declared,
  budgets: BundleBudgets,
  { resolve, run }: { readonly resolve: Resolve; readonly run: Run },
): Promise<SizeChecked> {
  const { gate, tmp, memory, template, functions, parameters } = budgets;
  const read =
    template === undefined
      ? undefined
      : await readTemplate(template, {
          parameters,
          tmp,
          memory,
          ...(functions.length > 0 && { functions }),
        });
  const checked = await sizeCheck(
    sources.map(({ asked }) => asked),
    {
      resolve,
      selection: automatic, // each source has its own
      open: async () => undefined,
      gate,
      tmp,
      memory,
      template: read,
      run,
    },
  );
  return { ...checked, report: { ...checked.report, advice: checked.report.advice.map(declared) } };

  /** What is declared is fetched by its name. */
  function declared({ code, text }: Advice): Advice {
    return { code, text: text.startsWith('modelpack fetch ') ? `modelpack fetch --bundle ${name}` : text };
  }
}
