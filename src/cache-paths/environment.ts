import type { Library } from './library.ts';
import { CACHE_ROOT_VARIABLE } from './root.ts';
import { libraries as all, shortName } from './table.ts';

/** The document of `env --json`. */
export interface Environment {
  readonly schema: 'modelpack.env/1';
  readonly cacheRoot: string;
  /** The libraries that it is for. */
  readonly libraries: readonly string[];
  readonly variables: readonly EnvironmentVariable[];
  /** What no variable of its own moves. */
  readonly unmoved: readonly Unmoved[];
  readonly notes: readonly string[];
  /** Bytes of all names and values: Lambda allows 4,096. */
  readonly size: number;
}

export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
  readonly libraries: readonly string[];
  /** When it is read: `import` if any of the libraries copies it then. */
  readonly readAt: 'import' | 'call';
  /** A sentence. */
  readonly why: string;
}

export interface Unmoved {
  readonly library: string;
  readonly call: string;
  /** The argument that moves it; null if there is none. */
  readonly argument: string | null;
  readonly fallback: string;
}

export interface EnvironmentOptions {
  /** An absolute path. */
  readonly cacheRoot: string;
  /** By name; all of the table unless told. */
  readonly libraries?: readonly string[] | undefined;
  /** Whether `HOME` is set as well. */
  readonly home: boolean;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST_BYTES = 4096;

/** The variables that put the caches of libraries under one root. */
export function environment({ cacheRoot, libraries, home }: EnvironmentOptions): Environment {
  const chosen = all.filter(({ name }) => libraries === undefined || libraries.includes(name));
  const variables = [rootVariable(cacheRoot), ...settingsOf(chosen, cacheRoot)];
  const unmoved = chosen.flatMap(unmovedOf);
  if (home) {
    const value = /^\/(?:tmp|mnt\/[^/]+)/.exec(cacheRoot)?.[0] ?? cacheRoot;
    const names = chosen.filter(isUnmoved).map(shortName);
    const why = 'the home folder, for what no variable of its own moves; everything else moves with it';
    variables.push({ name: 'HOME', value, libraries: names, readAt: 'import', why });
  }
  const size = variables.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
  return {
    schema: 'modelpack.env/1',
    cacheRoot,
    libraries: chosen.map(({ name }) => name),
    variables,
    unmoved,
    notes: notesOn(chosen, { cacheRoot, home, size, unmoved }),
    size,
  };
}

function rootVariable(cacheRoot: string): EnvironmentVariable {
  const why = 'what the code gives to calls: cache_dir=os.environ["MODEL_CACHE_FS_PATH"]';
  return { name: CACHE_ROOT_VARIABLE, value: cacheRoot, libraries: [], readAt: 'call', why };
}

function settingsOf(chosen: readonly Library[], cacheRoot: string): EnvironmentVariable[] {
  const folders = new Map(
    chosen.flatMap(({ settings }) => settings.map(({ variable, folder }) => [variable, folder])),
  );
  return [...folders].map(([name, folder]) => {
    const readers = chosen.filter(({ settings }) => settings.some(({ variable }) => variable === name));
    const read = readers.flatMap(({ variables }) => variables.filter((each) => each.name === name));
    const readAt = read.some((each) => each.readAt === 'import') ? 'import' : 'call';
    const names = [...new Set(readers.map(shortName))];
    const below = [...new Set(read.map((each) => each.below))];
    const notes = [...new Set(read.flatMap(({ note }) => note ?? []))];
    const where =
      below.length === 0 ? 'settings only' : below.map((each) => `$${name}${each && `/${each}`}`).join(', ');
    const when = readAt === 'import' ? 'read when the library is imported' : 'read when a model is loaded';
    return {
      name,
      value: `${cacheRoot}/${folder}`,
      libraries: names,
      readAt,
      why: [`${names.join(', ')}: ${where}; ${when}`, ...notes].join('; '),
    };
  });
}

function isUnmoved(library: Library): boolean {
  return library.safe !== true && library.variables.length === 0 && unmovedOf(library).length > 0;
}

function unmovedOf(library: Library): Unmoved[] {
  if (library.safe === true || library.variables.length > 0) return [];
  return library.calls
    .filter(({ kind }) => kind === 'load' || kind === 'download' || kind === 'path')
    .slice(0, 1)
    .map(({ call, arguments: [argument] }) => ({
      library: shortName(library),
      call,
      argument: argument?.name ?? null,
      fallback: library.fallback,
    }));
}

interface Circumstances {
  readonly cacheRoot: string;
  readonly home: boolean;
  readonly size: number;
  readonly unmoved: readonly Unmoved[];
}

function notesOn(chosen: readonly Library[], { cacheRoot, home, size, unmoved }: Circumstances): string[] {
  const uses = (name: string) =>
    chosen.some(({ settings }) => settings.some(({ variable }) => variable === name));
  const notes: string[] = [];
  if (chosen.length === 0) notes.push('no library of the table was found');
  if (!/^\/(?:tmp|mnt)(?:\/|$)/.test(cacheRoot))
    notes.push(`${cacheRoot} is outside of /tmp and /mnt: on Lambda it can only be read`);
  for (const { library, call, argument } of unmoved) {
    const means = argument === null ? 'call it in a folder below /tmp' : `give ${argument}`;
    notes.push(`no variable moves ${library}: ${means} (${call})${home ? '; HOME does' : ''}`);
  }
  if (unmoved.length > 0 && !home)
    notes.push('HOME=/tmp moves what has no variable, and everything else too: --home adds it');
  if (uses('NLTK_DATA')) notes.push('NLTK downloads to NLTK_DATA only if the folder exists: make it first');
  if (uses('HF_HOME'))
    notes.push('HF_HUB_OFFLINE=1 keeps Hugging Face from asking the network for models that are there');
  if (size > MOST_BYTES)
    notes.push(`${size} bytes: Lambda allows ${MOST_BYTES} for all variables of a function`);
  return notes;
}
