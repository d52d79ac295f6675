import { compareBytes, type LayoutModel } from '../bundle/layout.ts';

/** What became of one file. Sizes are bytes; `before` is undefined for one that is new, `after` for one that is gone. */
export interface FileChange {
  /** `<model name>/<path>`, as in the bundle. */
  readonly path: string;
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/** What became of one model: its revision, or the model itself. */
export interface ModelChange {
  readonly name: string;
  readonly source: string;
  readonly before: Pick<LayoutModel, 'revision' | 'ref' | 'license'> | undefined;
  readonly after: Pick<LayoutModel, 'revision' | 'ref' | 'license'> | undefined;
}

export interface Changes {
  readonly models: readonly ModelChange[];
  /** In byte order of their paths. */
  readonly files: readonly FileChange[];
  /** Of all files. */
  readonly size: { readonly before: number; readonly after: number };
}

/** From one choice of models to another. */
export function changesOf(before: readonly LayoutModel[], after: readonly LayoutModel[]): Changes {
  return {
    models: modelChanges(before, after),
    files: fileChanges(before, after),
    size: { before: sizeOf(before), after: sizeOf(after) },
  };
}

/** Whether a bundle of the one is a bundle of the other. */
export function isSame({ models, files }: Changes): boolean {
  return models.length === 0 && files.length === 0;
}

function modelChanges(before: readonly LayoutModel[], after: readonly LayoutModel[]): ModelChange[] {
  const [old, now] = [byKey(before), byKey(after)];
  return [...new Set([...old.keys(), ...now.keys()])].toSorted(compareBytes).flatMap((key) => {
    const [was, is] = [old.get(key), now.get(key)];
    const { name, source } = (is ?? was)!;
    const facts = (model: LayoutModel | undefined) =>
      model && { revision: model.revision, ref: model.ref, license: model.license };
    return JSON.stringify(facts(was)) === JSON.stringify(facts(is))
      ? []
      : [{ name, source, before: facts(was), after: facts(is) }];
  });
}

function byKey(models: readonly LayoutModel[]): Map<string, LayoutModel> {
  return new Map(models.map((model) => [`${model.name}\n${model.source}`, model]));
}

function fileChanges(before: readonly LayoutModel[], after: readonly LayoutModel[]): FileChange[] {
  const [old, now] = [filesOf(before), filesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].toSorted(compareBytes).flatMap((path) => {
    const [was, is] = [old.get(path), now.get(path)];
    if (was !== undefined && is !== undefined && was.sha256 === is.sha256 && was.size === is.size) return [];
    return [{ path, before: was?.size, after: is?.size }];
  });
}

function filesOf(models: readonly LayoutModel[]) {
  return new Map(
    models.flatMap(({ name, files }) => files.map((file) => [`${name}/${file.path}`, file] as const)),
  );
}

function sizeOf(models: readonly LayoutModel[]): number {
  return models.flatMap(({ files }) => files).reduce((sum, { size }) => sum + size, 0);
}
