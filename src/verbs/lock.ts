import { checkPlaces } from '../bundle/layout.ts';
import type { Run } from '../events.ts';
import type { LockedBundle, LockedModel } from '../lock/lock.ts';
import { plan } from '../source/plan.ts';
import { share } from '../source/share.ts';
import type { Model } from '../source/source.ts';
import type { Resolve } from '../source/sources.ts';
import { together } from '../together.ts';
import { askedOf, type Declared } from './declared.ts';

export interface LockOptions {
  readonly resolve: Resolve;
  /** What was locked before: what cannot have changed since is not read again. */
  readonly former: LockedBundle | undefined;
  /**
   * Compare only: of a large file whose hash its source does not give, one of the same size is taken for the same. To
   * lock it, it is downloaded.
   */
  readonly onlyLook: boolean;
  /** A folder for one temporary file. */
  readonly temporary?: string | undefined;
  readonly run: Run;
}

export interface Looked extends LockedBundle {
  /** False when a hash is missing, and so the id is not known. */
  readonly complete: boolean;
}

/** What the sources of a bundle are now, file by file. No weights move, unless nothing else tells their hash. */
export async function lockBundle({ name, sources }: Declared, options: LockOptions): Promise<Looked> {
  const { resolve, former, onlyLook, temporary, run } = options;
  const resolved = share(
    await together(
      run,
      sources.map(
        ({ reference, selection }) =>
          (current) =>
            resolve(reference, selection, current),
      ),
    ),
  ).map((model) => inherit(model, former, onlyLook));
  const models = resolved.filter(({ files }) => files.length > 0);
  checkPlaces(models);
  await using planned = await plan(models, { onlyLook, temporary, run });
  const { id, size, layout } = planned.bundle;
  const hashes = new Map(
    layout.members.slice(1).map(({ model, file, sha256 }) => [models[model]!.files[file]!, sha256]),
  );
  return {
    name,
    id,
    size,
    complete: planned.complete,
    models: resolved.map((model, at): LockedModel => {
      return {
        ...askedOf(sources[at]!),
        name: model.name,
        source: model.source,
        revision: model.revision,
        ref: model.ref,
        license: model.license,
        files: model.files.map((file) => ({ path: file.path, size: file.size, sha256: hashes.get(file)! })),
      };
    }),
  };
}

/** Takes the hashes that are known from before: at one commit a file stays what it is. */
function inherit(model: Model, former: LockedBundle | undefined, onlyLook: boolean): Model {
  const same = former?.models.filter(
    ({ name, source, revision }) =>
      name === model.name && source === model.source && revision === model.revision,
  );
  const known = new Map(same?.flatMap(({ files }) => files.map((file) => [file.path, file] as const)));
  return {
    ...model,
    files: model.files.map((file) => {
      const before = known.get(file.path);
      const fixed = model.revision !== undefined || (onlyLook && file.remote === true);
      const taken = fixed && file.sha256 === undefined && before?.size === file.size;
      return taken ? { ...file, sha256: before.sha256 } : file;
    }),
  };
}
