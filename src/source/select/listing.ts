/** One file of a repository as the Hub lists it. */
export interface Listed {
  readonly path: string;
  readonly size: number;
}

/** Paths that are left out, each with the reason. */
export type Reasons = ReadonlyMap<string, string>;

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The folder of `path`, without `/` at the end; empty for the top. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The names of the folders `path` lies in, outermost first. */
export function folders(path: string): string[] {
  return path.split('/').slice(0, -1);
}

export function isBelow(path: string, folder: string): boolean {
  return folder === '' || path.startsWith(`${folder}/`);
}

/** In the order in which the keys first come. */
export function grouped<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
