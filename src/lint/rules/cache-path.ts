import type { CacheArgument } from '../../cache-paths/library.ts';
import { CACHE_ROOT_VARIABLE } from '../../cache-paths/root.ts';
import type { Remark } from '../finding.ts';
import { edited, fromEnvironment, replace, withOs } from '../fix.ts';
import type { Project, Use } from '../project.ts';
import { lookUp } from '../python/names.ts';
import { textOf, type Module } from '../python/module.ts';
import { isWritable, whereabouts, type Whereabouts } from '../python/place.ts';
import type { Node } from '../python/tree.ts';
import type { Given } from '../python/value.ts';
import { listed } from '../catalog.ts';

/** A path that is given to a call which writes there, or reads a variable that says where. */
export interface GivenPath {
  readonly use: Use;
  readonly argument: CacheArgument;
  readonly given: Given;
  readonly paths: readonly Whereabouts[];
  readonly library: string;
}

/** Every cache path that a call of the table is given, or one that most likely belongs to it. */
export function* givenPaths(module: Module, project: Project): Generator<GivenPath> {
  for (const use of project.uses(module)) {
    const found =
      use.listed ?? (isFromPretrained(use) ? listed('transformers.AutoModel.from_pretrained') : undefined);
    if (found === undefined || !['load', 'download', 'set'].includes(found.call.kind)) continue;
    for (const argument of found.call.arguments) {
      const given = use.args.get(argument);
      if (given === undefined) continue;
      // An unknown class takes what it likes by position.
      if (use.listed === undefined && given.node?.type !== 'keyword_argument') continue;
      yield { use, argument, given, paths: whereabouts(given.value), library: found.library.name };
    }
  }
}

function isFromPretrained({ callee, site }: Use): boolean {
  return callee.type === 'attribute' && textOf(site.module, callee).endsWith('.from_pretrained');
}

/** Who decides, and the worst of where it may lead. */
export function judge(paths: readonly Whereabouts[]): {
  readonly by: 'environment' | 'caller' | 'code' | 'unknown';
  readonly name: string | undefined;
  readonly worst: Whereabouts | undefined;
} {
  const deciding = paths.filter(({ fallback }) => fallback !== true);
  const open = paths.find(({ by }) => by === 'environment') ?? paths.find(({ by }) => by === 'caller');
  const unknown = deciding.some(
    ({ by, place }) => by === 'unknown' || (by === 'code' && place === 'unknown'),
  );
  const worst = [...paths].filter(({ by }) => by === 'code').toSorted((a, b) => badness(b) - badness(a))[0];
  return { by: open?.by ?? (unknown ? 'unknown' : 'code'), name: open?.name, worst };
}

const order = ['nothing', 'unknown', 'temporary', 'mount', 'image', 'elsewhere', 'relative', 'home'] as const;

function badness({ place }: Whereabouts): number {
  return order.indexOf(place);
}

export function describe({ place, text }: Whereabouts): string {
  const shown = text === undefined ? 'it' : text.startsWith('the ') ? text : `"${text.slice(0, 80)}"`;
  if (place === 'home') return `${shown} is in the home folder, which does not exist on Lambda`;
  if (place === 'relative')
    return `${shown} is relative to the working directory, /var/task, which is read-only on Lambda`;
  if (place === 'image') return `${shown} is read-only on Lambda: nothing can be downloaded there`;
  if (text?.startsWith('/dev/shm') === true) return `${shown} does not exist on Lambda`;
  return `${shown} is outside of /tmp and /mnt, and so read-only on Lambda`;
}

/** The path from the environment; what was there stays as the default if it can be written. */
export function corrected({ use, given, paths, argument }: GivenPath): Pick<Remark, 'instead' | 'fix'> {
  const { expression } = given;
  const { module } = use.site;
  if (expression === undefined || argument.inside !== undefined) return {};
  const keeps = paths.every(({ place }) => isWritable(place));
  const definition = definitionOf(expression, use);
  const target = definition ?? expression;
  // An expression of several parts is for people to take apart.
  if (target.type !== 'string') return {};
  const text = fromEnvironment(keeps ? textOf(module, target) : undefined);
  if (definition === undefined) {
    const edits = replace(target, text);
    return { instead: edited(module, use.call.node, edits), fix: withOs(edits, module) };
  }
  return { instead: `${textOf(module, expression)} = ${text}`, fix: withOs(replace(target, text), module) };
}

/** The text behind a name that is given once, at the top of the same file. */
function definitionOf(expression: Node, { site }: Use): Node | undefined {
  if (expression.type !== 'identifier') return undefined;
  const bindings = lookUp(textOf(site.module, expression), site.scope)?.bindings;
  const [only] = bindings ?? [];
  return bindings?.length === 1 && only?.kind === 'value' ? only.value : undefined;
}

export const environmentHelp = `take it from the environment: os.environ.get("${CACHE_ROOT_VARIABLE}", …)`;
