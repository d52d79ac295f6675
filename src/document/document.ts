import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Node,
} from 'yaml';

import { messageOf, ModelpackError, type ErrorOptions } from '../errors.ts';
import { printable } from '../printable.ts';

/** A place in a document: keys of mappings and positions in lists, from the root on. */
export type Place = readonly (string | number)[];

/** A YAML or JSON text, and where in it everything stands. */
export interface Structured {
  readonly where: string;
  readonly value: unknown;
  /**
   * A refusal of what stands at a place, with its line and column.
   *
   * @param part the key itself, or its value
   */
  refuse(place: Place, message: string, options?: ErrorOptions & { readonly part?: Part }): ModelpackError;
}

export type Part = 'key' | 'value';

/** Bytes of a text that is still read: far more than anybody writes. */
const LARGEST = 1024 * 1024;
/** Times that aliases may be followed: a few lines of them can stand for gigabytes. */
const ALIASES = 100;

export interface ReadOptions {
  /** Characters of a text that is still read. */
  readonly largest?: number;
  /** What to do about a text that cannot be read. */
  readonly hint?: string;
}

/**
 * Reads one YAML document, of which JSON is a special case.
 *
 * @param where the file, for messages
 * @throws ModelpackError `usage` with line and column: broken syntax, a key twice, unknown tags, too many aliases
 */
export function readDocument(text: string, where: string, options: ReadOptions = {}): Structured {
  const { largest = LARGEST, hint = 'mend the file there' } = options;
  if (text.length > largest)
    throw refusal(where, undefined, `it has more than ${largest} characters`, { hint });
  const lines = new LineCounter();
  const document = parse(text, where, lines, hint);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw refusal(where, problem.linePos?.[0], inWords(problem.message), { hint });
  const lost = lostAlias(document);
  if (lost !== undefined)
    throw refusal(where, lines.linePos(lost.range[0]), `there is no anchor &${lost.source}`, { hint });
  const structured = {
    where,
    refuse(place, message, { part = 'value', ...more } = {}) {
      const range = rangeOf(document, place, part);
      return refusal(where, range ? lines.linePos(range[0]) : undefined, message, {
        ...more,
        hint: more.hint ?? hint,
      });
    },
  } satisfies Omit<Structured, 'value'>;
  try {
    return { ...structured, value: document.toJS({ maxAliasCount: ALIASES }) as unknown };
  } catch (cause) {
    throw refusal(where, undefined, `its aliases cannot be followed: ${messageOf(cause)}`, { cause, hint });
  }
}

function parse(text: string, where: string, lineCounter: LineCounter, hint: string): Document.Parsed {
  try {
    return parseDocument(text, { lineCounter, merge: true, prettyErrors: true, logLevel: 'error' });
  } catch (cause) {
    // Nesting without end leaves the parser no stack.
    throw refusal(where, undefined, 'it cannot be read as YAML', { cause, hint });
  }
}

/** Its first line, without the place that we say ourselves. */
function inWords(message: string): string {
  const [first = ''] = message.split('\n');
  if (/call stack/.test(first)) return 'it is nested too deeply';
  return first.replace(/ at line \d+, column \d+:?$/, '').replace(/^\w/, (letter) => letter.toLowerCase());
}

function lostAlias(document: Document.Parsed): Alias.Parsed | undefined {
  let lost: Alias.Parsed | undefined;
  let count = 0;
  visit(document, {
    Alias(_, node) {
      // To follow one means to look through the whole document.
      if (++count <= 10 * ALIASES && node.resolve(document) !== undefined) return undefined;
      lost = node as Alias.Parsed;
      return visit.BREAK;
    },
  });
  return lost;
}

function refusal(
  where: string,
  at: { readonly line: number; readonly col: number } | undefined,
  message: string,
  { hint, cause }: ErrorOptions = {},
): ModelpackError {
  const place = at === undefined ? where : `${where}:${at.line}:${at.col}`;
  return new ModelpackError('usage', `${place}: ${printable(message)}`, {
    hint,
    cause,
  });
}

/** Of what stands there, or else of what is nearest above it. */
function rangeOf(document: Document.Parsed, place: Place, part: Part): Node['range'] {
  let node: unknown = document.contents;
  let found = rangeIn(node);
  for (const [depth, step] of place.entries()) {
    const from = isAlias(node) ? node.resolve(document) : node;
    if (isMap(from)) {
      const pair = from.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) return found;
      node = pair.value;
      const key = depth === place.length - 1 && part === 'key' ? pair.key : node;
      found = rangeIn(key) ?? rangeIn(pair.key) ?? found;
    } else if (isSeq(from)) {
      node = from.items[Number(step)];
      found = rangeIn(node) ?? found;
    } else return found;
  }
  return found;
}

function rangeIn(node: unknown): Node['range'] {
  return (node as Node | null | undefined)?.range;
}
