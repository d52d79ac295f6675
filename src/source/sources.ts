import { checkPath } from '../bundle/path.ts';
import { messageOf, ModelpackError } from '../errors.ts';
import { quoted } from '../printable.ts';
import type { Run } from '../events.ts';
import { folder, isPath } from './folder.ts';
import type { Model, Selection, Source } from './source.ts';
import { shownSource } from './web/address.ts';

/** Turns what the user wrote, `name=source` included, into a model at a fixed revision. */
export type Resolve = (text: string, selection: Selection, run: Run) => Promise<Model>;

/** Everything: the whole of a local folder, the automatic choice of a repository. */
export const automatic: Selection = { include: [], exclude: [], weights: undefined, all: false };

/**
 * What turns references into models: the folders of this machine, and `sources`, of which the first that accepts a
 * reference has it.
 */
export function resolver(...sources: readonly Source[]): Resolve {
  const all = [folder, ...sources];
  return async (text, selection, run) => {
    const { name, reference } = splitName(text);
    const shown = shownSource(reference);
    run.report({ type: 'resolving', source: shown });
    const source = all.find((each) => each.accepts(reference));
    if (source === undefined) throw unknown(reference, all);
    const model = await source.resolve(reference, selection, run);
    // Before anything is asked for by these names: in an address, too, `..` leads elsewhere.
    for (const { path } of model.files) checkPath(path, model.name);
    const size = model.files.reduce((sum, file) => sum + file.size, 0);
    run.report({
      type: 'resolved',
      source: shown,
      revision: model.revision,
      files: model.files.length,
      size,
    });
    return name === undefined ? model : renamed(model, name);
  };
}

function unknown(reference: string, sources: readonly Source[]): ModelpackError {
  const scheme = reference.slice(0, reference.indexOf(':') + 1);
  return new ModelpackError('usage', `${quoted(scheme || reference)} is no source that modelpack knows`, {
    hint: `sources are ${sources.map(({ spelling }) => spelling).join(', ')}`,
  });
}

/** `name=source`; an address may have a `=` of its own, so a name has no colon. */
export function splitName(text: string): { name: string | undefined; reference: string } {
  const [, name, reference] = /^([^=:]+)=(.+)$/s.exec(text) ?? [];
  return name === undefined || isPath(name)
    ? { name: undefined, reference: text }
    : { name, reference: reference! };
}

function renamed(model: Model, name: string): Model {
  try {
    checkPath(name, 'name=source');
  } catch (cause) {
    // The user's own slip, not a foreign file's.
    throw new ModelpackError('usage', messageOf(cause), {
      hint: 'a name is a folder in the bundle: vision, or org/name',
      cause,
    });
  }
  return { ...model, name };
}
