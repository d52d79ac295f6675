import type { Settings } from '../budget/check.ts';
import { effectOf, type Effect } from '../budget/effect.ts';
import { changesOf, isSame, type ComparedModel, type FileChange, type ModelFacts } from '../lock/changes.ts';
import { together } from '../together.ts';
import {
  severalIn,
  takeSnapshot,
  type BundleSnapshot,
  type Snapshot,
  type SnapshotOptions,
} from './snapshot.ts';

export interface DiffOptions extends SnapshotOptions {
  /** What the function has, for the budgets. */
  readonly settings?: Settings;
}

/** The document of `diff --json`. Sizes are bytes. */
export interface DiffResult {
  readonly schema: 'modelpack.diff/1';
  /** Whether nothing differs, as far as it is known. */
  readonly same: boolean;
  readonly before: Pick<Snapshot, 'target' | 'kind'>;
  readonly after: Pick<Snapshot, 'target' | 'kind'>;
  /** One, unless both are locks. */
  readonly bundles: readonly BundleDiff[];
}

export interface BundleDiff {
  /** Its name in a lock; null where it has none. */
  readonly bundle: string | null;
  readonly same: boolean;
  /** Null where there was no such bundle, or is none any more. */
  readonly before: BundleFacts | null;
  readonly after: BundleFacts | null;
  readonly counts: Readonly<Record<FileDiff['change'], number>>;
  readonly models: readonly ModelDiff[];
  readonly files: readonly FileDiff[];
  readonly budgets: readonly Effect[];
}

export interface BundleFacts {
  /** Null where a hash of a file is not known. */
  readonly id: string | null;
  /** Of all files. */
  readonly size: number;
  /** Of the tar. */
  readonly bundleSize: number;
  readonly files: number;
}

export interface ModelDiff {
  readonly name: string;
  readonly source: string;
  readonly change: 'added' | 'removed' | 'changed' | 'renamed';
  /** Its former name, of one that was renamed. */
  readonly from: string | null;
  readonly before: ModelFacts | null;
  readonly after: ModelFacts | null;
}

export interface FileDiff {
  /** `<model name>/<path>`, as in the bundle. */
  readonly path: string;
  /** `unknown`: as large as before, and no hash tells whether it is the same. */
  readonly change: 'added' | 'removed' | 'changed' | 'moved' | 'unknown';
  /** Where it stood, of one in another place. */
  readonly from: string | null;
  readonly before: number | null;
  readonly after: number | null;
}

/**
 * Says what differs between two bundles, locks or sources. Reads listings and indexes only.
 *
 * @throws ModelpackError `usage` for a lock of several bundles beside what is one
 */
export async function diff(before: string, after: string, options: DiffOptions): Promise<DiffResult> {
  const [old, now] = await together(
    options.run,
    [before, after].map((target) => (run) => takeSnapshot(target, { ...options, run })),
  );
  const bundles = pairsOf(old!, now!).map(([was, is]) => bundleDiff(was, is, options.settings));
  return {
    schema: 'modelpack.diff/1',
    same: bundles.every(({ same }) => same),
    before: { target: old!.target, kind: old!.kind },
    after: { target: now!.target, kind: now!.kind },
    bundles,
  };
}

type Pair = readonly [was: BundleSnapshot | undefined, is: BundleSnapshot | undefined];

/** Bundles of two locks by their names; otherwise there has to be one on each side. */
function pairsOf(old: Snapshot, now: Snapshot): readonly Pair[] {
  if (old.kind === 'lock' && now.kind === 'lock' && !(old.isPart && now.isPart)) {
    const names = new Set([...old.bundles, ...now.bundles].map(({ name }) => name));
    const named = ({ bundles }: Snapshot, name: string | null) => bundles.find((each) => each.name === name);
    return [...names].map((name) => [named(old, name), named(now, name)]);
  }
  for (const { target, bundles } of [old, now]) if (bundles.length !== 1) throw severalIn(target, bundles);
  return [[old.bundles[0], now.bundles[0]]];
}

/** What became of one bundle, or of what was none before. */
export function bundleDiff(
  was: BundleSnapshot | undefined,
  is: BundleSnapshot | undefined,
  settings: Settings = {},
): BundleDiff {
  const changes = changesOf(was?.models ?? [], is?.models ?? []);
  const files = changes.files.map(fileDiff);
  const count = (change: FileDiff['change']) => files.filter((each) => each.change === change).length;
  return {
    bundle: is?.name ?? was?.name ?? null,
    same: isSame(changes) && was !== undefined && is !== undefined,
    before: was === undefined ? null : factsOf(was),
    after: is === undefined ? null : factsOf(is),
    counts: {
      added: count('added'),
      removed: count('removed'),
      changed: count('changed'),
      moved: count('moved'),
      unknown: count('unknown'),
    },
    models: changes.models.map(({ name, source, from, before, after }) => ({
      name,
      source,
      change:
        before === undefined
          ? 'added'
          : after === undefined
            ? 'removed'
            : from === undefined
              ? 'changed'
              : 'renamed',
      from: from ?? null,
      before: before ?? null,
      after: after ?? null,
    })),
    files,
    budgets: effectOf(subjectOf(was), subjectOf(is), settings),
  };
}

function fileDiff({ path, from, equal, unsure, before, after }: FileChange): FileDiff {
  return { path, change: kind(), from: from ?? null, before: before ?? null, after: after ?? null };

  function kind(): FileDiff['change'] {
    if (before === undefined) return 'added';
    if (after === undefined) return 'removed';
    if (equal === true) return 'moved';
    return unsure === true ? 'unknown' : 'changed';
  }
}

function factsOf({ id, size, models }: BundleSnapshot): BundleFacts {
  const sizes = sizesOf(models);
  return { id, size: sizes.reduce((sum, each) => sum + each, 0), bundleSize: size, files: sizes.length };
}

function subjectOf(bundle: BundleSnapshot | undefined) {
  return { fileSizes: sizesOf(bundle?.models ?? []), bundleSize: bundle?.size ?? 0 };
}

function sizesOf(models: readonly ComparedModel[]): number[] {
  return models.flatMap(({ files }) => files.map(({ size }) => size));
}
