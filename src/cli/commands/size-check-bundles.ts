import type { SizeReport } from '../../budget/report.ts';
import type { BundleBudgets } from '../../verbs/bundle-budgets.ts';
import type { SizeChecked } from '../../verbs/size-check.ts';
import { documentOf, openProject, readyBundles, refuseBeside } from '../bundles.ts';
import type { Outcome } from '../program.ts';
import { checkReports, writeReports } from '../report-files.ts';
import type { Paint } from '../render/paint.ts';
import type { Session } from '../session.ts';
import type { SizeFlags, SizeFormat } from './size-check.ts';

/** Checks the bundles of the configuration, each with its own budgets; what the command line says of them wins. */
export async function checkBundles(flags: SizeFlags, session: Session): Promise<Outcome> {
  refuseBeside(flags);
  const project = await openProject(flags);
  const bundles = await readyBundles(project, flags, session.io.env);
  checkReports(
    flags,
    bundles.map(({ name }) => name),
  );
  const { budgetsOf } = await import('../../verbs/bundle-budgets.ts');
  const { checkBundle } = await import('../../verbs/size-check-bundle.ts');
  const resolve = await session.resolver(flags);
  const results: [name: string, checked: SizeChecked][] = [];
  for (const bundle of bundles) {
    const budgets = withFlags(budgetsOf(bundle.config.budgets, project.place), flags);
    const checked = await checkBundle(bundle, budgets, {
      resolve: bundle.resolve(resolve),
      run: session.run,
    });
    await writeReports(flags, { checked, name: bundle.name }, session);
    results.push([bundle.name, checked]);
  }
  const show = await shower(flags.format, session);
  const reports = results.map(([name, { report }]) => [name, report] as const);
  await session.result(documentOf(flags.bundle, reports), (document, paint) =>
    flags.format === 'json'
      ? JSON.stringify(document)
      : results
          .map(([name, checked]) => {
            const shown = show(checked.report, checked, paint);
            return results.length === 1 ? shown : `${titleOf(name, flags.format, paint)}\n${shown}`;
          })
          .join('\n\n'),
  );
  return reports.every(([, { fits }]) => fits) ? undefined : 'check';
}

function withFlags(own: BundleBudgets, flags: SizeFlags): BundleBudgets {
  const { gate, tmp, memory, template, function: functions, parameter } = flags;
  return {
    ...own,
    ...(gate.length > 0 && { gate }),
    ...(tmp !== undefined && { tmp }),
    ...(memory !== undefined && { memory }),
    ...(template !== undefined && { template }),
    ...(functions !== undefined && { functions }),
    ...(parameter !== undefined && { parameters: new Map([...own.parameters, ...parameter]) }),
  };
}

function titleOf(name: string, format: SizeFormat, paint: Paint): string {
  if (format === 'github') return `bundle ${name}`;
  return format === 'markdown' ? `## ${name}\n` : paint('bold', `bundle ${name}`);
}

/** What makes the text of a report. */
export async function shower(format: SizeFormat, session: Session) {
  const render = await import('../render/size-check.ts');
  const { summarizeLeftOut } = await import('../../budget/report.ts');
  return (report: SizeReport, { models, leftOut }: Pick<SizeChecked, 'models' | 'leftOut'>, paint: Paint) => {
    const beside = { models, leftOut: leftOut.map(summarizeLeftOut) };
    if (format === 'json') return JSON.stringify(report);
    if (format !== 'text') return render[format](report, beside);
    return render.text(report, { ...beside, columns: session.columns, paint });
  };
}
