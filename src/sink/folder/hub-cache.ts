import type { IndexModel } from '../../bundle/contents.ts';
import { ModelpackError } from '../../errors.ts';
import { brief } from '../../printable.ts';

/*
 * The cache of the Hugging Face libraries (https://huggingface.co/docs/huggingface_hub/guides/manage-cache):
 *
 *   models--org--name/refs/<branch or tag>        the commit, without a newline
 *   models--org--name/snapshots/<commit>/<path>   here the file itself; they have a link into blobs/ instead
 */

/** A small file that no bundle holds. It is written last, when what it speaks of is there. */
export interface Reference {
  readonly model: string;
  readonly path: string;
  readonly content: string;
}

/** The branch that a loader looks for when it is told none. */
const DEFAULT = 'main';

/** @throws ModelpackError `integrity` for what no fetch has written into an index */
export function snapshotFolder({ source, revision = '' }: IndexModel, where: string): string {
  if (/^hf:[\w.-]+(\/[\w.-]+)?$/.test(source) && /^[0-9a-f]{40}$/.test(revision)) {
    return `${repositoryFolder(source)}/snapshots/${revision}`;
  }
  const what = brief(`${source}@${revision}`);
  throw new ModelpackError('integrity', `${where}: ${what} is no repository at a commit`, {
    hint: 'unpack it with --layout flat',
  });
}

/**
 * The branches and tags that models were asked for by. And where all models of a repository are of one commit, that is
 * the default: the loader that is told no revision is to find it, also when it was asked for by its hash or a tag.
 */
export function hubReferences(models: readonly IndexModel[]): Reference[] {
  const asked = models.flatMap((model) => (model.ref === undefined ? [] : [reference(model, model.ref)]));
  const only = models.filter(({ source, revision }) =>
    models.every((other) => other.source !== source || other.revision === revision),
  );
  return [...asked, ...only.map((model) => reference(model, DEFAULT))];
}

function reference({ name, source, revision = '' }: IndexModel, ref: string): Reference {
  return { model: name, path: `${repositoryFolder(source)}/refs/${ref}`, content: revision };
}

function repositoryFolder(source: string): string {
  return `models--${source.slice('hf:'.length).replaceAll('/', '--')}`;
}
