import type { File, Finding } from './finding.ts';
import type { Module } from './python/module.ts';
import type { Node } from './python/tree.ts';

/** `# modelpack: ignore`, `# modelpack: ignore[code, code]`, and `ignore-file` for all of a file. */
const pattern = /#\s*modelpack:\s*ignore(-file)?(?![\w-])(?:\[([^\]]*)\])?/;

interface Ignore {
  readonly row: number;
  readonly file: boolean;
  /** All of them, where none is named. */
  readonly codes: ReadonlySet<string> | undefined;
  readonly from: number;
  readonly to: number;
}

function readIgnore(text: string, from: number, row: number): Ignore | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const codes = match[2]
    ?.split(',')
    .map((code) => code.trim())
    .filter(Boolean);
  const at = from + match.index;
  return {
    row,
    file: match[1] !== undefined,
    codes: codes && new Set(codes),
    from: at,
    to: at + match[0].length,
  };
}

/** What comments of a Python file ask for. */
export function ignoresIn({ comments, source, lines }: Module): readonly Ignore[] {
  return comments.flatMap(
    ({ from, to }) => readIgnore(source.text.slice(from, to), from, lines.row(from)) ?? [],
  );
}

/** The same for a file whose comments begin with `#`, line by line. */
export function ignoresOf({ source, lines }: File): readonly Ignore[] {
  if (!source.text.includes('modelpack:')) return [];
  return source.text.split('\n').flatMap((text, row) => readIgnore(text, lines.start(row), row) ?? []);
}

/** Ignored from the first line of the statement to its last, so that the comment can stand at either. */
export function isIgnored(
  { code }: Pick<Finding, 'code'>,
  rows: { readonly first: number; readonly last: number },
  ignores: readonly Ignore[],
): boolean {
  return ignores.some(({ file, row, codes }) => {
    if (codes !== undefined && !codes.has(code)) return false;
    return file || (row >= rows.first && row <= rows.last);
  });
}

/** The lines of the simple statement around an offset. */
export function statementRows({ root, lines }: Module, offset: number): { first: number; last: number } {
  let node: Node = root;
  for (;;) {
    const inner: Node | undefined = node.children.find(({ from, to }) => from <= offset && offset < to);
    if (inner === undefined || isSimple(node)) break;
    node = inner;
  }
  if (!isSimple(node)) return { first: lines.row(offset), last: lines.row(offset) };
  return { first: lines.row(node.from), last: lines.row(Math.max(node.from, node.to - 1)) };
}

function isSimple({ type }: Node): boolean {
  return /^(?:expression_statement|import_statement|import_from_statement|return_statement|assert_statement|raise_statement|delete_statement)$/.test(
    type,
  );
}
