import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node as YamlNode,
  type Pair,
  type YAMLMap,
} from 'yaml';

/** A YAML or JSON file as far as it can be read. */
export interface Yaml {
  readonly root: Node;
  /** The first thing that is wrong with it, which a lenient reader passes over. Lines and columns count from one. */
  readonly error: { readonly message: string; readonly line: number; readonly column: number } | undefined;
}

/** A value in the file, or none: what is looked for in the wrong kind of value is not there. */
export interface Node {
  readonly exists: boolean;
  get(key: string): Node;
  entries(): readonly Entry[];
  /** The text of a scalar; undefined for what is made by a tag such as `!Sub`. */
  readonly text: string | undefined;
  /** The members of a sequence. */
  readonly items: readonly Node[];
  /** `Sub` for `!Sub`, with what it stands before. */
  readonly tagged: { readonly tag: string; readonly node: Node } | undefined;
  /** Where it begins, from one; 0 for none. */
  readonly line: number;
}

export interface Entry {
  readonly name: string;
  readonly value: Node;
  /** Of the name, from one. */
  readonly line: number;
  /** Offsets of the name. */
  readonly from: number;
  readonly to: number;
}

/** A merge that leads to itself would have no end. */
const DEEPEST_MERGE = 20;

/** @returns undefined for what is no mapping */
export function readYaml(text: string): Yaml | undefined {
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      logLevel: 'silent',
      strict: false,
      uniqueKeys: false,
      lineCounter: lines,
    });
  } catch {
    return undefined;
  }
  if (!isMap(document.contents)) return undefined;
  const [error] = document.errors;
  return {
    root: new View(document.contents, document, lines),
    error: error && {
      message: error.message.split(' at line ')[0]!,
      line: error.linePos?.[0].line ?? 1,
      column: error.linePos?.[0].col ?? 1,
    },
  };
}

/** A text that does not stand in the file, as a value of it; undefined for none at all. */
export function literal(text: string | undefined, line: number): Node {
  return {
    exists: text !== undefined,
    get: () => literal(undefined, 0),
    entries: () => [],
    text,
    items: [],
    tagged: undefined,
    line,
  };
}

class View implements Node {
  readonly #target: unknown;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #untagged: boolean;

  constructor(node: unknown, document: Document.Parsed, lines: LineCounter, untagged = false) {
    this.#target = isAlias(node) ? node.resolve(document) : node;
    this.#document = document;
    this.#lines = lines;
    this.#untagged = untagged;
  }

  #view(node: unknown): Node {
    return new View(node, this.#document, this.#lines);
  }

  get exists(): boolean {
    return this.#target !== undefined && this.#target !== null && !isNull(this.#target);
  }

  get line(): number {
    const offset = (this.#target as YamlNode | null | undefined)?.range?.[0];
    return offset === undefined ? 0 : this.#lines.linePos(offset).line;
  }

  get(key: string, depth = 0): Node {
    if (!isMap(this.#target)) return this.#view(undefined);
    const own = pairs(this.#target).find((pair) => keyOf(pair) === key);
    if (own !== undefined) return this.#view(own.value);
    // `<<: *defaults`
    const merge = pairs(this.#target).find((pair) => keyOf(pair) === '<<');
    if (merge === undefined || depth === DEEPEST_MERGE) return this.#view(undefined);
    const merged = this.#view(merge.value);
    const sources = merged.items.length > 0 ? merged.items : [merged];
    for (const source of sources as readonly View[]) {
      const value = source.get(key, depth + 1);
      if (value.exists) return value;
    }
    return this.#view(undefined);
  }

  entries(): readonly Entry[] {
    if (!isMap(this.#target)) return [];
    return pairs(this.#target).flatMap((pair) => {
      const [from, to] = (pair.key as YamlNode | null)?.range ?? [0, 0];
      const name = keyOf(pair);
      if (name === undefined || name === '<<') return [];
      return [{ name, value: this.#view(pair.value), line: this.#lines.linePos(from).line, from, to }];
    });
  }

  get #tag(): string | undefined {
    const tag = (this.#target as YamlNode | null | undefined)?.tag;
    return !this.#untagged && tag?.startsWith('!') === true ? tag.slice(1) : undefined;
  }

  get tagged(): { readonly tag: string; readonly node: Node } | undefined {
    const tag = this.#tag;
    return tag === undefined
      ? undefined
      : { tag, node: new View(this.#target, this.#document, this.#lines, true) };
  }

  get text(): string | undefined {
    if (!isScalar(this.#target) || this.#tag !== undefined) return undefined;
    const { value } = this.#target;
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined;
  }

  get items(): readonly Node[] {
    return isSeq(this.#target) ? this.#target.items.map((item) => this.#view(item)) : [];
  }
}

function isNull(node: unknown): boolean {
  return isScalar(node) && node.value === null;
}

function pairs(map: YAMLMap): readonly Pair[] {
  return map.items;
}

function keyOf({ key }: Pair): string | undefined {
  return isScalar(key) ? String(key.value) : undefined;
}
