import { ModelpackError } from '../errors.ts';
import { lockedSelection, staleness, type Asked, type Lock, type LockedBundle } from '../lock/lock.ts';
import { lockedModel } from '../source/locked.ts';
import type { Selection } from '../source/source.ts';
import type { Resolve } from '../source/sources.ts';
import { shownSource } from '../source/web/address.ts';

/** A bundle as a configuration declares it. */
export interface Declared {
  readonly name: string;
  readonly sources: readonly DeclaredSource[];
}

export interface DeclaredSource {
  /** As the configuration has it. */
  readonly asked: string;
  /** The same for a resolver: paths are those of the working directory. */
  readonly reference: string;
  readonly selection: Selection;
}

/** What a lock calls a source. */
export function askedOf({ asked, selection }: DeclaredSource): Asked {
  return { asked: shownSource(asked), selection: lockedSelection(selection) };
}

/** The sources of a bundle as they are upstream now, each with its own choice of files. */
export function upstream({ sources }: Declared, resolve: Resolve): Resolve {
  return (text, _, run) => {
    const { reference, selection } = sources.find(({ asked }) => asked === text)!;
    return resolve(reference, selection, run);
  };
}

/** The sources of a bundle as they are locked. Upstream is asked for nothing before bytes are wanted. */
export function frozen({ sources }: Declared, locked: LockedBundle, resolve: Resolve): Resolve {
  return async (text) => {
    const source = sources.find(({ asked }) => asked === text)!;
    const model = locked.models.find(({ asked }) => asked === askedOf(source).asked)!;
    return lockedModel(model, source.reference, resolve);
  };
}

/**
 * The lock of a bundle, if it is an answer to what is declared now.
 *
 * @param where the lock, for messages
 * @throws ModelpackError `check`
 */
export function requireLocked(declared: Declared, lock: Lock | undefined, where: string): LockedBundle {
  const hint = 'write it, and commit it: modelpack lock';
  if (lock === undefined) throw new ModelpackError('check', `there is no ${where}`, { hint });
  const locked = lock.bundles.find(({ name }) => name === declared.name);
  const stale =
    locked === undefined
      ? `it has no bundle ${declared.name}`
      : staleness(declared.sources.map(askedOf), locked);
  if (stale === undefined) return locked!;
  throw new ModelpackError('check', `${where} is out of date: ${stale}`, { hint });
}
