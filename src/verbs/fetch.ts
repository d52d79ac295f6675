import { budgets, type Budget } from '../budget/check.ts';
import type { SizeTarget } from '../budget/report.ts';
import { bundleIn } from '../bundle/bundle.ts';
import { checkOf } from '../bundle/check.ts';
import { checkPlaces, layOut, type Layout } from '../bundle/layout.ts';
import type { Run, RunEvent } from '../events.ts';
import type { Destination } from '../sink/sink.ts';
import { plan, plannedModels, requestOf, type Plan } from '../source/plan.ts';
import { share } from '../source/share.ts';
import type { LeftOut, Model, Selection } from '../source/source.ts';
import type { Resolve } from '../source/sources.ts';
import { partSizeFor } from '../parts.ts';
import { shownSource } from '../source/web/address.ts';
import { together } from '../together.ts';
import { judge, picklesIn, type Pickle } from '../weights/pickles.ts';
import { headerCheck, isSafetensorsName } from '../weights/safetensors.ts';
import { send } from './send.ts';

export interface FetchOptions {
  readonly resolve: Resolve;
  readonly selection: Selection;
  /** Opens the destination; `readOnly` for a dry run. */
  readonly open: (readOnly: boolean, run: Run) => Promise<Destination>;
  /** Parts under way at once. */
  readonly jobs: number;
  /** Bytes of a part; grows so that 10,000 parts suffice. */
  readonly partSize: number;
  /** Take files that import more than what is known to be harmless when they are loaded. */
  readonly allowPickle?: boolean;
  /** Plan only: nothing is written, no weights are asked for. */
  readonly dryRun: boolean;
  /**
   * A folder for one temporary file, of what has to be downloaded before the index is complete and fits no memory.
   * Without it, or without room there, such files are downloaded twice.
   */
  readonly temporary?: string | undefined;
  readonly run: Run;
}

/** The document of `fetch --json`. Sizes are bytes. */
export interface FetchResult {
  readonly schema: 'modelpack.fetch/1';
  readonly location: string;
  /** Null for a dry run that would have had to download a large file to know it. */
  readonly id: string | null;
  readonly size: number;
  readonly files: number;
  readonly sha256: string | null;
  readonly models: readonly {
    readonly name: string;
    readonly source: string;
    readonly revision: string | null;
  }[];
  readonly transfer: { readonly downloaded: number; readonly reused: number; readonly seconds: number };
  readonly skipped: boolean;
  readonly budgets: readonly Budget[];
  /** Of a dry run: what each source adds, what would be written, and what not. */
  readonly targets?: readonly SizeTarget[];
  readonly plan?: readonly { readonly path: string; readonly size: number; readonly offset: number }[];
  readonly leftOut?: readonly LeftOut[];
  /** The files that are unpickled when they are loaded, if there are any and they were looked into. */
  readonly pickles?: readonly Pickle[];
}

/**
 * Pulls models from their sources into one bundle.
 *
 * @throws ModelpackError `integrity` when a file is not what its source said, is a safetensors file with a wrong
 *   header, or imports what is not known to be harmless when it is loaded
 */
export async function fetchBundle(sources: readonly string[], options: FetchOptions): Promise<FetchResult> {
  const { resolve, selection, jobs, dryRun, allowPickle = false } = options;
  const started = Date.now();
  const { run, moved } = counted(options.run);
  const resolved = share(
    await together(
      run,
      sources.map((source) => (current) => resolve(source, selection, current)),
    ),
  );
  const models = resolved.filter(({ files }) => files.length > 0);
  checkPlaces(models); // before anything is read for a bundle that cannot be
  // A lock knows every hash: then nobody need be asked before it is clear that something has to be read.
  const settled = models.every(({ files }) => files.every(({ sha256 }) => sha256 !== undefined));
  const checkAccess = async () => {
    for (const model of models) await model.checkAccess(run);
  };
  if (!settled) await checkAccess();
  // What the destination reads of itself is no part of the transfer: it is not counted.
  await using destination = await options.open(dryRun, options.run);

  function result(layout: Layout, id: string | null, sha256: string | null, skipped: boolean): FetchResult {
    const sizes = layout.members.slice(1).map(({ size }) => size);
    return {
      schema: 'modelpack.fetch/1',
      location: destination.location(id ?? '{id}'),
      id,
      size: layout.size,
      files: sizes.length,
      sha256,
      models: models.map(({ name, source, revision }) => ({ name, source, revision: revision ?? null })),
      transfer: {
        downloaded: moved.network,
        reused: skipped ? layout.size : moved.disk,
        seconds: (Date.now() - started) / 1000,
      },
      skipped,
      budgets: budgets({ fileSizes: sizes, bundleSize: layout.size }),
    };
  }

  // What was written with leave to execute code is not taken for what was asked for without.
  const request = requestOf(models, allowPickle ? ['allow-pickle'] : []);
  if (!dryRun && request !== undefined) {
    const known = settled ? await layOut(plannedModels(models)) : undefined;
    const recalled = await destination.recall(request, known?.id);
    if (recalled !== undefined) {
      const expected = known ?? (await layOut(plannedModels(models)));
      if (expected.size === recalled.size && (known ?? recalled).id === recalled.id)
        return result(expected, recalled.id, null, true);
    }
  }

  const { former } = destination;
  await using planned = await plan(models, { former, temporary: options.temporary, onlyLook: dryRun, run });
  const { bundle } = planned;
  if (dryRun) {
    const id = planned.complete ? bundle.id : null;
    return {
      ...result(bundle.layout, id, null, false),
      targets: resolved.map((model, at) => targetOf(sources[at]!, model)),
      ...dryRunOf(planned, models),
    };
  }
  const location = destination.location(bundle.id);

  const found = await destination.find(bundle, checkFor(planned, location, true, run));
  if (settled && found === undefined) await checkAccess();
  // What is there already and at hand need not be asked for.
  const there = found && former && bundleIn(former.content, bundle.layout);
  const pickles = await picklesIn(there ?? planned.ahead, run);
  judge(pickles, allowPickle, run);
  const named = pickles.length > 0 ? { pickles } : {};
  if (found !== undefined) return { ...result(bundle.layout, bundle.id, found.sha256, true), ...named };

  const partSize = partSizeFor(bundle.size, Math.max(options.partSize, destination.minPartSize));
  const { sha256 } = await send(bundle, {
    verb: 'fetch',
    location,
    files: bundle.layout.members.length - 1,
    begin: (fresh) => destination.begin(bundle, { partSize, fresh, request }),
    check: ({ from }) => checkFor(planned, location, destination.digest, run, from),
    partSize,
    jobs,
    run,
  });
  return { ...result(bundle.layout, bundle.id, sha256 ?? null, false), ...named };
}

function checkFor(planned: Plan, where: string, digest: boolean, run: Run, from = 0) {
  return checkOf(planned.bundle.layout, {
    where,
    from,
    digest,
    blobSha1: (member) => planned.blobSha1(member),
    onFile: ({ path }) => run.report({ type: 'file', path }),
    watch: ({ path, size }) => (isSafetensorsName(path) ? headerCheck(size, path) : undefined),
  });
}

function targetOf(source: string, { revision, files }: Model): SizeTarget {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  return { target: shownSource(source), revision: revision ?? null, size, files: files.length };
}

function dryRunOf({ bundle }: Plan, models: readonly Model[]) {
  return {
    plan: bundle.layout.members.slice(1).map(({ path, size, offset }) => ({ path, size, offset })),
    leftOut: models.flatMap(({ leftOut }) => leftOut),
  };
}

/** Counts the bytes that pass while they are reported. */
function counted(run: Run) {
  const moved = { network: 0, disk: 0, kept: 0 };
  let left = 0;
  function report(event: RunEvent): void {
    if (event.type === 'bytes') moved[event.from] += event.count;
    if (event.type === 'transfer') {
      // One that begins again does without what the first one found.
      moved.disk += event.reused - left;
      left = event.reused;
    }
    run.report(event);
  }
  return { run: { ...run, report }, moved };
}
