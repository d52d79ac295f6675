import type { Settings } from '../budget/check.ts';
import type { Run } from '../events.ts';
import { LOCK_VERSION, modelsIn, staleness, type Lock, type LockedBundle } from '../lock/lock.ts';
import type { Resolve } from '../source/sources.ts';
import { askedOf, type Declared } from './declared.ts';
import { bundleDiff, type BundleDiff } from './diff.ts';
import { lockBundle, type Looked } from './lock.ts';

export interface LockProjectOptions {
  readonly resolve: Resolve;
  readonly former: Lock | undefined;
  /** Bundles that are looked at; the others stay as they are locked. */
  readonly only: readonly string[];
  /** Compare only, and download nothing for it. */
  readonly onlyLook: boolean;
  /** What the function of a bundle has. */
  readonly settings: (bundle: string) => Settings;
  readonly temporary?: string | undefined;
  readonly run: Run;
}

/** The document of `lock --json`. Sizes are bytes. */
export interface LockResult {
  readonly schema: 'modelpack.lock/1';
  /** Whether the lock was, before this run, what the sources are now. */
  readonly upToDate: boolean;
  readonly bundles: readonly LockedChange[];
  /** Locked, and not declared any more. */
  readonly removed: readonly string[];
}

/** What became of one bundle since it was locked. */
export interface LockedChange extends BundleDiff {
  readonly bundle: string;
  readonly upToDate: boolean;
  /** Why the lock is no answer to the configuration, where that is what changed. */
  readonly reason: string | null;
}

/** Looks at the sources of a project's bundles, and compares them with its lock. */
export async function lockProject(
  declared: readonly Declared[],
  options: LockProjectOptions,
): Promise<{ readonly result: LockResult; readonly lock: Lock }> {
  const { former, only } = options;
  const before = new Map(former?.bundles.map((bundle) => [bundle.name, bundle]));
  const bundles: LockedBundle[] = [];
  const changes: LockedChange[] = [];
  for (const bundle of declared) {
    const locked = before.get(bundle.name);
    if (!only.includes(bundle.name)) {
      if (locked !== undefined) bundles.push(locked);
      continue;
    }
    const now = await lockBundle(bundle, { ...options, former: locked });
    bundles.push(now);
    changes.push(changeOf(bundle, locked, now, options.settings(bundle.name)));
  }
  const removed = [...before.keys()].filter((name) => declared.every((bundle) => bundle.name !== name));
  const upToDate = former !== undefined && removed.length === 0 && changes.every((each) => each.upToDate);
  return {
    result: { schema: 'modelpack.lock/1', upToDate, bundles: changes, removed },
    lock: { version: LOCK_VERSION, bundles },
  };
}

function changeOf(
  declared: Declared,
  former: LockedBundle | undefined,
  now: Looked,
  settings: Settings,
): LockedChange {
  const was = former && { ...former, models: modelsIn(former) };
  const is = { ...now, id: now.complete ? now.id : null, models: modelsIn(now) };
  const reason =
    former === undefined ? 'it was not locked' : (staleness(declared.sources.map(askedOf), former) ?? null);
  const diff = bundleDiff(was, is, settings);
  return { ...diff, bundle: now.name, upToDate: reason === null && diff.same, reason };
}
