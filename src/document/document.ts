import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';

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
  if (problem !== undefined) {
    const [message = ''] = problem.message.split('\n');
    throw refusal(
      where,
      problem.linePos?.[0],
      message.replace(/ at line \d+, column \d+:?$/, '').replace(/^\w/, (c) => c.toLowerCase()),
      { hint },
    );
  }
  const structured = {
    where,
    refuse(place, message, { part = 'value', ...more } = {}) {
      const range = rangeOf(document, place, part);
      return refusal(where, range ? lines.linePos(range[0]) : undefined, message, { hint, ...more });
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
    return parseDocument(text, { lineCounter, merge: true, prettyErrors: true, logLevel: 'silent' });
  } catch (cause) {
    // Nesting without end leaves the parser no stack.
    throw refusal(where, undefined, 'it cannot be read as YAML', { cause, hint });
  }
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
