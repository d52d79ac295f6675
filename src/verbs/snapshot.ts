import { layOut } from '../bundle/layout.ts';
import { readBundle } from '../bundle/read.ts';
import type { Content, Stored } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { isComplete, type ComparedModel } from '../lock/changes.ts';
import { decodeLock } from '../lock/decode.ts';
import { modelsIn } from '../lock/lock.ts';
import { brief } from '../printable.ts';
import { decodeRecord, isReport } from '../report/record.ts';
import { isPath } from '../source/folder.ts';
import { plan, plannedModels, UNKNOWN_HASH } from '../source/plan.ts';
import type { Model, Selection } from '../source/source.ts';
import type { Resolve } from '../source/sources.ts';
import { shownSource } from '../source/web/address.ts';

/** Models with their files as something knows them: a bundle, a lock, a report, a source. */
export interface Snapshot {
  /** As the user wrote it. */
  readonly target: string;
  readonly kind: 'bundle' | 'lock' | 'report' | 'source';
  /** Whether it is one bundle of a lock, by its name. */
  readonly isPart: boolean;
  /** One, unless it is a lock. */
  readonly bundles: readonly BundleSnapshot[];
}

export interface BundleSnapshot {
  /** Its name in a lock; null where it has none. */
  readonly name: string | null;
  /** Null where a hash of a file is not known. */
  readonly id: string | null;
  /** Of the tar, in bytes. */
  readonly size: number;
  readonly models: readonly ComparedModel[];
}

export interface SnapshotOptions {
  readonly resolve: Resolve;
  readonly selection: Selection;
  /** Opens a file or an object; undefined for what is neither. */
  readonly open: (target: string) => Promise<Stored | undefined>;
  /** Read what no hash is known of, where that takes no large download. */
  readonly checksum?: boolean;
  readonly run: Run;
}

/** Of a lock or a report, in bytes: 100,000 files take 20 million. */
const LARGEST = 100_000_000;

/**
 * Looks at a bundle, a lock (`modelpack.lock`, or `modelpack.lock#name` for one of its bundles), a report of `size-check`
 * or a source. Moves no weights: listings and indexes are read.
 *
 * @throws ModelpackError `usage` for a file that is none of them
 */
export async function takeSnapshot(target: string, options: SnapshotOptions): Promise<Snapshot> {
  const [, lock, name] = /^(.+\.lock)#(.+)$/s.exec(target) ?? [];
  const stored = await options.open(lock ?? target);
  if (stored !== undefined) return readSnapshot(target, stored, name);
  if (/\.(?:tar|lock|html?)$/.test(lock ?? target)) {
    throw new ModelpackError('not-found', `there is no ${lock ?? target}`, { hint: 'check the path' });
  }
  const { resolve, selection, run } = options;
  const model = await resolve(target, selection, run);
  return {
    target: shownSource(target),
    kind: 'source',
    isPart: false,
    bundles: [await planned(model, options)],
  };
}

async function readSnapshot(target: string, opened: Stored, name: string | undefined): Promise<Snapshot> {
  await using stored = opened;
  const bundle = await readBundle(stored, target);
  if (bundle !== undefined) {
    const { id, size, index } = bundle;
    return {
      target,
      kind: 'bundle',
      isPart: false,
      bundles: [{ name: null, id, size, models: index.models }],
    };
  }
  const head = await headOf(stored);
  if (isReport(head)) {
    const { id, size, models } = decodeRecord(await textOf(stored, target), stored.location);
    return { target, kind: 'report', isPart: false, bundles: [{ name: null, id, size, models }] };
  }
  if (/^\s*\{\s*"version"/.test(head)) {
    const { bundles } = await decodeLock(await textOf(stored, target), stored.location);
    const all = bundles.map((each) => ({ ...each, models: modelsIn(each) }));
    const chosen = name === undefined ? all : all.filter((each) => each.name === name);
    if (chosen.length > 0) return { target, kind: 'lock', isPart: name !== undefined, bundles: chosen };
    throw new ModelpackError('usage', `${stored.location} has no bundle ${brief(name ?? '')}`.trimEnd(), {
      hint: `it has ${all.map((each) => brief(each.name)).join(', ') || 'none'}`,
    });
  }
  throw new ModelpackError('usage', `${target} is no bundle, no lock and no report`, {
    hint: isPath(target)
      ? 'name a bundle, a modelpack.lock or a source'
      : `for a file of this machine write ./${target}`,
  });
}

async function headOf(content: Content): Promise<string> {
  const head = new Uint8Array(Math.min(content.size, 64));
  await content.read(head, 0);
  return new TextDecoder().decode(head);
}

async function textOf(content: Content, target: string): Promise<string> {
  if (content.size > LARGEST) throw new ModelpackError('usage', `${target} is too large`);
  const bytes = new Uint8Array(content.size);
  await content.read(bytes, 0);
  return new TextDecoder().decode(bytes);
}

async function planned(model: Model, { checksum = false, run }: SnapshotOptions): Promise<BundleSnapshot> {
  if (!checksum) {
    const { id, size } = await layOut(plannedModels([model]));
    return { name: null, id: isComplete([model]) ? id : null, size, models: [model] };
  }
  await using made = await plan([model], { onlyLook: true, run });
  const { index, id, size } = made.bundle;
  const models = index.models.map((each) => ({
    ...each,
    files: each.files.map((file) => ({
      ...file,
      sha256: file.sha256 === UNKNOWN_HASH ? undefined : file.sha256,
    })),
  }));
  return { name: null, id: made.complete ? id : null, size, models };
}

/**
 * The bundle that stands for an earlier state of these models: the only one, or the one of a lock that has a model of
 * theirs.
 *
 * @throws ModelpackError `usage` when several of a lock may be meant
 */
export function formerIn({ target, bundles }: Snapshot, now: BundleSnapshot): BundleSnapshot {
  if (bundles.length === 1) return bundles[0]!;
  const ours = new Set(now.models.map(({ name }) => name));
  const alike = bundles.filter(({ models }) => models.some(({ name }) => ours.has(name)));
  if (alike.length === 1) return alike[0]!;
  throw severalIn(target, bundles);
}

export function severalIn(target: string, bundles: readonly BundleSnapshot[]): ModelpackError {
  const names = bundles.map(({ name }) => `${target}#${brief(name ?? '')}`);
  return new ModelpackError('usage', `${target} has ${bundles.length} bundles: which of them?`, {
    hint: names.join(', ') || 'lock one: modelpack lock',
  });
}
