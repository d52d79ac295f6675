import { dirname, join, normalize } from 'node:path/posix';

import { listed, type Listed } from './catalog.ts';
import type { Deployment, DeployedFunction, DeployedVariable } from './deploy/deployment.ts';
import { argumentsOf, type Arguments } from './python/arguments.ts';
import { Evaluator } from './python/evaluate.ts';
import type { Call, Module, Scope } from './python/module.ts';
import { child, type Node } from './python/tree.ts';
import type { Site, Value } from './python/value.ts';
import { variablesSetIn, type VariableSet } from './variables.ts';

/** A call with what is known of it. */
export interface Use {
  readonly call: Call;
  readonly site: Site;
  /** What is called: `clip.load`. */
  readonly callee: Node;
  readonly name: string | undefined;
  readonly listed: Listed | undefined;
  readonly args: Arguments;
}

/** A variable that a deployment gives to the function that a file belongs to. */
export interface Deployed extends DeployedVariable {
  readonly path: string;
}

/** All files that are looked at together. */
export class Project {
  readonly modules: readonly Module[];
  readonly deployments: readonly Deployment[];
  readonly evaluator: Evaluator;
  readonly #byPath = new Map<string, Module>();
  readonly #uses = new Map<Module, readonly Use[]>();
  readonly #sets = new Map<Module, readonly VariableSet[]>();
  readonly #deployed = new Map<string, ReadonlyMap<string, Deployed>>();
  #related: ReadonlyMap<Module, readonly Module[]> | undefined;

  constructor(modules: readonly Module[], deployments: readonly Deployment[]) {
    this.modules = modules;
    this.deployments = deployments;
    for (const module of modules) this.#byPath.set(stem(module.source.path), module);
    this.evaluator = new Evaluator((name, from) => this.find(name, from));
  }

  uses(module: Module): readonly Use[] {
    let uses = this.#uses.get(module);
    if (uses === undefined) this.#uses.set(module, (uses = module.calls.flatMap((call) => this.#use(call, module))));
    return uses;
  }

  #use(call: Call, module: Module): Use[] {
    const callee = child(call.node, 'function');
    if (callee === undefined) return [];
    const site = { module, scope: call.scope };
    const name = this.evaluator.nameOf(callee, site);
    const { evaluator } = this;
    let args: Arguments | undefined;
    return [
      {
        call,
        site,
        callee,
        name,
        listed: name === undefined ? undefined : listed(name),
        get args() {
          return (args ??= argumentsOf(call, site, evaluator));
        },
      },
    ];
  }

  value(node: Node | undefined, site: Site): Value {
    return this.evaluator.value(node, site);
  }

  /** The variables that a file sets. */
  sets(module: Module): readonly VariableSet[] {
    let sets = this.#sets.get(module);
    if (sets === undefined) this.#sets.set(module, (sets = variablesSetIn(module, this)));
    return sets;
  }

  /** The file of a dotted name, and what is left of the name behind it. Looked for beside `from` and above. */
  find(name: string, from: Module): { module: Module; rest: string } | undefined {
    const dots = /^\.*/.exec(name)![0].length;
    const names = name.slice(dots).split('.').slice(0, 12);
    let folder = dirname(from.source.path);
    for (let up = 1; up < dots; up++) folder = join(folder, '..');
    for (let level = 0; level < (dots > 0 ? 1 : 12); level++) {
      const found = this.#below(folder, names, from);
      if (found !== undefined) return found;
      const parent = dirname(folder);
      if (parent === folder) break;
      folder = parent;
    }
    return undefined;
  }

  #below(folder: string, names: readonly string[], from: Module) {
    for (let length = names.length; length > 0; length--) {
      const path = normalize(join(folder, ...names.slice(0, length)));
      const module = this.#byPath.get(path) ?? this.#byPath.get(join(path, '__init__'));
      if (module !== undefined && module !== from) return { module, rest: names.slice(length).join('.') };
    }
    return undefined;
  }

  /** The files that a file is loaded together with: those it imports, and those that import it, and so on. */
  related(module: Module): readonly Module[] {
    this.#related ??= this.#groups();
    return this.#related.get(module) ?? [module];
  }

  #groups(): ReadonlyMap<Module, readonly Module[]> {
    const group = new Map<Module, Module[]>(this.modules.map((module) => [module, [module]]));
    for (const module of this.modules) {
      for (const { name } of module.imports) {
        const other = this.find(name, module)?.module;
        const [one, two] = [group.get(module)!, other === undefined ? undefined : group.get(other)!];
        if (two === undefined || one === two) continue;
        const [large, small] = one.length < two.length ? [two, one] : [one, two];
        for (const each of small) {
          large.push(each);
          group.set(each, large);
        }
      }
    }
    return group;
  }

  /** What deployments set for the function that a file belongs to. */
  deployed(path: string): ReadonlyMap<string, Deployed> {
    const folder = dirname(path);
    let known = this.#deployed.get(folder);
    if (known === undefined) this.#deployed.set(folder, (known = this.#deployedIn(path)));
    return known;
  }

  #deployedIn(path: string): ReadonlyMap<string, Deployed> {
    const all = new Map<string, Deployed>();
    for (const { path: where, functions } of this.deployments) {
      const own = functions.filter(({ folder }) => folder !== undefined && isBelow(path, folder));
      const open = functions.filter(({ folder }) => folder === undefined);
      // Code that several functions share has what all of them have. Where it is not said whose code it is, any may be.
      for (const [name, variable] of own.length > 0 ? shared(own) : open.flatMap(({ variables }) => [...variables]))
        all.set(name, { ...variable, path: where });
    }
    return all;
  }

  /** The handlers that deployments name, in this file. */
  handlersIn(module: Module): ReadonlySet<string> {
    const path = stem(module.source.path);
    const names = this.deployments
      .flatMap(({ functions }) => functions)
      .flatMap(({ folder, handler }) => {
        const cut = handler?.lastIndexOf('.') ?? -1;
        if (handler === undefined || cut < 0) return [];
        const file = handler.slice(0, cut).replaceAll('.', '/');
        const isHere =
          folder === undefined ? path.endsWith(`/${file}`) || path === file : path === normalize(join(folder, file));
        return isHere ? [handler.slice(cut + 1)] : [];
      });
    return new Set(names);
  }
}

function shared(functions: readonly DeployedFunction[]): [string, DeployedVariable][] {
  const [first, ...rest] = functions;
  return [...(first?.variables ?? [])].filter(([name]) => rest.every(({ variables }) => variables.has(name)));
}

function isBelow(path: string, folder: string): boolean {
  const root = normalize(folder).replace(/\/$/, '');
  return root === '.' ? !normalize(path).startsWith('../') && !path.startsWith('/') : normalize(path).startsWith(`${root}/`);
}

function stem(path: string): string {
  return normalize(path).replace(/\.[^./]+$/, '');
}

/** Whether a scope is another one or inside of it. */
export function isWithin(scope: Scope, outer: Scope): boolean {
  for (let here: Scope | undefined = scope; here !== undefined; here = here.parent) if (here === outer) return true;
  return false;
}
