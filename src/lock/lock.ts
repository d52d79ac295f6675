import type { LayoutFile, LayoutModel } from '../bundle/layout.ts';

/** What each bundle of a project is, down to the byte. Sizes are bytes. */
export interface Lock {
  readonly version: typeof LOCK_VERSION;
  /** In byte order of their names. */
  readonly bundles: readonly LockedBundle[];
}

export const LOCK_VERSION = 1;

export interface LockedBundle {
  readonly name: string;
  readonly id: string;
  /** Of the whole tar. */
  readonly size: number;
  /** One for each source. One that shares all of its files with others has none. */
  readonly models: readonly LockedModel[];
}

/** A source at a fixed revision. */
export interface LockedModel extends LayoutModel {
  /** The source as the configuration has it: what the lock is an answer to. */
  readonly asked: string;
  readonly selection: LockedSelection;
  readonly files: readonly LayoutFile[];
}

/** Which files were asked for; what is not there was left to the automatic choice. */
export interface LockedSelection {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly weights?: string;
  readonly all?: true;
}

/** The models that are in the bundle. */
export function modelsIn({ models }: LockedBundle): readonly LockedModel[] {
  return models.filter(({ files }) => files.length > 0);
}

/** The sources of a bundle as they are asked for now. */
export interface Asked {
  readonly asked: string;
  readonly selection: LockedSelection;
}

/** Without what is the default. */
export function lockedSelection(selection: {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly weights: string | undefined;
  readonly all: boolean;
}): LockedSelection {
  const { include, exclude, weights, all } = selection;
  return {
    ...(include.length > 0 && { include }),
    ...(exclude.length > 0 && { exclude }),
    ...(weights !== undefined && { weights }),
    ...(all && { all }),
  };
}

/** Why a lock is no answer to what is asked for now; undefined when it is. */
export function staleness(sources: readonly Asked[], { models }: LockedBundle): string | undefined {
  const added = sources.find(({ asked }) => models.every((model) => model.asked !== asked));
  if (added !== undefined) return `${added.asked} is not locked`;
  const gone = models.find(({ asked }) => sources.every((source) => source.asked !== asked));
  if (gone !== undefined) return `${gone.asked} is locked and not asked for any more`;
  const other = sources.find(({ asked, selection }) =>
    models.some((model) => model.asked === asked && !isSameSelection(model.selection, selection)),
  );
  return other && `${other.asked} was locked with another choice of files`;
}

function isSameSelection(a: LockedSelection, b: LockedSelection): boolean {
  const spelled = ({ include, exclude, weights, all }: LockedSelection) =>
    JSON.stringify([include, exclude, weights, all]);
  return spelled(a) === spelled(b);
}
