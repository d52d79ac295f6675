import type { Lines, Position } from './python/source.ts';

export const levels = ['error', 'warning', 'note'] as const;
/**
 * - `error`: it cannot work on Lambda;
 * - `warning`: it fails unless something outside the code helps, or it costs more than it has to;
 * - `note`: worth knowing, or not sure.
 */
export type Level = (typeof levels)[number];

/** A place in a file that a rule has something to say about. */
export interface Finding {
  readonly code: string;
  readonly level: Level;
  readonly path: string;
  readonly start: Position;
  readonly end: Position;
  /** What is wrong, and why. */
  readonly message: string;
  /** What to do. */
  readonly help?: string | undefined;
  /** The code as it should be, to copy. */
  readonly instead?: string | undefined;
  /** What makes it so; only where nothing else changes by it. */
  readonly fix?: readonly Replacement[] | undefined;
  /** The lines that it is about, for a caret below them. */
  readonly excerpt: Excerpt;
}

export interface Edit {
  /** UTF-16 offsets in the text of the file. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The same for those who count lines and columns. */
export interface Replacement extends Edit {
  readonly start: Position;
  readonly end: Position;
}

export interface Excerpt {
  readonly text: string;
  /** Of the text, where the caret begins, and how many characters it is long. */
  readonly from: number;
  readonly length: number;
}

/** What a rule says of a range; where that is gets worked out from the file. */
export type Remark = Pick<Finding, 'message' | 'help' | 'instead'> & {
  readonly level?: Level;
  readonly fix?: readonly Edit[] | undefined;
  readonly range: { readonly from: number; readonly to: number };
};

/** A file that findings can be in. */
export interface File {
  readonly source: { readonly path: string; readonly text: string };
  readonly lines: Lines;
}

export function findingIn(
  file: File,
  code: string,
  usual: Level,
  { range, level = usual, fix, ...said }: Remark,
): Finding {
  const { lines, source } = file;
  const row = lines.row(range.from);
  const text = lines.text(row);
  const from = range.from - lines.start(row);
  return {
    code,
    level,
    path: source.path,
    start: lines.position(range.from),
    end: lines.position(Math.max(range.from, range.to)),
    ...said,
    ...(fix !== undefined && {
      fix: fix.map((edit) => ({ ...edit, start: lines.position(edit.from), end: lines.position(edit.to) })),
    }),
    excerpt: { text, from, length: Math.max(1, Math.min(range.to - range.from, text.length - from)) },
  };
}

export function compareFindings(a: Finding, b: Finding): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  const { start: one, end } = a;
  const other = b.start;
  return (
    (one.cell ?? 0) - (other.cell ?? 0) ||
    one.line - other.line ||
    one.column - other.column ||
    end.line - b.end.line ||
    (a.code < b.code ? -1 : Number(a.code > b.code))
  );
}
