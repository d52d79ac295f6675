import type { CacheCall, Library } from '../cache-paths/library.ts';
import { libraries } from '../cache-paths/table.ts';

/** A call of the table, and the library that it is of. */
export interface Listed {
  readonly library: Library;
  readonly call: CacheCall;
}

interface Pattern extends Listed {
  readonly segments: readonly RegExp[];
}

const byHead = new Map<string, Pattern[]>();
for (const library of libraries) {
  for (const call of library.calls) {
    const [head = '', ...tail] = call.call.split('.');
    const segments = tail.map((segment) => new RegExp(`^${segment.split('*').map(quote).join('.*')}$`));
    byHead.set(head, [...(byHead.get(head) ?? []), { library, call, segments }]);
  }
}

function quote(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The call of the table with this dotted name. Modules between its parts do not matter. */
export function listed(name: string): Listed | undefined {
  const [head = '', ...rest] = canonical(name).split('.');
  if (rest.some((segment) => segment.includes('('))) return undefined;
  return byHead.get(head)?.find(({ segments }) => fits(segments, rest));
}

/** Keras under its other names. */
function canonical(name: string): string {
  return name.replace(/^(?:tensorflow\.keras|tensorflow\.python\.keras|tf_keras)\./, 'keras.');
}

/** From the end, since names at the beginning may be modules in between. */
function fits(segments: readonly RegExp[], names: readonly string[]): boolean {
  let at = names.length;
  for (const segment of segments.toReversed()) {
    do {
      at--;
      if (at < 0 || (at === names.length - 1 && !segment.test(names[at]!))) return false;
    } while (!segment.test(names[at]!) && isModule(names[at]!));
    if (!segment.test(names[at]!)) return false;
  }
  return names.slice(0, at).every(isModule);
}

function isModule(name: string): boolean {
  return /^[a-z_]/.test(name);
}

/** The libraries that are used where this is imported or called. */
export function usedBy(name: string): readonly Library[] {
  const full = canonical(name);
  return libraries.filter(({ modules }) =>
    modules.some((module) => full === module || full.startsWith(`${module}.`)),
  );
}

/** Every variable of the table, with the libraries that read it. */
export const readersOf: ReadonlyMap<string, readonly Library[]> = (() => {
  const readers = new Map<string, Library[]>();
  for (const library of libraries) {
    for (const { name } of library.variables) {
      const known = readers.get(name) ?? [];
      if (!known.includes(library)) readers.set(name, [...known, library]);
    }
  }
  return readers;
})();
