import { compareBytes } from '../bundle/layout.ts';

/** A model as far as it can be compared. Hashes are hex, and those that its source gives. */
export interface ComparedModel {
  readonly name: string;
  readonly source: string;
  readonly revision?: string | undefined;
  readonly ref?: string | undefined;
  readonly license?: string | undefined;
  readonly files: readonly ComparedFile[];
}

export interface ComparedFile {
  readonly path: string;
  readonly size: number;
  readonly sha256?: string | undefined;
  readonly blobSha1?: string | undefined;
  readonly md5?: string | undefined;
}

/** What became of one file. Sizes are bytes; `before` is undefined for one that is new, `after` for one that is gone. */
export interface FileChange {
  /** `<model name>/<path>`, as in the bundle. */
  readonly path: string;
  readonly before: number | undefined;
  readonly after: number | undefined;
  /** Where it stood, of one in another place. */
  readonly from?: string;
  /** Of one in another place: it is the same. */
  readonly equal?: true;
  /** Both sides have as many bytes, and no hash that could be compared. */
  readonly unsure?: true;
}

/** What became of one model: its revision, its source, or the model itself. */
export interface ModelChange {
  readonly name: string;
  /** The one it has now, or had last. */
  readonly source: string;
  readonly before: ModelFacts | undefined;
  readonly after: ModelFacts | undefined;
  /** The name it had, of one under another name. */
  readonly from?: string;
}

export type ModelFacts = Pick<ComparedModel, 'source' | 'revision' | 'ref' | 'license'>;

export interface Changes {
  readonly models: readonly ModelChange[];
  /** In byte order of their paths. */
  readonly files: readonly FileChange[];
  /** Of all files. */
  readonly size: { readonly before: number; readonly after: number };
}

/** From one choice of models to another. */
export function changesOf(before: readonly ComparedModel[], after: readonly ComparedModel[]): Changes {
  const pairs = pairsOf(before, after);
  return {
    models: modelChanges(pairs),
    files: fileChanges(pairs),
    size: { before: sizeOf(before), after: sizeOf(after) },
  };
}

/** Whether a bundle of the one is a bundle of the other. */
export function isSame({ models, files }: Changes): boolean {
  return models.length === 0 && files.length === 0;
}

type Pair = readonly [was: ComparedModel | undefined, is: ComparedModel | undefined];

/**
 * Which model became which: those of one name and source; then of one name; of one source, under another name; and
 * what is left, if it is one on each side.
 */
function pairsOf(before: readonly ComparedModel[], after: readonly ComparedModel[]): readonly Pair[] {
  const pairs: Pair[] = [];
  let [old, now] = [before, after];
  const keys = [
    ({ name, source }: ComparedModel) => `${name}\n${source}`,
    ({ name }: ComparedModel) => name,
    ({ source }: ComparedModel) => source,
    () => '',
  ];
  for (const key of keys) {
    const [ours, theirs] = [uniqueBy(old, key), uniqueBy(now, key)];
    const found = [...theirs].flatMap(([own, is]): Pair[] => (ours.has(own) ? [[ours.get(own), is]] : []));
    pairs.push(...found);
    const matched = new Set(found.flat());
    old = old.filter((model) => !matched.has(model));
    now = now.filter((model) => !matched.has(model));
  }
  const single = [...old.map((was): Pair => [was, undefined]), ...now.map((is): Pair => [undefined, is])];
  return [...pairs, ...single].toSorted((a, b) => compareBytes(nameIn(a), nameIn(b)));
}

/** Models by a key that no other one has. */
function uniqueBy(models: readonly ComparedModel[], key: (model: ComparedModel) => string) {
  const found = new Map<string, ComparedModel>();
  const twice = new Set<string>();
  for (const model of models) {
    if (found.has(key(model))) twice.add(key(model));
    found.set(key(model), model);
  }
  for (const each of twice) found.delete(each);
  return found;
}

function nameIn([was, is]: Pair): string {
  return (is ?? was)!.name;
}

function modelChanges(pairs: readonly Pair[]): ModelChange[] {
  return pairs.flatMap(([was, is]): ModelChange[] => {
    const { name, source } = (is ?? was)!;
    const from = was !== undefined && is !== undefined && was.name !== is.name ? was.name : undefined;
    const [before, after] = [was && factsOf(was), is && factsOf(is)];
    if (from === undefined && JSON.stringify(before) === JSON.stringify(after)) return [];
    return [{ name, source, before, after, ...(from !== undefined && { from }) }];
  });
}

function factsOf({ source, revision, ref, license }: ComparedModel): ModelFacts {
  return { source, revision, ref, license };
}

/** A file with its place in the bundle, and the place that it would have under the model's new name. */
interface Placed {
  readonly place: string;
  readonly stands: string;
  readonly file: ComparedFile;
  /** Source and commit: a file of one path in both has one content. */
  readonly origin: string | undefined;
}

function fileChanges(pairs: readonly Pair[]): FileChange[] {
  const old = placed(pairs.map(([was, is]) => [was, is?.name ?? was?.name]));
  const now = placed(pairs.map(([, is]) => [is, is?.name]));
  const from = moves(
    [...old.values()].filter(({ place }) => !now.has(place)),
    [...now.values()].filter(({ place }) => !old.has(place)),
  );
  const moved = new Set(from.values());
  return [...new Set([...old.keys(), ...now.keys()])]
    .toSorted(compareBytes)
    .flatMap((place): FileChange[] => {
      if (moved.has(place)) return [];
      const [was, is] = [old.get(from.get(place) ?? place), now.get(place)];
      const equal = was !== undefined && is !== undefined && isEqual(was, is);
      const isElsewhere = was !== undefined && is !== undefined && was.stands !== is.stands;
      if (equal === true && !isElsewhere) return [];
      return [
        {
          path: (is ?? was)!.stands,
          before: was?.file.size,
          after: is?.file.size,
          ...(isElsewhere && { from: was.stands }),
          ...(equal === true && { equal }),
          ...(equal === undefined && { unsure: true }),
        },
      ];
    });
}

/** Whether the files of one place are the same; undefined where nothing that is known tells. */
function isEqual(was: Placed, is: Placed): boolean | undefined {
  if (was.file.size !== is.file.size) return false;
  for (const hash of ['sha256', 'blobSha1', 'md5'] as const) {
    const [one, other] = [was.file[hash], is.file[hash]];
    if (one !== undefined && other !== undefined) return one === other;
  }
  return was.origin !== undefined && was.origin === is.origin ? true : undefined;
}

/**
 * Files that are gone from one place and new in another, by the new one; of several that are the same, those of one
 * name first. Empty files are all the same.
 */
function moves(gone: readonly Placed[], added: readonly Placed[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const taken = new Set<string>();
  const keys = [
    (place: string, hash: string) => `${hash} ${nameOf(place)}`,
    (_: string, hash: string) => hash,
  ];
  for (const key of keys) {
    const places = new Map<string, string[]>();
    for (const { place, file } of gone.toReversed()) {
      if (file.size === 0 || file.sha256 === undefined || taken.has(place)) continue;
      const own = key(place, file.sha256);
      const others = places.get(own);
      if (others === undefined) places.set(own, [place]);
      else others.push(place);
    }
    for (const { place, file } of added) {
      if (file.sha256 === undefined || found.has(place)) continue;
      const former = places.get(key(place, file.sha256))?.pop();
      if (former === undefined) continue;
      found.set(place, former);
      taken.add(former);
    }
  }
  return found;
}

function nameOf(place: string): string {
  return place.slice(place.lastIndexOf('/') + 1);
}

function placed(models: readonly (readonly [model: ComparedModel | undefined, name: string | undefined])[]) {
  const found = new Map<string, Placed>();
  for (const [model, name] of models) {
    if (model === undefined) continue;
    const origin = model.revision === undefined ? undefined : `${model.source}@${model.revision}`;
    for (const file of model.files) {
      const place = `${name}/${file.path}`;
      found.set(place, { place, stands: `${model.name}/${file.path}`, file, origin });
    }
  }
  return found;
}

function sizeOf(models: readonly ComparedModel[]): number {
  return models.flatMap(({ files }) => files).reduce((sum, { size }) => sum + size, 0);
}

/** Whether the hash of every file is known, and so the id of their bundle. */
export function isComplete(models: readonly ComparedModel[]): boolean {
  return models.every(({ files }) => files.every(({ sha256 }) => sha256 !== undefined));
}
