import type { Binding, Scope } from './module.ts';
import type { Node } from './tree.ts';

/** The statements of a block and of the blocks in it, but not of functions. */
export function statementsOf(block: Node): Node[] {
  return block.children.flatMap((each) => {
    if (!/_statement$|^block$|_clause$/.test(each.type)) return [];
    return [each, ...statementsOf(each)];
  });
}

/** A name as Python looks it up: classes are skipped from inside their methods. */
export function lookUp(
  name: string,
  scope: Scope,
): { readonly scope: Scope; readonly bindings: readonly Binding[] } | undefined {
  for (let here: Scope | undefined = scope; here !== undefined; here = here.parent) {
    if (here.kind === 'class' && here !== scope) continue;
    const bindings = here.names.get(name);
    if (bindings !== undefined) return { scope: here, bindings };
  }
  return undefined;
}

/** Those that a use can see: of the ones before it, all from the last that surely ran. */
export function reaching(bindings: readonly Binding[], use: number | undefined): readonly Binding[] {
  if (use === undefined) return bindings;
  const before = bindings.filter(({ at }) => at < use);
  const sure = before.findLastIndex(({ block }) => block.from <= use && use < block.to);
  return before.length === 0 ? bindings : before.slice(Math.max(sure, 0));
}
