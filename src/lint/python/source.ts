/** A Python file, or the code of a notebook as one text. */
export interface Source {
  readonly path: string;
  readonly text: string;
  /** Whether the text is the file to the byte, so that it can be written back. */
  readonly exact: boolean;
  /** The offsets where the cells of a notebook begin. */
  readonly cells?: readonly Cell[];
}

export interface Cell {
  /** Counted from one, as notebooks number all their cells. */
  readonly number: number;
  readonly from: number;
}

/** Line and column count from one; a column is a UTF-16 unit, as editors and SARIF count. */
export interface Position {
  readonly line: number;
  readonly column: number;
  /** For a notebook: the line is that of the cell. */
  readonly cell?: number;
}

/** @returns a sentence instead, where the file is no notebook or in no encoding that is known */
export function readSource(path: string, bytes: Uint8Array): Source | string {
  if (path.endsWith('.ipynb')) return notebook(path, bytes);
  const encoding = encodingOf(bytes);
  try {
    const text = decode(bytes, encoding, true);
    return { path, text, exact: encoding === 'utf-8' };
  } catch (error) {
    if (error instanceof RangeError) return `its encoding ${encoding.slice(0, 40)} is not known`;
    // What cannot be read stands in strings and comments, mostly of files older than UTF-8.
    return { path, text: decode(bytes, encoding, false), exact: false };
  }
}

/** Keeps a byte order mark as a character, so that offsets and a file written back stay right. */
function decode(bytes: Uint8Array, encoding: string, fatal: boolean): string {
  return new TextDecoder(encoding, { fatal, ignoreBOM: true }).decode(bytes);
}

/** The declaration in one of the first two lines: https://peps.python.org/pep-0263/ */
function encodingOf(bytes: Uint8Array): string {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 300)).split('\n', 2);
  for (const line of head) {
    const declared = /^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)/.exec(line)?.[1];
    if (declared !== undefined) return standard(declared.toLowerCase().replaceAll('_', '-'));
    if (!/^[ \t\f]*(?:#.*)?\r?$/.test(line)) break;
  }
  return 'utf-8';
}

/** The name that the web has for it: https://encoding.spec.whatwg.org/#names-and-labels */
function standard(name: string): string {
  if (/^utf-?8\b/.test(name)) return 'utf-8';
  return /^(?:latin-1|iso-latin-1|iso8859-1|l1)\b/.test(name) ? 'latin1' : name;
}

function notebook(path: string, bytes: Uint8Array): Source | string {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return 'it is no notebook: its JSON is broken';
  }
  const found = cellsOf(document);
  if (found === undefined) return 'it is no notebook: it has no cells';
  const cells: Cell[] = [];
  let text = '';
  for (const [index, cell] of found.entries()) {
    if (!isRecord(cell) || cell['cell_type'] !== 'code') continue;
    cells.push({ number: index + 1, from: text.length });
    text += `${withoutMagics(sourceOf(cell))}\n`;
  }
  return { path, text, exact: false, cells };
}

/** Of a notebook of format 4, or of the worksheets of format 3. */
function cellsOf(document: unknown): readonly unknown[] | undefined {
  if (!isRecord(document)) return undefined;
  if (Array.isArray(document['cells'])) return document['cells'] as unknown[];
  if (!Array.isArray(document['worksheets'])) return undefined;
  return document['worksheets'].flatMap((sheet) => cellsOf(sheet) ?? []);
}

function sourceOf(cell: Readonly<Record<string, unknown>>): string {
  const lines = cell['source'] ?? cell['input'];
  if (typeof lines === 'string') return lines;
  return Array.isArray(lines) ? lines.filter((line) => typeof line === 'string').join('') : '';
}

/** What is for IPython, not for Python, becomes a comment of the same length. */
function withoutMagics(code: string): string {
  const foreign = /^\s*%%(?!time|timeit|capture|prun)\w+/.test(code);
  const lines = code.split('\n');
  return lines.map((line) => (foreign || /^\s*[%!?]/.test(line) ? blank(line) : line)).join('\n');
}

function blank(line: string): string {
  return line === '' ? '' : `#${line.slice(1)}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Looks up lines without counting from the beginning each time. */
export class Lines {
  readonly #starts: number[] = [0];
  readonly #source: Pick<Source, 'text' | 'cells'>;

  constructor(source: Pick<Source, 'text' | 'cells'>) {
    this.#source = source;
    for (let at = source.text.indexOf('\n'); at >= 0; at = source.text.indexOf('\n', at + 1)) {
      this.#starts.push(at + 1);
    }
  }

  get count(): number {
    return this.#starts.length - (this.#source.text.endsWith('\n') ? 1 : 0);
  }

  /** The number of the line, from zero, in the whole text. */
  row(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  position(offset: number): Position {
    const row = this.row(offset);
    const column = offset - this.#starts[row]! + 1;
    const cell = this.#source.cells?.findLast(({ from }) => from <= offset);
    if (cell === undefined) return { line: row + 1, column };
    return { line: row - this.row(cell.from) + 1, column, cell: cell.number };
  }

  /** The text of a line, without its end. */
  text(row: number): string {
    const from = this.#starts[row] ?? this.#source.text.length;
    const to = this.#starts[row + 1] ?? this.#source.text.length + 1;
    return this.#source.text.slice(from, to - 1).replace(/\r$/, '');
  }

  start(row: number): number {
    return this.#starts[row] ?? this.#source.text.length;
  }
}
