import type { LayoutModel } from '../bundle/layout.ts';
import { ModelpackError } from '../errors.ts';
import type { Report, Run } from '../events.ts';
import type { Model, ModelFile, Selection } from './source.ts';
import type { Resolve } from './sources.ts';

const everything: Selection = { include: [], exclude: [], weights: undefined, all: true };

/**
 * A model that is known to the byte already. Its source is asked for nothing before bytes of it are wanted, and then
 * for the locked revision; a file that is another one there is refused.
 *
 * @param reference of what has no revision: how the user wrote it
 */
export function lockedModel(locked: LayoutModel, reference: string, resolve: Resolve): Model {
  const { name, source, revision, ref, license, files } = locked;
  const pinned = revision === undefined ? reference : `${source}@${revision}`;
  let opened: ReturnType<typeof open> | undefined;

  async function open(run: Run) {
    const model = await resolve(pinned, everything, { ...run, report: withoutResolving(run.report) });
    const there = new Map(model.files.map((file) => [file.path, file]));
    for (const file of files) refuseOther(file, there.get(file.path), source);
    return { model, there };
  }

  function openOnce(run: Run) {
    if (opened !== undefined) return opened;
    opened = open(run);
    opened.catch(() => (opened = undefined));
    return opened;
  }

  return {
    name,
    source,
    revision,
    ref,
    license,
    files,
    leftOut: [],
    async checkAccess(run) {
      const { model } = await openOnce(run);
      await model.checkAccess(run);
    },
    async read(file, into, start, run) {
      const { model, there } = await openOnce(run);
      await model.read(there.get(file.path)!, into, start, run);
    },
  };
}

/** It is asked for everything; what counts is known already. */
function withoutResolving(report: Report): Report {
  return (event) => {
    if (event.type !== 'resolving' && event.type !== 'resolved') report(event);
  };
}

function refuseOther(locked: ModelFile, found: ModelFile | undefined, source: string): void {
  const what =
    found === undefined
      ? 'is not there any more'
      : found.size !== locked.size
        ? `has ${found.size} bytes, the lock says ${locked.size}`
        : found.sha256 !== undefined && found.sha256 !== locked.sha256
          ? 'is another file than the lock says'
          : undefined;
  if (what === undefined) return;
  throw new ModelpackError('check', `${locked.path} of ${source} ${what}`, {
    hint: 'see what changed: modelpack lock --check; take it: modelpack lock',
  });
}
