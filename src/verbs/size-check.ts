import type { Gate } from '../budget/check.ts';
import { sizeReport, type MeasuredTarget, type SizeReport, type Template } from '../budget/report.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { layOut, type LayoutModel } from '../bundle/layout.ts';
import type { Stored } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { readBundle } from '../bundle/read.ts';
import { plannedModels } from '../source/plan.ts';
import { share } from '../source/share.ts';
import type { LeftOut, Model, Selection } from '../source/source.ts';
import { isComplete, type ComparedModel } from '../lock/changes.ts';
import { isPath } from '../source/folder.ts';
import type { Resolve } from '../source/sources.ts';
import { together } from '../together.ts';
import type { BundleSnapshot } from './snapshot.ts';
import { shownSource } from '../source/web/address.ts';

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
  /** The functions to check for, in place of `tmp` and `memory`. */
  readonly template?: Template | undefined;
  readonly run: Run;
}

export interface SizeChecked {
  readonly report: SizeReport;
  /** What was left out, target by target, and how many models each holds. */
  readonly leftOut: readonly (readonly LeftOut[])[];
  readonly models: number;
  /** What was checked, file by file. */
  readonly snapshot: BundleSnapshot;
}

/** A target before it is measured: a bundle that exists, or a model that would be fetched. */
type Found =
  | { readonly target: string; readonly bundle: Bundle }
  | { readonly target: string; readonly model: Model };

/** Says whether models fit Lambda. Moves no weights: only listings and indexes are read. */
export async function sizeCheck(targets: readonly string[], options: SizeCheckOptions): Promise<SizeChecked> {
  const { tmp, memory, gate, template } = options;
  const found = await together(
    options.run,
    targets.map((target) => (run) => find(target, { ...options, run })),
  );
  const shared = share(found.flatMap((each) => ('model' in each ? [each.model] : [])));
  const each = found.map((one) => ('model' in one ? { ...one, model: shared.shift()! } : one));
  const measured = each.map(measure);
  const models = each.flatMap(modelsOf);
  // All of them as they would be in one bundle: this also finds two files at one path.
  const { size: bundleSize, id } = await layOut(models);
  const snapshot = each.flatMap((one): readonly ComparedModel[] =>
    'bundle' in one ? one.bundle.index.models : [one.model],
  );
  return {
    report: sizeReport(measured, { bundleSize, gate, tmp, memory, template }),
    leftOut: each.map((one) => ('model' in one ? one.model.leftOut : [])),
    models: models.length,
    snapshot: { name: null, id: isComplete(snapshot) ? id : null, size: bundleSize, models: snapshot },
  };
}

async function find(target: string, { resolve, open, selection, run }: SizeCheckOptions): Promise<Found> {
  await using stored = await open(target);
  const bundle = stored && (await readBundle(stored, target));
  if (bundle !== undefined) return { target, bundle };
  if (stored !== undefined && !isPath(target)) {
    throw new ModelpackError('usage', `${target} is no bundle`, {
      hint: `for a file of this machine write ./${target}`,
    });
  }
  return { target: shownSource(target), model: await resolve(target, selection, run) };
}

function measure(found: Found): MeasuredTarget {
  const { target } = found;
  if ('bundle' in found) {
    const files = found.bundle.layout.members.slice(1).map(({ path, size }) => ({ path, size }));
    return { target, revision: undefined, files, leftOut: [] };
  }
  const { name, revision, files, leftOut } = found.model;
  return {
    target,
    revision,
    files: files.map(({ path, size }) => ({ path: `${name}/${path}`, size })),
    leftOut,
  };
}

function modelsOf(found: Found): readonly LayoutModel[] {
  if ('bundle' in found) return found.bundle.index.models;
  return found.model.files.length === 0 ? [] : plannedModels([found.model]);
}
