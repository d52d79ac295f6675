import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';

import { Lines } from '../python/source.ts';
import type { DeployedVariable } from './deployment.ts';

/** A YAML or JSON file as far as it can be read. */
export interface Yaml {
  readonly file: { readonly source: { readonly path: string; readonly text: string }; readonly lines: Lines };
  readonly root: Map;
}

/** A mapping, or an empty one in place of anything else. */
export interface Map {
  get(key: string): Map;
  entries(): readonly {
    readonly name: string;
    readonly value: Map;
    readonly from: number;
    readonly to: number;
  }[];
  /** The text of a scalar; undefined for what is made by a tag such as `!Sub`. */
  readonly text: string | undefined;
  /** The members of a sequence. */
  readonly items: readonly Map[];
  readonly exists: boolean;
}

/** @returns undefined for what is no mapping */
export function readYaml(path: string, text: string): Yaml | undefined {
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { logLevel: 'silent', strict: false, uniqueKeys: false });
  } catch {
    return undefined;
  }
  if (!isMap(document.contents)) return undefined;
  const source = { path, text };
  return { file: { source, lines: new Lines(source) }, root: view(document.contents, document) };
}

function view(node: unknown, document: Document.Parsed): Map {
  const target = isAlias(node) ? node.resolve(document) : node;
  return {
    exists: target !== undefined && target !== null,
    get(key) {
      if (!isMap(target)) return view(undefined, document);
      const own = pairs(target).find((pair) => keyOf(pair) === key);
      return own === undefined ? mergedKey(target, key, document) : view(own.value, document);
    },
    entries() {
      if (!isMap(target)) return [];
      return pairs(target).flatMap((pair) => {
        const [from, to] = (pair.key as Node | null)?.range ?? [0, 0];
        const name = keyOf(pair);
        return name === undefined || name === '<<'
          ? []
          : [{ name, value: view(pair.value, document), from, to }];
      });
    },
    get text() {
      if (!isScalar(target) || (target.tag !== undefined && target.tag.startsWith('!'))) return undefined;
      const { value } = target;
      return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? String(value)
        : undefined;
    },
    get items() {
      return isSeq(target) ? target.items.map((item) => view(item, document)) : [];
    },
  };
}

/** `<<: *defaults` */
function mergedKey(map: YAMLMap, key: string, document: Document.Parsed): Map {
  const merge = pairs(map).find((pair) => keyOf(pair) === '<<');
  return merge === undefined ? view(undefined, document) : view(merge.value, document).get(key);
}

function pairs(map: YAMLMap): readonly Pair[] {
  return map.items;
}

function keyOf({ key }: Pair): string | undefined {
  return isScalar(key) ? String(key.value) : undefined;
}

/** The variables of a mapping from names to values. */
export function variablesOf(map: Map): ReadonlyMap<string, DeployedVariable> {
  return new globalThis.Map(
    map.entries().map(({ name, value, from, to }) => [name, { value: plain(value.text), from, to }]),
  );
}

/** A value in which nothing is put in later. */
function plain(text: string | undefined): string | undefined {
  return text?.includes('${') === true ? undefined : text;
}
