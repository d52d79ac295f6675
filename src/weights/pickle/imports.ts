import { Unreadable } from '../failure.ts';
import { isSafe } from './safe.ts';

export interface Import {
  /** Undefined where it is computed while the pickle is loaded. */
  readonly module: string | undefined;
  readonly name: string | undefined;
}

/** No file of weights has as many. */
const LIMIT = 10_000;

/** What was found to be imported, each once, in the order in which it was found. */
export class Imports {
  readonly #found = new Map<string, Import>();
  readonly #distrusted = new Set<string>();

  get size(): number {
    return this.#found.size;
  }

  add(found: Import): void {
    if (this.size === LIMIT) throw new Unreadable(`imports more than ${LIMIT} names`);
    this.#found.set(keyOf(found), found);
  }

  /** Takes one for unsafe that is not always. */
  distrust(found: Import): void {
    this.#distrusted.add(keyOf(found));
  }

  all(): string[] {
    return distinct([...this.#found.values()]);
  }

  unsafe(): string[] {
    return distinct(
      [...this.#found.values()].filter((each) => !isSafe(each) || this.#distrusted.has(keyOf(each))),
    );
  }
}

function keyOf({ module, name }: Import): string {
  return JSON.stringify([module ?? null, name ?? null]);
}

function distinct(imports: readonly Import[]): string[] {
  return [...new Set(imports.map(({ module = '?', name = '?' }) => `${module}.${name}`))];
}
