import type { Comment, Node, Parsed } from './tree.ts';
import { child } from './tree.ts';
import { Lines, type Source } from './source.ts';

/** Where names live: the module, a function or a class. */
export interface Scope {
  readonly kind: 'module' | 'function' | 'class';
  /** Of the function or class; empty for the module. */
  readonly name: string;
  readonly node: Node;
  readonly parent: Scope | undefined;
  readonly names: Map<string, Binding[]>;
  /** What is assigned to `self.name` in the methods of a class. */
  readonly attributes: Map<string, Binding[]>;
  /** In their order, without `self` and `cls` of methods. */
  readonly parameters: readonly string[];
}

/** What a name was last said to be. `at` is where, `block` the statements that it stands among. */
export type Binding = { readonly at: number; readonly block: Node } & (
  | { readonly kind: 'import'; readonly name: string }
  | { readonly kind: 'value'; readonly value: Node; readonly scope: Scope }
  | { readonly kind: 'entered'; readonly value: Node; readonly scope: Scope }
  | {
      readonly kind: 'parameter';
      readonly name: string;
      readonly fallback: Node | undefined;
      readonly scope: Scope;
    }
  | { readonly kind: 'function' | 'class'; readonly scope: Scope }
  | { readonly kind: 'unknown' }
);

export interface Import {
  /** Dotted; begins with dots if it is relative. */
  readonly name: string;
  readonly node: Node;
  readonly scope: Scope;
}

export interface Call {
  readonly node: Node;
  readonly scope: Scope;
  /** Below `if __name__ == "__main__"`, which Lambda does not run. */
  readonly byHand: boolean;
}

/** An assignment to a subscript or an attribute: `os.environ["X"] = …`, `flair.cache_root = …`. */
export interface Store {
  readonly node: Node;
  readonly target: Node;
  readonly value: Node;
  readonly scope: Scope;
  readonly byHand: boolean;
}

/** A file as its statements say, before anything is worked out. */
export interface Module {
  readonly source: Source;
  readonly lines: Lines;
  readonly root: Node;
  readonly comments: readonly Comment[];
  readonly firstError: number | undefined;
  readonly scope: Scope;
  readonly imports: readonly Import[];
  readonly calls: readonly Call[];
  readonly stores: readonly Store[];
}

export function textOf({ source }: Pick<Module, 'source'>, node: Node): string {
  return source.text.slice(node.from, node.to);
}

export function readModule(source: Source, { root, comments, firstError }: Parsed): Module {
  const imports: Import[] = [];
  const calls: Call[] = [];
  const stores: Store[] = [];
  const module = newScope('module', '', root, undefined);
  const text = (node: Node | undefined) => (node === undefined ? '' : source.text.slice(node.from, node.to));

  interface Here {
    readonly scope: Scope;
    readonly block: Node;
    readonly byHand: boolean;
  }

  function visit(node: Node, here: Here): void {
    switch (node.type) {
      case 'import_statement':
      case 'import_from_statement':
        return readImport(node, here);
      case 'function_definition':
      case 'lambda':
        return readFunction(node, here);
      case 'class_definition':
        return readClass(node, here);
      case 'if_statement': {
        const guard = isMainGuard(child(node, 'condition'), text);
        for (const each of node.children) {
          visit(each, each.field === 'consequence' && guard ? { ...here, byHand: true } : here);
        }
        return;
      }
      case 'block':
        return visitAll(node, { ...here, block: node });
      case 'assignment':
      case 'named_expression':
        readAssignment(node, here);
        break;
      case 'augmented_assignment':
        bindUnknown(child(node, 'left'), here);
        break;
      case 'with_item':
        readWithItem(node, here);
        break;
      case 'for_statement':
      case 'for_in_clause':
        bindUnknown(child(node, 'left'), here);
        break;
      case 'global_statement':
      case 'nonlocal_statement':
        for (const each of node.children) shareName(here.scope, text(each), module);
        return;
      case 'call':
        calls.push({ node, scope: here.scope, byHand: here.byHand });
        break;
    }
    visitAll(node, here);
  }

  function visitAll(node: Node, here: Here): void {
    for (const each of node.children) visit(each, here);
  }

  function readImport(node: Node, { scope, block }: Here): void {
    const from = child(node, 'module_name');
    const prefix = from === undefined ? '' : joinDotted(text(from), '');
    for (const item of node.children) {
      if (item === from) continue;
      if (item.type === 'wildcard_import') imports.push({ name: prefix, node, scope });
      if (item.field !== 'name') continue;
      const dotted = text(child(item, 'name') ?? item).replace(/\s/g, '');
      const alias = child(item, 'alias');
      const name = from === undefined ? dotted : joinDotted(text(from), dotted);
      imports.push({ name, node, scope });
      // `import a.b` binds `a`; `import a.b as c` binds all of it.
      const bound = from === undefined && alias === undefined ? dotted.split('.')[0]! : undefined;
      const local = text(alias) || bound || dotted;
      bind(scope, local, { kind: 'import', name: bound ?? name, at: node.from, block });
    }
  }

  function readFunction(node: Node, here: Here): void {
    const name = text(child(node, 'name'));
    const parameters = child(node, 'parameters')?.children ?? [];
    const named = parameters.map((each) => text(parameterName(each)).replace(/^\*+/, ''));
    const inClass = here.scope.kind === 'class';
    const scope = newScope('function', name, node, here.scope, inClass ? named.slice(1) : named);
    const block = child(node, 'body') ?? node;
    for (const [index, each] of parameters.entries()) {
      const fallback = child(each, 'value');
      const own = { kind: 'parameter', name: named[index]!, fallback, scope: here.scope } as const;
      bind(scope, named[index]!, { ...own, at: each.from, block });
      if (fallback !== undefined) visit(fallback, here);
    }
    if (name !== '') bind(here.scope, name, { kind: 'function', scope, at: node.from, block: here.block });
    const inside = { scope, block, byHand: here.byHand };
    if (node.type === 'lambda' && block !== node) visit(block, inside);
    else visitAll(block, inside);
  }

  function readClass(node: Node, here: Here): void {
    const name = text(child(node, 'name'));
    const scope = newScope('class', name, node, here.scope);
    bind(here.scope, name, { kind: 'class', scope, at: node.from, block: here.block });
    const bases = child(node, 'superclasses');
    if (bases !== undefined) visitAll(bases, here);
    const block = child(node, 'body') ?? node;
    visitAll(block, { scope, block, byHand: here.byHand });
  }

  function readAssignment(node: Node, here: Here): void {
    const target = child(node, 'left') ?? child(node, 'name');
    const value = child(node, 'right') ?? child(node, 'value');
    if (target === undefined || value === undefined) return;
    const { scope, block, byHand } = here;
    if (target.type === 'identifier') {
      bind(scope, text(target), { kind: 'value', value, scope, at: node.from, block });
    } else if (target.type === 'subscript' || target.type === 'attribute') {
      stores.push({ node, target, value, scope, byHand });
      bindAttribute(target, value, here);
    } else bindUnknown(target, here);
  }

  /** `self.name = value` in a method. */
  function bindAttribute(target: Node, value: Node, { scope, block }: Here): void {
    const owner = scope.parent;
    if (target.type !== 'attribute' || scope.kind !== 'function' || owner?.kind !== 'class') return;
    if (text(child(target, 'object')) !== 'self') return;
    put(owner.attributes, text(child(target, 'attribute')), {
      kind: 'value',
      value,
      scope,
      at: target.from,
      block,
    });
  }

  function readWithItem(node: Node, here: Here): void {
    const pattern = child(node, 'value') ?? node.children[0];
    if (pattern?.type !== 'as_pattern') return;
    const value = pattern.children[0];
    const target = child(pattern, 'alias')?.children[0];
    if (value === undefined || target === undefined) return;
    if (target.type !== 'identifier') return bindUnknown(target, here);
    const { scope, block } = here;
    bind(scope, text(target), { kind: 'entered', value, scope, at: node.from, block });
  }

  function bindUnknown(target: Node | undefined, here: Here): void {
    if (target === undefined) return;
    if (target.type === 'identifier') {
      bind(here.scope, text(target), { kind: 'unknown', at: target.from, block: here.block });
    } else if (target.type !== 'attribute' && target.type !== 'subscript') {
      for (const each of target.children) bindUnknown(each, here);
    }
  }

  visitAll(root, { scope: module, block: root, byHand: false });
  return {
    source,
    lines: new Lines(source),
    root,
    comments,
    firstError,
    scope: module,
    imports,
    calls,
    stores,
  };
}

function newScope(
  kind: Scope['kind'],
  name: string,
  node: Node,
  parent: Scope | undefined,
  parameters: readonly string[] = [],
): Scope {
  return { kind, name, node, parent, parameters, names: new Map(), attributes: new Map() };
}

function bind(scope: Scope, name: string, binding: Binding): void {
  put(scope.names, name, binding);
}

function put(names: Map<string, Binding[]>, name: string, binding: Binding): void {
  const known = names.get(name);
  if (known === undefined) names.set(name, [binding]);
  else known.push(binding);
}

/** `global name`: the name of the function is that of the module. */
function shareName(scope: Scope, name: string, module: Scope): void {
  const shared = module.names.get(name) ?? [];
  module.names.set(name, shared);
  scope.names.set(name, shared);
}

function parameterName(node: Node): Node {
  const named = child(node, 'name');
  if (named !== undefined) return named;
  // typed_parameter and *args hold the name as their first child
  return node.type === 'identifier' || node.children[0] === undefined
    ? node
    : parameterName(node.children[0]);
}

function joinDotted(from: string, name: string): string {
  const prefix = from.replace(/\s/g, '');
  return prefix === '' || prefix.endsWith('.') || name === '' ? prefix + name : `${prefix}.${name}`;
}

/** `__name__ == "__main__"`, either way around. */
function isMainGuard(condition: Node | undefined, text: (node: Node | undefined) => string): boolean {
  if (condition?.type === 'parenthesized_expression') return isMainGuard(condition.children[0], text);
  if (condition?.type !== 'comparison_operator') return false;
  const sides = condition.children.map((side) => text(side.type === 'string' ? side.children[1] : side));
  return sides.includes('__name__') && sides.includes('__main__');
}
