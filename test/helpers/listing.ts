import { readdirSync, readFileSync } from 'node:fs';
import { ModelpackError } from '../../src/errors.ts';
import { select } from '../../src/source/select.ts';
import type { Selection } from '../../src/source/source.ts';

export interface File {
  readonly path: string;
  readonly size: number;
}

/** What a real repository holds. Sizes are bytes; `approximate` has the files that the source names without a size. */
export interface Listing {
  readonly repository: string;
  readonly revision?: string;
  readonly loader: string;
  /** What that loader reads, and why. */
  readonly loads: string;
  readonly source: string;
  readonly sizes: string;
  readonly files: Readonly<Record<string, number>>;
  readonly approximate?: Readonly<Record<string, number>>;
}

const folder = new URL('../data/listings/', import.meta.url);

export const listings: readonly Listing[] = readdirSync(folder)
  .toSorted()
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Listing);

export function filesOf({ files, approximate = {} }: Listing): File[] {
  return Object.entries({ ...files, ...approximate })
    .map(([path, size]) => ({ path, size }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** The files of a repository whose listing is in `test/data/listings`. */
export function real(name: string): File[] {
  const found = listings.find((listing) => listing.repository === name);
  if (found === undefined) throw new Error(`no listing of ${name}`);
  return filesOf(found);
}

const units = { k: 1e3, M: 1e6, G: 1e9 };

/** A made repository. One file a line: its size, its path, then two spaces and why it is left out. */
export function repository(text: string) {
  const rows = text.split('\n').filter((line) => line.trim() !== '');
  return rows.map((line) => {
    const [, number = '', unit = '', path = '', reason] =
      /^ *([\d.]+)([kMG]?) (.+?)(?: {2,}(.+))?$/.exec(line) ?? [];
    const size = Math.round(Number(number) * (units[unit as keyof typeof units] ?? 1));
    return { path, size, reason };
  });
}

const nothing: Selection = { include: [], exclude: [], weights: undefined, all: false };

export function choose(files: readonly File[], selection: Partial<Selection> = {}) {
  return select(files, { ...nothing, ...selection });
}

export function kept(files: readonly File[], selection: Partial<Selection> = {}): string[] {
  return choose(files, selection).kept.map((file) => file.path);
}

export function refusal(files: readonly File[], selection: Partial<Selection> = {}): ModelpackError {
  const outcome = attempt(files, selection);
  if (outcome instanceof ModelpackError) return outcome;
  throw new Error('not refused');
}

export function attempt(files: readonly File[], selection: Partial<Selection> = {}) {
  try {
    return choose(files, selection);
  } catch (error) {
    if (error instanceof ModelpackError) return error;
    throw error;
  }
}
