import type { Call, Module, Scope } from './module.ts';
import type { Node } from './tree.ts';

/** What can be said of an expression without running it. */
export type Value =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'constant'; readonly value: boolean | number | null }
  /** Something that was imported or built in, by its dotted name. */
  | { readonly kind: 'name'; readonly name: string }
  /** What a call of something with a name gives. */
  | { readonly kind: 'result'; readonly name: string; readonly call: Node; readonly site: Site }
  | { readonly kind: 'environment'; readonly variable: string; readonly fallback: Value | undefined }
  | { readonly kind: 'parameter'; readonly name: string; readonly fallback: Value | undefined }
  /** Parts of a path or a text, one behind the other. */
  | { readonly kind: 'joined'; readonly parts: readonly Value[] }
  | { readonly kind: 'either'; readonly values: readonly Value[] }
  /** A dictionary; `open` if it may hold more. */
  | { readonly kind: 'table'; readonly entries: ReadonlyMap<string, Value>; readonly open: boolean }
  | { readonly kind: 'place'; readonly place: 'home' | 'code' | 'working' | 'temporary' }
  | { readonly kind: 'function' | 'class' | 'object'; readonly scope: Scope; readonly module: Module }
  | { readonly kind: 'unknown' };

/** Where an expression stands. */
export interface Site {
  readonly module: Module;
  readonly scope: Scope;
}

export const unknown: Value = { kind: 'unknown' };
export const nothing: Value = { kind: 'constant', value: null };

/** More than this is not followed: expressions that multiply would never end. */
const MOST_VALUES = 6;
const MOST_PARTS = 12;
const LARGEST = 60;

export function textValue(text: string): Value {
  return { kind: 'text', text };
}

/** One of several, each once. */
export function either(values: readonly Value[]): Value {
  const flat = values.flatMap((value) => (value.kind === 'either' ? value.values : [value]));
  const distinct = flat.filter((value, at) => flat.findIndex((other) => isSame(other, value)) === at);
  if (distinct.length === 1) return distinct[0]!;
  if (distinct.length === 0 || distinct.length > MOST_VALUES) return unknown;
  return bounded({ kind: 'either', values: distinct });
}

/** Texts behind each other, with `between` between them: `/` for the parts of a path. */
export function joined(parts: readonly Value[], between: '' | '/'): Value {
  const flat: Value[] = [];
  for (const part of parts.flatMap((each) => (each.kind === 'joined' ? each.parts : [each]))) {
    // The second of `join("a", "/b")` is all that is left.
    if (between === '/' && part.kind === 'text' && part.text.startsWith('/')) flat.length = 0;
    const last = flat.at(-1);
    if (part.kind === 'text' && last?.kind === 'text') {
      const glue = last.text === '' || last.text.endsWith('/') ? '' : between;
      flat[flat.length - 1] = textValue(last.text + glue + part.text);
    } else flat.push(part);
  }
  if (flat.length === 1) return flat[0]!;
  if (flat.length === 0) return textValue('');
  return flat.length > MOST_PARTS ? unknown : bounded({ kind: 'joined', parts: flat });
}

export function environment(variable: string, fallback: Value | undefined): Value {
  return bounded({ kind: 'environment', variable, fallback });
}

function bounded(value: Value): Value {
  return sizeOf(value) > LARGEST ? unknown : value;
}

/** How many values it is made of, counted as far as it matters. */
function sizeOf(value: Value): number {
  const inner = partsOf(value);
  let size = 1;
  for (const each of inner) {
    size += sizeOf(each);
    if (size > LARGEST) break;
  }
  return size;
}

function partsOf(value: Value): readonly Value[] {
  if (value.kind === 'either') return value.values;
  if (value.kind === 'joined') return value.parts;
  if (value.kind === 'environment' || value.kind === 'parameter')
    return value.fallback === undefined ? [] : [value.fallback];
  return [];
}

function isSame(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.kind === 'text' && b.kind === 'text') return a.text === b.text;
  if (a.kind === 'constant' && b.kind === 'constant') return a.value === b.value;
  if (a.kind === 'name' && b.kind === 'name') return a.name === b.name;
  return a.kind === 'unknown' && b.kind === 'unknown';
}

/** The value of one argument of a call, and how it was given. */
export interface Given {
  readonly value: Value;
  /** The whole argument, and the expression in it; absent if it came in a `**` dictionary. */
  readonly node: Node | undefined;
  readonly expression: Node | undefined;
}

export type { Call };
