import { checkPath } from '../bundle/path.ts';
import { messageOf, ModelpackError } from '../errors.ts';
import { quoted } from '../printable.ts';
import type { Run } from '../events.ts';
import { folder } from './folder.ts';
import type { Model, Selection, Source } from './source.ts';

/** Turns what the user wrote, `name=source` included, into a model at a fixed revision. */
export type Resolve = (text: string, selection: Selection, run: Run) => Promise<Model>;

/** Everything: the whole of a local folder, the automatic choice of a repository. */
export const automatic: Selection = { include: [], exclude: [], weights: undefined, all: false };

const planned = ['clip', 'easyocr', 'whisper'];

/** The one place that knows which spelling belongs to which source. */
export function resolver(hub: Source): Resolve {
  return async (text, selection, run) => {
    const { name, reference } = splitName(text);
    run.report({ type: 'resolving', source: reference });
    const model = await sourceOf(reference, hub).resolve(reference, selection, run);
    // Before anything is asked for by these names: in an address, too, `..` leads elsewhere.
    for (const { path } of model.files) checkPath(path, model.name);
    const size = model.files.reduce((sum, file) => sum + file.size, 0);
    run.report({
      type: 'resolved',
      source: reference,
      revision: model.revision,
      files: model.files.length,
      size,
    });
    return name === undefined ? model : renamed(model, name);
  };
}

/** Paths begin as paths do; everything else without a scheme is a name on the Hub. */
export function isPath(reference: string): boolean {
  return /^(\.{1,2}$|\.{0,2}\/|~\/|[A-Za-z]:[\\/])/.test(reference);
}

function sourceOf(reference: string, hub: Source): Source {
  if (isPath(reference)) return folder;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(reference)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === 'hf' || scheme === 'https' || scheme === 'http') return hub;
  const what = planned.includes(scheme) ? 'is not in this version yet' : 'is no source that modelpack knows';
  throw new ModelpackError('usage', `${quoted(`${scheme}:`)} ${what}`, {
    hint: 'sources are org/name, hf:org/name@revision, ./folder and ./file',
  });
}

/** `name=source`; an address may have a `=` of its own, so a name has no colon. */
function splitName(text: string): { name: string | undefined; reference: string } {
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
