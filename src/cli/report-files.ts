import { extname } from 'node:path';

import type { Command } from 'commander';

import type { BudgetName } from '../budget/check.ts';
import { ModelpackError } from '../errors.ts';
import type { SizeChecked } from '../verbs/size-check.ts';
import type { S3Connection } from './commands/s3-options.ts';
import type { Drawn } from './render/report/page.ts';
import type { Session } from './session.ts';
import { openIfStored } from './stored.ts';
import { append } from './values.ts';

/** The reports that are written beside the result. */
export interface ReportFlags {
  readonly report?: readonly string[];
  readonly since?: string;
}

export function addReportOptions(command: Command): Command {
  return command
    .option(
      '--report <file>',
      'write it as a page (.html) or an image (.svg) too (repeatable); {bundle} becomes the name of a bundle',
      append,
    )
    .option(
      '--since <lock | bundle | report>',
      'what the report compares with: modelpack.lock, modelpack.lock#name, a bundle, an earlier report.html, a source',
    );
}

const kinds = ['.html', '.svg'] as const;

/**
 * Says before anything is asked for whether the reports can be written.
 *
 * @param bundles the names of what is checked, of a configuration
 * @throws ModelpackError `usage`
 */
export function checkReports({ report = [], since }: ReportFlags, bundles: readonly string[] = []): void {
  for (const file of report) {
    if (!kinds.some((kind) => extname(file) === kind)) {
      throw new ModelpackError('usage', `--report ${file} is neither a page nor an image`, {
        hint: `name a file that ends in ${kinds.join(' or ')}`,
      });
    }
    if (bundles.length > 1 && !file.includes('{bundle}')) {
      throw new ModelpackError('usage', `--report ${file} is one file, and there are several bundles`, {
        hint: 'put their names into it: --report report-{bundle}.html',
      });
    }
  }
  if (since !== undefined && report.length === 0) {
    throw new ModelpackError('usage', '--since is for a report, and there is none', {
      hint: 'name one: --report report.html; to see what differs at once: modelpack diff',
    });
  }
}

/** The files of a report, for a bundle of this name. */
export function reportPaths({ report = [] }: ReportFlags, bundle = ''): readonly string[] {
  return report.map((file) => file.replaceAll('{bundle}', bundle.replaceAll(/[^\w.-]/g, '-')));
}

/** What a report is of. */
export interface Reported {
  readonly checked: SizeChecked;
  /** Of a bundle of a configuration. */
  readonly name?: string;
}

type Reach = ReportFlags & S3Connection & Parameters<Session['resolver']>[0];

/** Writes each report in one step, after what it compares with has been read: that may be an earlier one at its place. */
export async function writeReports(flags: Reach, reported: Reported, session: Session): Promise<void> {
  const { report: files = [], since } = flags;
  if (files.length === 0) return;
  const { summarizeLeftOut } = await import('../budget/report.ts');
  const { onDisk } = await import('../sink/disk-failure.ts');
  const { replaceFile } = await import('../disk.ts');
  const { report, models, leftOut, snapshot } = reported.checked;
  const drawn: Drawn = {
    report,
    beside: { models, leftOut: leftOut.map(summarizeLeftOut) },
    snapshot,
    since: since === undefined ? undefined : await differenceSince(since, flags, reported, session),
  };
  for (const path of reportPaths(flags, reported.name)) {
    const text =
      extname(path) === '.svg'
        ? (await import('./render/report/svg.ts')).svg(drawn)
        : (await import('./render/report/page.ts')).page(drawn);
    await onDisk(path, () => replaceFile(path, text));
  }
}

async function differenceSince(
  since: string,
  flags: Reach,
  { checked, name }: Reported,
  session: Session,
): Promise<Drawn['since']> {
  const { formerIn, takeSnapshot } = await import('../verbs/snapshot.ts');
  const { bundleDiff } = await import('../verbs/diff.ts');
  const { automatic } = await import('../source/sources.ts');
  const former = await takeSnapshot(since, {
    resolve: await session.resolver(flags),
    selection: automatic,
    open: (target) => openIfStored(target, flags, session.io.env, session.run),
    run: session.run,
  });
  const limitOf = (budget: BudgetName) => checked.report.budgets.find((each) => each.name === budget)?.limit;
  const settings = { tmp: limitOf('tmp'), memory: limitOf('memory') };
  const was = former.bundles.find((bundle) => name !== undefined && bundle.name === name);
  return {
    target: former.target,
    diff: bundleDiff(was ?? formerIn(former, checked.snapshot), checked.snapshot, settings),
  };
}
