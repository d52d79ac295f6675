import type { SizeReport } from '../budget/report.ts';
import type { Run } from '../events.ts';
import type { Level } from '../lint/finding.ts';
import type { Lock } from '../lock/lock.ts';
import type { Destination } from '../sink/sink.ts';
import { automatic, type Resolve } from '../source/sources.ts';
import type { BundleBudgets } from './bundle-budgets.ts';
import { frozen, requireLocked, type Declared } from './declared.ts';
import { fetchBundle, type FetchResult } from './fetch.ts';
import { lintPaths, type Linted, type LintReport } from './lint.ts';
import { lockProject, type LockedChange, type LockResult } from './lock-project.ts';
import { checkBundle } from './size-check-bundle.ts';
import type { SizeChecked } from './size-check.ts';

/** What a step of a pipeline does when upstream is not any more what is locked. */
export type Upstream = 'fail' | 'warn' | 'ignore';

/** A declared bundle, and all that is done with it. */
export interface CiBundle extends Declared {
  readonly budgets: BundleBudgets;
  readonly allowPickle: boolean;
  readonly open: (readOnly: boolean, run: Run) => Promise<Destination>;
}

export interface CiOptions {
  readonly resolve: Resolve;
  /** What is linted; undefined for nothing. */
  readonly lint:
    | { readonly paths: readonly string[]; readonly exclude: readonly string[]; readonly level: Level }
    | undefined;
  readonly bundles: readonly CiBundle[];
  readonly lock: Lock | undefined;
  /** For messages. */
  readonly lockPath: string;
  readonly upstream: Upstream;
  /** Everything but the transfer. */
  readonly dryRun: boolean;
  readonly jobs: number;
  readonly partSize: number;
  readonly temporary?: string | undefined;
  readonly cwd: string;
  readonly run: Run;
}

export type Gate = 'lint' | 'lock' | 'size-check';

/** The document of `ci --json`. What was not reached is null. */
export interface CiResult {
  readonly schema: 'modelpack.ci/1';
  readonly passed: boolean;
  /** The gate that stopped it. */
  readonly failed: Gate | null;
  readonly lint: LintReport | null;
  readonly bundles: readonly CiBundleResult[];
}

export interface CiBundleResult {
  readonly bundle: string;
  /** As locked. */
  readonly id: string;
  /** Of the bundle, in bytes. */
  readonly size: number;
  readonly lock: LockedChange | null;
  readonly sizeCheck: SizeReport | null;
  readonly fetch: FetchResult | null;
}

/** The same, with what the texts are made from. */
export interface CiRun {
  readonly result: CiResult;
  readonly linted: Linted | undefined;
  readonly locked: LockResult | undefined;
  readonly sizes: ReadonlyMap<string, SizeChecked>;
}

/**
 * One step of a pipeline: lint, lock, sizes, and then the bundles as they are locked. Nothing is transferred before
 * every gate of every bundle is passed, and nothing that the destination holds already.
 *
 * @throws ModelpackError `check` when there is no lock, or it is no answer to what is declared
 */
export async function runCi(options: CiOptions): Promise<CiRun> {
  const { bundles, lock, lockPath, run } = options;
  const ready = bundles.map((bundle) => ({ ...bundle, locked: requireLocked(bundle, lock, lockPath) }));
  const linted =
    options.lint && (await lintPaths(options.lint.paths, { ...options.lint, cwd: options.cwd, run }));
  const sizes = new Map<string, SizeChecked>();
  const fetched = new Map<string, FetchResult>();
  let locked: LockResult | undefined;

  function end(failed: Gate | null): CiRun {
    const results = ready.map(({ name, locked: { id, size } }) => ({
      bundle: name,
      id,
      size,
      lock: locked?.bundles.find(({ bundle }) => bundle === name) ?? null,
      sizeCheck: sizes.get(name)?.report ?? null,
      fetch: fetched.get(name) ?? null,
    }));
    const result = { passed: failed === null, failed, lint: linted?.report ?? null, bundles: results };
    return { result: { schema: 'modelpack.ci/1', ...result }, linted, locked, sizes };
  }

  if (linted?.report.passed === false) return end('lint');

  if (options.upstream !== 'ignore') {
    ({ result: locked } = await lockProject(bundles, {
      resolve: options.resolve,
      former: lock,
      only: bundles.map(({ name }) => name),
      onlyLook: true,
      settings: (name) => bundles.find((bundle) => bundle.name === name)!.budgets,
      run,
    }));
    const moved = locked.bundles.some(({ upToDate }) => !upToDate);
    if (moved && options.upstream === 'fail') return end('lock');
  }

  const sources = ready.map((bundle) => ({
    ...bundle,
    resolve: frozen(bundle, bundle.locked, options.resolve),
  }));
  for (const bundle of sources) {
    sizes.set(bundle.name, await checkBundle(bundle, bundle.budgets, { resolve: bundle.resolve, run }));
  }
  if ([...sizes.values()].some(({ report }) => !report.fits)) return end('size-check');
  if (options.dryRun) return end(null);

  const { jobs, partSize, temporary } = options;
  for (const { name, sources: own, resolve, open, allowPickle } of sources) {
    const result = await fetchBundle(
      own.map(({ asked }) => asked),
      { resolve, selection: automatic, open, allowPickle, jobs, partSize, temporary, dryRun: false, run },
    );
    fetched.set(name, result);
  }
  return end(null);
}
