import type { Gate } from '../budget/check.ts';
import { sizeReport, type MeasuredTarget, type SizeReport } from '../budget/report.ts';
import { layOut } from '../bundle/layout.ts';
import type { Stored } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { readBundle } from '../bundle/read.ts';
import { plannedModels } from '../source/plan.ts';
import type { LeftOut, Selection } from '../source/source.ts';
import { isPath } from '../source/folder.ts';
import type { Resolve } from '../source/sources.ts';
import type { LayoutModel } from '../bundle/layout.ts';

export interface SizeCheckOptions {
  readonly resolve: Resolve;
  readonly selection: Selection;
  /** Opens a file or an object, which may be a bundle; undefined for what is neither. */
  readonly open: (target: string) => Promise<Stored | undefined>;
  /** The function's ephemeral storage, in bytes; default 512 MB. */
  readonly tmp?: number | undefined;
  /** The function's memory, in bytes. */
  readonly memory?: number | undefined;
  readonly gate: readonly Gate[];
  readonly run: Run;
}

export interface SizeChecked {
  readonly report: SizeReport;
  /** What was left out, target by target, and how many models each holds. */
  readonly leftOut: readonly (readonly LeftOut[])[];
  readonly models: number;
}

interface Measured extends MeasuredTarget {
  readonly models: readonly LayoutModel[];
}

/** Says whether models fit Lambda. Moves no weights: only listings and indexes are read. */
export async function sizeCheck(targets: readonly string[], options: SizeCheckOptions): Promise<SizeChecked> {
  const { tmp, memory, gate } = options;
  const measured = await Promise.all(targets.map((target) => measure(target, options)));
  // All of them as they would be in one bundle: this also finds two files at one path.
  const { size: bundleSize } = await layOut(measured.flatMap(({ models }) => models));
  return {
    report: sizeReport(measured, { bundleSize, gate, ...(tmp && { tmp }), ...(memory && { memory }) }),
    leftOut: measured.map(({ leftOut }) => leftOut as readonly LeftOut[]),
    models: measured.reduce((sum, { models }) => sum + models.length, 0),
  };
}

async function measure(
  target: string,
  { resolve, open, selection, run }: SizeCheckOptions,
): Promise<Measured> {
  await using stored = await open(target);
  const bundle = stored && (await readBundle(stored, target));
  if (bundle !== undefined) {
    return {
      target,
      revision: undefined,
      files: bundle.layout.members.slice(1).map(({ path, size }) => ({ path, size })),
      leftOut: [],
      models: bundle.index.models,
    };
  }
  if (stored !== undefined && !isPath(target)) {
    throw new ModelpackError('usage', `${target} is no bundle`, {
      hint: `for a file of this machine write ./${target}`,
    });
  }
  const model = await resolve(target, selection, run);
  return {
    target,
    revision: model.revision,
    files: model.files.map(({ path, size }) => ({ path: `${model.name}/${path}`, size })),
    leftOut: model.leftOut,
    models: plannedModels([model]),
  };
}
