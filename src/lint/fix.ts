import { CACHE_ROOT, CACHE_ROOT_VARIABLE } from '../cache-paths/root.ts';
import type { CacheArgument } from '../cache-paths/library.ts';
import type { Edit } from './finding.ts';
import type { Use } from './project.ts';
import { textOf, type Module } from './python/module.ts';
import { child, type Node } from './python/tree.ts';

/** The expression for a cache path, as practice 1 has it. */
export function fromEnvironment(fallback = `"${CACHE_ROOT}"`): string {
  return `os.environ.get("${CACHE_ROOT_VARIABLE}", ${fallback})`;
}

/** Gives a call one more argument. */
export function addArgument(
  { call, site: { module }, args }: Use,
  argument: CacheArgument,
  value: string,
): Edit[] {
  const list = child(call.node, 'arguments');
  if (list?.type !== 'argument_list') return [];
  const text = written(argument, value);
  const last = args.nodes.at(-1);
  if (last === undefined) return [{ from: list.to - 1, to: list.to - 1, text }];
  const row = module.lines.row(last.from);
  const indent = /^\s*/.exec(module.lines.text(row))![0];
  const alone = module.lines.start(row) + indent.length === last.from && list.from < module.lines.start(row);
  return [{ from: last.to, to: last.to, text: alone ? `,\n${indent}${text}` : `, ${text}` }];
}

/** An argument as it is written in a call: `cache_dir=…`, or in the dictionary that takes it. */
export function written({ name, inside }: CacheArgument, value: string): string {
  return inside === undefined ? `${name}=${value}` : `${inside}={"${name}": ${value}}`;
}

export function replace(node: Node, text: string): Edit[] {
  return [{ from: node.from, to: node.to, text }];
}

/** The edits with `import os`, if it is missing; none at all if `os` is something else. */
export function withOs(edits: readonly Edit[], module: Module): readonly Edit[] | undefined {
  if (edits.length === 0 || !module.source.exact) return undefined;
  const bound = module.scope.names.get('os');
  if (bound !== undefined) {
    const isOs = bound.every((each) => each.kind === 'import' && each.name === 'os');
    return isOs ? edits : undefined;
  }
  const before = firstStatement(module);
  return before === undefined
    ? undefined
    : [{ from: before, to: before, text: `import os${newline(module)}` }, ...edits];
}

function newline({ source: { text } }: Module): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** Where an import can stand: behind the docstring and what is from the future, on a line of its own. */
function firstStatement({ root, lines, source }: Module): number | undefined {
  const first = root.children.find((node, at) => {
    if (node.type === 'future_import_statement') return false;
    return !(at === 0 && node.type === 'expression_statement' && node.children[0]?.type === 'string');
  });
  if (first === undefined) return undefined;
  const before = source.text.slice(lines.start(lines.row(first.from)), first.from);
  return before === '' || before === '\uFEFF' ? first.from : undefined;
}

/** The text of a node with the edits inside it made. */
export function edited(module: Module, node: Node, edits: readonly Edit[]): string {
  const inside = edits.filter(({ from, to }) => from >= node.from && to <= node.to);
  return apply(
    textOf(module, node),
    inside.map(({ from, to, text }) => ({ from: from - node.from, to: to - node.from, text })),
  );
}

/** Makes edits in a text; of two that overlap, the first. Equal ones are made once. */
export function apply(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  let last: Edit | undefined;
  for (const edit of edits.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    const again = last?.from === edit.from && last.to === edit.to && last.text === edit.text;
    if (edit.from < at || again) continue;
    result += text.slice(at, edit.from) + edit.text;
    at = edit.to;
    last = edit;
  }
  return result + text.slice(at);
}
