import type { CacheArgument } from '../../cache-paths/library.ts';
import type { Evaluator } from './evaluate.ts';
import { lookUp } from './names.ts';
import { textOf, type Call } from './module.ts';
import { child, type Node } from './tree.ts';
import type { Given, Site, Value } from './value.ts';

/** The arguments of a call, as they can be asked for. */
export interface Arguments {
  readonly nodes: readonly Node[];
  /** By name, or by position where it has one; undefined if it is not given. */
  get(argument: CacheArgument): Given | undefined;
  /** Names in `**` dictionaries whose keys are not known. */
  readonly spread: readonly Spread[];
  /** Whether there is a `*list`, behind which positions say nothing. */
  readonly starred: boolean;
}

/** A `**name` that may hold any argument. */
export interface Spread {
  readonly text: string;
  /** Whether it is what the caller of the function gave. */
  readonly byCaller: boolean;
}

export function argumentsOf(call: Call, site: Site, evaluator: Evaluator): Arguments {
  const { module } = site;
  const nodes = (child(call.node, 'arguments')?.children ?? []).filter(
    ({ parent }) => parent?.type === 'argument_list',
  );
  const positional: Given[] = [];
  const named = new Map<string, Given>();
  const spread: Spread[] = [];
  let starred = false;
  for (const node of nodes) {
    if (node.type === 'keyword_argument') {
      const expression = child(node, 'value');
      const name = textOf(module, child(node, 'name') ?? node);
      named.set(name, { value: evaluator.value(expression, site), node, expression });
    } else if (node.type === 'dictionary_splat') {
      const inner = node.children[0];
      const value = evaluator.value(inner, site);
      if (value.kind === 'table') {
        for (const [name, each] of value.entries) {
          if (!named.has(name)) named.set(name, { value: each, node: undefined, expression: undefined });
        }
      }
      if (value.kind !== 'table' || value.open) {
        const text = inner === undefined ? '' : textOf(module, inner);
        const found = lookUp(text, site.scope);
        const byCaller = found?.bindings.some(({ kind }) => kind === 'parameter') ?? false;
        spread.push({ text, byCaller });
      }
    } else if (node.type === 'list_splat') starred = true;
    else if (!starred) positional.push({ value: evaluator.value(node, site), node, expression: node });
  }

  function direct({ name, position }: CacheArgument): Given | undefined {
    return named.get(name) ?? (position === undefined ? undefined : positional[position]);
  }
  return {
    nodes,
    spread,
    starred,
    get(argument) {
      if (argument.inside === undefined) return direct(argument);
      const outer = named.get(argument.inside);
      if (outer === undefined) return undefined;
      const { value } = outer;
      if (value.kind !== 'table')
        return outer.value.kind === 'unknown' ? outer : { ...outer, value: asOpaque(value) };
      const inner = value.entries.get(argument.name);
      return inner === undefined ? undefined : { ...outer, value: inner };
    },
  };
}

/** A dictionary that was made elsewhere: who made it may have put the argument in. */
function asOpaque(value: Value): Value {
  return value.kind === 'parameter' ? { ...value, fallback: undefined } : { kind: 'unknown' };
}
