import { knownFunctions, knownMethods, parentOf, type Values } from './functions.ts';
import { textOf, type Binding, type Module, type Scope } from './module.ts';
import { lookUp, reaching, statementsOf } from './names.ts';
import { child, type Node } from './tree.ts';
import { either, environment, joined, nothing, textValue, unknown, type Site, type Value } from './value.ts';

/** Finds the file of a module that belongs to the same project. */
export type FindModule = (
  name: string,
  from: Module,
) => { readonly module: Module; readonly rest: string } | undefined;

const DEEPEST = 60;

/** Says what expressions are, following names through assignments, functions, classes and files. */
export class Evaluator {
  readonly #find: FindModule;
  readonly #known = new WeakMap<Node, Value>();
  #depth = 0;

  constructor(find: FindModule) {
    this.#find = find;
  }

  value(node: Node | undefined, site: Site): Value {
    if (node === undefined) return unknown;
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    if (this.#depth >= DEEPEST) return unknown;
    this.#known.set(node, unknown); // what leads back to itself
    this.#depth++;
    const value = this.#evaluate(node, site);
    this.#depth--;
    this.#known.set(node, value);
    return value;
  }

  /** The dotted name of what is called; undefined for what was not imported. */
  nameOf(node: Node | undefined, site: Site): string | undefined {
    const value = this.value(node, site);
    if (value.kind === 'name') return value.name;
    return value.kind === 'class' ? this.#firstBase(value.scope, value.module) : undefined;
  }

  #evaluate(node: Node, site: Site): Value {
    const { module } = site;
    const part = (field: string) => this.value(child(node, field), site);
    switch (node.type) {
      case 'string':
        return this.#string(node, site);
      case 'concatenated_string':
        return joined(
          node.children.map((each) => this.value(each, site)),
          '',
        );
      case 'integer':
      case 'float':
        return { kind: 'constant', value: Number(textOf(module, node).replaceAll('_', '')) };
      case 'true':
      case 'false':
        return { kind: 'constant', value: node.type === 'true' };
      case 'none':
        return nothing;
      case 'identifier':
        return this.#name(textOf(module, node), node.from, site);
      case 'attribute':
        return this.#attribute(part('object'), textOf(module, child(node, 'attribute') ?? node), module);
      case 'subscript':
        return this.#subscript(part('value'), part('subscript'));
      case 'call':
        return this.#call(node, site);
      case 'binary_operator':
        return this.#binary(textOf(module, child(node, 'operator') ?? node), part('left'), part('right'));
      case 'boolean_operator':
        return this.#boolean(textOf(module, child(node, 'operator') ?? node), part('left'), part('right'));
      case 'conditional_expression':
        return either([this.value(node.children[0], site), this.value(node.children[2], site)]);
      case 'parenthesized_expression':
      case 'await':
        return this.value(node.children[0], site);
      case 'named_expression':
        return part('value');
      case 'dictionary':
        return this.#dictionary(node, site);
      case 'as_pattern':
        return this.value(node.children[0], site);
    }
    return unknown;
  }

  #string(node: Node, site: Site): Value {
    const prefix = textOf(site.module, node.children[0] ?? node).toLowerCase();
    if (prefix.startsWith('b')) return unknown;
    const raw = /^[a-z]*r/.test(prefix);
    const parts = node.children.flatMap((each): Value[] => {
      if (each.type === 'string_content')
        return [textValue(unescape(textOf(site.module, each), raw, prefix.includes('f')))];
      if (each.type !== 'interpolation') return [];
      return [this.value(child(each, 'expression') ?? each.children[0], site)];
    });
    return joined(parts, '');
  }

  #dictionary(node: Node, site: Site): Value {
    const entries = new Map<string, Value>();
    let open = false;
    for (const each of node.children) {
      const key = this.value(child(each, 'key'), site);
      if (each.type === 'pair' && key.kind === 'text')
        entries.set(key.text, this.value(child(each, 'value'), site));
      else open = true;
    }
    return { kind: 'table', entries, open };
  }

  #binary(operator: string, left: Value, right: Value): Value {
    if (operator === '/') return joined([left, right], '/');
    if (operator === '+') return joined([left, right], '');
    if (operator !== '%' || left.kind !== 'text') return unknown;
    return joined([textValue(left.text.split('%', 1)[0]!), unknown], '');
  }

  #boolean(operator: string, left: Value, right: Value): Value {
    if (operator !== 'or') return either([left, right]);
    if (left.kind === 'environment') return environment(left.variable, right);
    if (left.kind === 'constant' && !left.value) return right;
    return either([left, right]);
  }

  #name(name: string, at: number, site: Site): Value {
    const found = lookUp(name, site.scope);
    if (found === undefined)
      return name === '__file__' ? { kind: 'place', place: 'code' } : { kind: 'name', name };
    return this.#bound(reaching(found.bindings, found.scope === site.scope ? at : undefined), site.module);
  }

  #bound(bindings: readonly Binding[], module: Module): Value {
    return either(bindings.map((binding) => this.#binding(binding, module)));
  }

  #binding(binding: Binding, module: Module): Value {
    switch (binding.kind) {
      case 'import':
        return this.#imported(binding.name, module);
      case 'value':
      case 'entered':
        return this.value(binding.value, { module, scope: binding.scope });
      case 'parameter': {
        const { name, fallback, scope } = binding;
        if (scope.kind === 'class' && name === 'self') return { kind: 'object', scope, module };
        return { kind: 'parameter', name, fallback: fallback && this.value(fallback, { module, scope }) };
      }
      case 'function':
      case 'class':
        return { kind: binding.kind, scope: binding.scope, module };
      case 'unknown':
        return unknown;
    }
  }

  /** A dotted name, followed into the project's own files. */
  #imported(name: string, from: Module): Value {
    const found = this.#find(name, from);
    if (found === undefined) return { kind: 'name', name };
    const { module, rest } = found;
    if (rest === '') return { kind: 'name', name };
    const [head = '', ...attributes] = rest.split('.');
    const bindings = module.scope.names.get(head);
    if (bindings === undefined) return { kind: 'name', name };
    if (this.#depth >= DEEPEST) return unknown;
    this.#depth++;
    let value = this.#bound(bindings, module);
    this.#depth--;
    for (const attribute of attributes) value = this.#attribute(value, attribute, module);
    return value;
  }

  #attribute(object: Value, name: string, from: Module): Value {
    switch (object.kind) {
      case 'name':
        return this.#imported(`${object.name}.${name}`, from);
      case 'result':
        return { kind: 'name', name: `${object.name}${isClass(object.name) ? '' : '()'}.${name}` };
      case 'class':
      case 'object':
        return this.#member(object.scope, object.module, name);
      case 'parameter':
        return { kind: 'parameter', name: `${object.name}.${name}`, fallback: undefined };
      case 'either':
        return either(object.values.map((each) => this.#attribute(each, name, from)));
      case 'environment':
      case 'text':
      case 'joined':
      case 'place':
        return name === 'parent' ? parentOf(object) : name === 'name' ? object : unknown;
      default:
        return unknown;
    }
  }

  /** An attribute of a class of the project, or else of the class that it was made from. */
  #member(scope: Scope, module: Module, name: string): Value {
    const bindings = scope.names.get(name) ?? scope.attributes.get(name);
    const base = this.#firstBase(scope, module);
    if (bindings !== undefined) {
      // https://docs.pydantic.dev/latest/concepts/pydantic_settings/
      if (base?.endsWith('.BaseSettings'))
        return environment(name.toUpperCase(), this.#bound(bindings, module));
      return this.#bound(bindings, module);
    }
    return base === undefined ? unknown : { kind: 'name', name: `${base}.${name}` };
  }

  /** The dotted name of what a class is made from, followed through classes of the project. */
  #firstBase(scope: Scope, module: Module): string | undefined {
    const base = child(scope.node, 'superclasses')?.children.find(({ type }) => type !== 'keyword_argument');
    if (base === undefined || scope.parent === undefined || this.#depth >= DEEPEST) return undefined;
    this.#depth++;
    const name = this.nameOf(base, { module, scope: scope.parent });
    this.#depth--;
    return name;
  }

  #subscript(value: Value, key: Value): Value {
    if (value.kind === 'name' && value.name === 'os.environ' && key.kind === 'text')
      return environment(key.text, undefined);
    if (value.kind === 'table' && key.kind === 'text') return value.entries.get(key.text) ?? unknown;
    return unknown;
  }

  #call(node: Node, site: Site): Value {
    const callee = child(node, 'function');
    const self = callee?.type === 'attribute' ? child(callee, 'object') : undefined;
    const target = this.value(callee, site);
    if (target.kind === 'name') {
      const known = Object.hasOwn(knownFunctions, target.name) ? knownFunctions[target.name] : undefined;
      if (known !== undefined) return known(this.#values(node, site));
      return { kind: 'result', name: target.name, call: node, site };
    }
    if (target.kind === 'class') return { kind: 'object', scope: target.scope, module: target.module };
    if (target.kind === 'function') return this.#returned(target.scope, target.module);
    if (callee === undefined || self === undefined) return unknown;
    const method = textOf(site.module, child(callee, 'attribute') ?? callee);
    if (!Object.hasOwn(knownMethods, method)) return unknown;
    return knownMethods[method]!(this.value(self, site), this.#values(node, site));
  }

  /** What a function of the project returns. */
  #returned(scope: Scope, module: Module): Value {
    const body = child(scope.node, 'body');
    if (body === undefined) return unknown;
    if (scope.node.type === 'lambda') return this.value(body, { module, scope });
    const returns = statementsOf(body).filter(({ type }) => type === 'return_statement');
    return either(returns.map((each) => this.value(each.children[0], { module, scope })));
  }

  #values(node: Node, site: Site): Values {
    const given = child(node, 'arguments')?.children ?? [];
    const named = given.filter(({ type }) => type === 'keyword_argument');
    return {
      positional: given
        .filter(({ type }) => type !== 'keyword_argument' && type !== 'dictionary_splat')
        .map((each) => (each.type === 'list_splat' ? unknown : this.value(each, site))),
      named: new Map(
        named.map((each) => [
          textOf(site.module, child(each, 'name') ?? each),
          this.value(child(each, 'value'), site),
        ]),
      ),
    };
  }
}

function isClass(name: string): boolean {
  return /^_*[A-Z]/.test(name.slice(name.lastIndexOf('.') + 1));
}

function unescape(text: string, raw: boolean, formatted: boolean): string {
  const plain = formatted ? text.replaceAll('{{', '{').replaceAll('}}', '}') : text;
  return raw ? plain : plain.replace(/\\(?:\n|(.))/gs, (_, character?: string) => character ?? '');
}
