import type { Project } from './project.ts';
import type { Module, Scope } from './python/module.ts';
import { child, type Node } from './python/tree.ts';
import { unknown, type Value } from './python/value.ts';

/** `os.environ["NAME"] = value`, in any of its forms. */
export interface VariableSet {
  readonly name: string;
  readonly value: Value;
  /** Whether it is not a variable, but an attribute or a function of the library that does the same. */
  readonly library: boolean;
  /** The whole statement or call. */
  readonly node: Node;
  /** The text that names the variable, if it stands there. */
  readonly key: Node | undefined;
  readonly scope: Scope;
  readonly byHand: boolean;
}

/** What moves a library's cache without a variable: assigned, or called. */
const moves: Readonly<Record<string, string>> = {
  'torch.hub.set_dir': 'TORCH_HOME',
  'flair.cache_root': 'FLAIR_CACHE_ROOT',
  'nltk.data.path.append': 'NLTK_DATA',
  'nltk.data.path.insert': 'NLTK_DATA',
  'nltk.data.path': 'NLTK_DATA',
  'datasets.config.HF_DATASETS_CACHE': 'HF_DATASETS_CACHE',
  'huggingface_hub.constants.HF_HUB_CACHE': 'HF_HUB_CACHE',
};

/** Every place in a file that sets a variable, or does the same by a call. */
export function variablesSetIn(module: Module, project: Project): VariableSet[] {
  const found: VariableSet[] = [];
  for (const { node, target, value, scope, byHand } of module.stores) {
    const site = { module, scope };
    const here = {
      node,
      scope,
      byHand,
      library: target.type !== 'subscript',
      value: project.value(value, site),
    };
    if (target.type === 'subscript') {
      const owner = project.evaluator.nameOf(child(target, 'value'), site);
      const key = child(target, 'subscript');
      const name = project.value(key, site);
      if (owner === 'os.environ' && name.kind === 'text') found.push({ ...here, name: name.text, key });
    } else {
      const name = project.evaluator.nameOf(target, site);
      if (name !== undefined && Object.hasOwn(moves, name))
        found.push({ ...here, name: moves[name]!, key: undefined });
    }
  }
  for (const { call, name, args, site } of project.uses(module)) {
    if (name === undefined) continue;
    const here = { node: call.node, scope: call.scope, byHand: call.byHand, library: false };
    if (name === 'os.environ.setdefault' || name === 'os.putenv') {
      const key = args.get({ name: 'key', position: 0 });
      if (key?.value.kind !== 'text') continue;
      const value = args.get({ name: 'value', position: 1 })?.value ?? unknown;
      found.push({ ...here, name: key.value.text, key: key.expression, value });
    } else if (name === 'os.environ.update') {
      for (const node of args.nodes) {
        const given = project.value(node.type === 'keyword_argument' ? undefined : node, site);
        if (given.kind !== 'table') continue;
        for (const [each, value] of given.entries) found.push({ ...here, name: each, key: undefined, value });
      }
    } else if (Object.hasOwn(moves, name)) {
      const value = args.get({ name: 'd', position: name.endsWith('.insert') ? 1 : 0 })?.value ?? unknown;
      found.push({ ...here, library: true, name: moves[name]!, key: undefined, value });
    }
  }
  return found;
}
