import type { Model } from './source.ts';

/**
 * Leaves a file that several models of one folder have to one of them: EasyOCR's detector, say, for two of its readers.
 * Which one does not depend on the order of `models`, so neither does the bundle.
 *
 * @returns the models in their order; one that shares all of its files has none left
 */
export function share(models: readonly Model[]): Model[] {
  const owners = new Map<string, { readonly model: Model; readonly hash: string }>();
  for (const model of models.toSorted(inOrder)) {
    for (const { path, sha256, md5 } of model.shares === true ? model.files : []) {
      const place = `${model.name}/${path}`;
      const hash = sha256 ?? md5;
      if (hash !== undefined && !owners.has(place)) owners.set(place, { model, hash });
    }
  }
  return models.map((model) => {
    if (model.shares !== true) return model;
    const files = model.files.filter(({ path, sha256, md5 }) => {
      const owner = owners.get(`${model.name}/${path}`);
      return owner === undefined || owner.model === model || owner.hash !== (sha256 ?? md5);
    });
    return { ...model, files };
  });
}

function inOrder(a: Model, b: Model): number {
  return a.source < b.source ? -1 : a.source > b.source ? 1 : 0;
}
