import { budgets, type Budget } from '../budget/check.ts';
import { checkOf } from '../bundle/check.ts';
import { ModelpackError } from '../errors.ts';
import type { Run, RunEvent } from '../events.ts';
import type { Destination } from '../sink/sink.ts';
import { plan, type Plan } from '../source/plan.ts';
import type { LeftOut, Model, Selection } from '../source/source.ts';
import type { Resolve } from '../source/sources.ts';
import { partSizeFor, transfer } from '../transfer.ts';

export interface FetchOptions {
  readonly resolve: Resolve;
  readonly selection: Selection;
  /** Opens the destination; `readOnly` for a dry run. */
  readonly open: (readOnly: boolean, run: Run) => Promise<Destination>;
  /** Parts under way at once. */
  readonly jobs: number;
  /** Bytes of a part; grows so that 10,000 parts suffice. */
  readonly partSize: number;
  /** Plan only: nothing is written, no weights are asked for. */
  readonly dryRun: boolean;
  readonly run: Run;
}

/** The document of `fetch --json`. Sizes are bytes. */
export interface FetchResult {
  readonly schema: 'modelpack.fetch/1';
  readonly location: string;
  readonly id: string;
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
  /** Of a dry run: what would be written, and what not. */
  readonly plan?: readonly { readonly path: string; readonly size: number; readonly offset: number }[];
  readonly leftOut?: readonly LeftOut[];
}

/** Pulls models from their sources into one bundle. */
export async function fetchBundle(sources: readonly string[], options: FetchOptions): Promise<FetchResult> {
  const { resolve, selection, jobs, dryRun } = options;
  const started = Date.now();
  const { run, moved } = counted(options.run);
  const models = await Promise.all(sources.map((source) => resolve(source, selection, run)));
  for (const model of models) await model.checkAccess(run);
  await using destination = await options.open(dryRun, run);
  const planned = await plan(models, run, destination.former);
  const partSize = partSizeFor(planned.bundle.size, options.partSize);

  const location = destination.location(planned.bundle);
  const found = dryRun ? undefined : await destination.find(planned.bundle, checkFor(planned, location, run));
  const sha256 =
    found?.sha256 ?? (dryRun || found ? null : await move(planned, destination, { jobs, partSize, run }));
  const { bundle } = planned;
  const { members } = bundle.layout;
  return {
    schema: 'modelpack.fetch/1',
    location,
    id: bundle.id,
    size: bundle.size,
    files: members.length - 1,
    sha256,
    models: models.map(({ name, source, revision }) => ({ name, source, revision: revision ?? null })),
    transfer: { ...moved, ...(found ? { reused: bundle.size } : {}), seconds: (Date.now() - started) / 1000 },
    skipped: found !== undefined,
    budgets: budgets({ fileSizes: members.slice(1).map(({ size }) => size), bundleSize: bundle.size }, {}),
    ...(dryRun ? dryRunOf(planned, models) : {}),
  };
}

interface MoveOptions {
  readonly jobs: number;
  readonly partSize: number;
  readonly run: Run;
  readonly fresh?: boolean;
}

/** plan → destination. @returns sha256 of the whole bundle */
async function move(planned: Plan, destination: Destination, options: MoveOptions): Promise<string> {
  const { jobs, partSize, run, fresh = false } = options;
  const { bundle } = planned;
  const location = destination.location(bundle);
  const writer = await destination.begin(bundle, partSize, fresh);
  run.report({
    type: 'transfer',
    verb: 'fetch',
    to: location,
    total: bundle.size,
    reused: writer.reused,
    files: bundle.layout.members.length - 1,
  });
  try {
    const check = checkFor(planned, location, run);
    const sha256 = await transfer(bundle, writer, { partSize, jobs, check, run });
    await writer.finish();
    run.report({ type: 'stored', location });
    return sha256!;
  } catch (error) {
    const wrong = error instanceof ModelpackError && error.code === 'integrity';
    await (wrong ? writer.discard() : writer.keep());
    if (!wrong || writer.reused === 0) throw error;
  }
  // What the earlier run left was not what its journal said: that costs a download, not the bundle.
  run.report({ type: 'note', text: 'what an earlier run left is damaged; everything is fetched again' });
  return move(planned, destination, { ...options, fresh: true });
}

function checkFor(planned: Plan, where: string, run: Run) {
  return checkOf(planned.bundle.layout, {
    where,
    blobSha1: (member) => planned.blobSha1(member),
    onFile: ({ path }) => run.report({ type: 'file', path }),
  });
}

function dryRunOf({ bundle }: Plan, models: readonly Model[]) {
  return {
    plan: bundle.layout.members.slice(1).map(({ path, size, offset }) => ({ path, size, offset })),
    leftOut: models.flatMap(({ leftOut }) => leftOut),
  };
}

/** Counts the bytes that pass while they are reported. */
function counted(run: Run) {
  const moved = { downloaded: 0, reused: 0 };
  function report(event: RunEvent): void {
    if (event.type === 'bytes') moved[event.from === 'network' ? 'downloaded' : 'reused'] += event.count;
    if (event.type === 'transfer') moved.reused += event.reused;
    run.report(event);
  }
  return { run: { ...run, report }, moved };
}
