import { dirname, join, normalize } from 'node:path/posix';

import { listed, type Listed } from './catalog.ts';
import type { Deployment, DeployedFunction, DeployedVariable } from './deploy/deployment.ts';
import { argumentsOf, type Arguments } from './python/arguments.ts';
import { isBefore } from './deploy/requirements.ts';
import type { Files } from './files.ts';
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

interface Found {
  readonly path: string;
  readonly rest: string;
}

/** A variable that a deployment gives to the function that a file belongs to. */
export interface Deployed extends DeployedVariable {
  readonly path: string;
}

/** All files that are looked at together. */
export class Project {
  readonly files: Files;
  readonly deployments: readonly Deployment[];
  readonly evaluator: Evaluator;
  /** Paths without their ending. */
  readonly #byStem = new Map<string, string>();
  readonly #found = new Map<string, Found | undefined>();
  readonly #uses = new WeakMap<Module, readonly Use[]>();
  readonly #sets = new WeakMap<Module, readonly VariableSet[]>();
  readonly #setIn = new Map<string, ReadonlySet<string>>();
  readonly #deployed = new Map<string, ReadonlyMap<string, Deployed>>();
  #related: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(files: Files, deployments: readonly Deployment[]) {
    this.files = files;
    this.deployments = deployments;
    for (const { source } of files.all) this.#byStem.set(stem(source.path), source.path);
    this.evaluator = new Evaluator((name, from) => {
      const found = this.find(name, from.source.path);
      const module = found && files.module(found.path);
      return found && module && { module, rest: found.rest };
    });
  }

  uses(module: Module): readonly Use[] {
    let uses = this.#uses.get(module);
    if (uses === undefined)
      this.#uses.set(module, (uses = module.calls.flatMap((call) => this.#use(call, module))));
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

  /** The names of the variables that a file sets for those who load it. */
  variablesOf(path: string): ReadonlySet<string> {
    let names = this.#setIn.get(path);
    if (names === undefined) {
      const module = mentions(this.files, path) ? this.files.module(path) : undefined;
      const sets = module === undefined ? [] : this.sets(module);
      names = new Set(sets.filter(({ byHand }) => !byHand).map(({ name }) => name));
      this.#setIn.set(path, names);
    }
    return names;
  }

  /** The file of a dotted name, and what is left of the name behind it. Looked for beside `from` and above. */
  find(name: string, from: string): Found | undefined {
    const dots = /^\.*/.exec(name)![0].length;
    const names = name.slice(dots).split('.').slice(0, 12);
    let folder = dirname(from);
    for (let up = 1; up < dots; up++) folder = join(folder, '..');
    for (let level = 0; level < (dots > 0 ? 1 : 12); level++) {
      const found = this.#below(folder, names);
      if (found !== undefined && found.path !== from) return found;
      const parent = dirname(folder);
      if (parent === folder) break;
      folder = parent;
    }
    return undefined;
  }

  #below(folder: string, names: readonly string[]): Found | undefined {
    const key = `${folder}\0${names.join('.')}`;
    if (this.#found.has(key)) return this.#found.get(key);
    let found: Found | undefined;
    for (let length = names.length; length > 0 && found === undefined; length--) {
      const path = join(folder, ...names.slice(0, length));
      const file = this.#byStem.get(path) ?? this.#byStem.get(join(path, '__init__'));
      if (file !== undefined) found = { path: file, rest: names.slice(length).join('.') };
    }
    this.#found.set(key, found);
    return found;
  }

  /** The files that a file is loaded together with: those it imports, and those that import it, and so on. */
  related(path: string): readonly string[] {
    this.#related ??= this.#groups();
    return this.#related.get(path) ?? [path];
  }

  #groups(): ReadonlyMap<string, readonly string[]> {
    const group = new Map<string, string[]>(this.files.all.map(({ source: { path } }) => [path, [path]]));
    for (const { source, imports } of this.files.all) {
      for (const name of imports) {
        const other = this.find(name, source.path)?.path;
        const [one, two] = [group.get(source.path)!, other === undefined ? undefined : group.get(other)!];
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
      for (const [name, variable] of own.length > 0
        ? shared(own)
        : open.flatMap(({ variables }) => [...variables]))
        all.set(name, { ...variable, path: where });
    }
    return all;
  }

  /** Whether the requirements keep a package below a major version. */
  isBefore(path: string, name: string, major: number): boolean {
    return this.deployments.some(({ requires }) => {
      const versions = requires?.pins.get(name);
      return versions !== undefined && isBelow(path, requires!.folder) && isBefore(versions, major);
    });
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
          folder === undefined
            ? path.endsWith(`/${file}`) || path === file
            : path === normalize(join(folder, file));
        return isHere ? [handler.slice(cut + 1)] : [];
      });
    return new Set(names);
  }
}

/** Whether a file can set a variable at all, so that only those are parsed again. */
function mentions(files: Files, path: string): boolean {
  const text = files.source(path)?.text ?? '';
  return /environ|putenv|set_dir|cache_root|nltk|HF_/.test(text);
}

function shared(functions: readonly DeployedFunction[]): [string, DeployedVariable][] {
  const [first, ...rest] = functions;
  return [...(first?.variables ?? [])].filter(([name]) => rest.every(({ variables }) => variables.has(name)));
}

function isBelow(path: string, folder: string): boolean {
  const root = normalize(folder).replace(/\/$/, '');
  return root === '.'
    ? !normalize(path).startsWith('../') && !path.startsWith('/')
    : normalize(path).startsWith(`${root}/`);
}

function stem(path: string): string {
  return normalize(path).replace(/\.[^./]+$/, '');
}

/** Whether a scope is another one or inside of it. */
export function isWithin(scope: Scope, outer: Scope): boolean {
  for (let here: Scope | undefined = scope; here !== undefined; here = here.parent)
    if (here === outer) return true;
  return false;
}
