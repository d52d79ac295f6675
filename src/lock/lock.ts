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
