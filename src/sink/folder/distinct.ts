import { ModelpackError } from '../../errors.ts';
import { quoted, shellWord } from '../../printable.ts';
import type { Reference } from './hub-cache.ts';
import { isReserved } from './names.ts';

interface Claim {
  readonly model: string;
  readonly path: string;
}

/**
 * Files and references without those that are the same at the same path: two models may share a file.
 *
 * @throws ModelpackError `usage` when two claim one path for different content, when one is a file where another needs
 * a folder, and for a name that unpacking needs itself
 */
export function distinct<F extends Claim & { readonly sha256: string }>(
  files: readonly F[],
  references: readonly Reference[],
  folders: readonly string[],
): { files: readonly F[]; references: readonly Reference[] } {
  const taken = new Map<string, { model: string; content: string }>();

  function isNew({ model, path }: Claim, content: string): boolean {
    const former = taken.get(path);
    if (former === undefined) taken.set(path, { model, content });
    else if (former.content !== content) throw conflict(path, former.model, model);
    return former === undefined;
  }

  const kept = {
    files: files.filter((file) => isNew(file, file.sha256)),
    references: references.filter((reference) => isNew(reference, reference.content)),
  };
  for (const [path, { model }] of taken) {
    if (isReserved(path)) throw reserved(path, model);
    for (const folder of foldersAbove(path)) {
      const file = taken.get(folder);
      if (file !== undefined) throw conflict(folder, file.model, model);
    }
  }
  for (const folder of folders) {
    const file = taken.get(folder);
    if (file !== undefined) throw conflict(folder, file.model, folder);
  }
  return kept;
}

export function* foldersAbove(path: string): Iterable<string> {
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    yield path.slice(0, slash);
  }
}

function conflict(path: string, one: string, other: string): ModelpackError {
  return new ModelpackError(
    'usage',
    `${quoted(one)} and ${quoted(other)} would both be written to ${quoted(path)}`,
    { hint: `unpack each into a folder of its own: --only ${shellWord(`${one}/`)}` },
  );
}

function reserved(path: string, model: string): ModelpackError {
  return new ModelpackError(
    'usage',
    `${quoted(model)} holds ${quoted(path)}, a name that modelpack uses while it unpacks`,
    { hint: 'unpack the other files: --only <glob>' },
  );
}
