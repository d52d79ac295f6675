import { basename } from 'node:path/posix';

import type { CacheArgument, CacheCall } from '../../cache-paths/library.ts';
import type { Listed } from '../catalog.ts';
import type { Remark } from '../finding.ts';
import { addArgument, edited, fromEnvironment, withOs } from '../fix.ts';
import type { Project, Use } from '../project.ts';
import { whereabouts, type Whereabouts } from '../python/place.ts';
import type { Module } from '../python/module.ts';
import type { Given } from '../python/value.ts';

/** A call that looks for a model and may have to write it, and how its cache path is given. */
export interface Loading extends Use {
  readonly listed: Listed;
  readonly given: readonly {
    readonly argument: CacheArgument;
    readonly value: Given;
    readonly paths: readonly Whereabouts[];
  }[];
  /** Whether the model is perhaps a folder, or the call perhaps never made on Lambda. */
  readonly doubtful: boolean;
}

/** The calls of a file that may download a model. */
export function* loadings(module: Module, project: Project): Generator<Loading> {
  for (const use of project.uses(module)) {
    const { listed } = use;
    if (listed === undefined || !['load', 'download'].includes(listed.call.kind)) continue;
    if (!downloads(use, listed.call)) continue;
    const model = modelOf(use, listed.call);
    if (model === 'path') continue;
    const given = listed.call.arguments.flatMap((argument) => {
      const value = use.args.get(argument);
      return value === undefined ? [] : [{ argument, value, paths: whereabouts(value.value) }];
    });
    yield { ...use, listed, given, doubtful: model === 'perhaps path' || use.call.byHand };
  }
}

/** Whether the other arguments let it download at all. */
function downloads({ args }: Use, { onlyWith, offline = {} }: CacheCall): boolean {
  const isOff = (given: Given | undefined) =>
    given === undefined ||
    (given.value.kind === 'constant' && (given.value.value === null || given.value.value === false));
  if (
    onlyWith !== undefined &&
    args.spread.length === 0 &&
    onlyWith.every((argument) => isOff(args.get(argument)))
  )
    return false;
  return Object.entries(offline).every(([name, value]) => {
    const given = args.get({ name })?.value;
    return !(given?.kind === 'constant' && given.value === value);
  });
}

/** What names the model: a path, an object or None is taken as it is, and nothing is downloaded. */
function modelOf({ args, site }: Use, { model }: CacheCall): 'name' | 'path' | 'perhaps path' {
  const given = model && args.get(model);
  if (given === undefined) return 'name';
  const { value } = given;
  if (value.kind === 'constant' || (value.kind === 'result' && value.name.endsWith('.from_pretrained')))
    return 'path';
  const paths = whereabouts(value);
  if (paths.every(isPath)) return 'path';
  if (paths.some(isPath)) return 'perhaps path';
  if (paths.some(({ text }) => text !== undefined && text !== '')) return 'name';
  const written =
    given.expression === undefined
      ? ''
      : site.module.source.text.slice(given.expression.from, given.expression.to);
  return /path|dir|folder|local|checkpoint|ckpt|file|root/i.test(written) ? 'perhaps path' : 'name';
}

function isPath({ text, place, by }: Whereabouts): boolean {
  if (text === undefined) return place === 'temporary';
  if (by !== 'code' || /^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return false;
  return (
    place === 'image' ||
    /^(?:[./~$]|[A-Za-z]:[\\/])/.test(text) ||
    /\\|\/.*\//.test(text) ||
    /\.(?:pt|pth|bin|onnx|gguf|safetensors)$/.test(text)
  );
}

/** Whether the argument is as good as absent: not given, or None. */
export function isMissing({ given, args, listed: { call } }: Loading): boolean {
  if (call.futile !== undefined && args.get({ name: call.futile }) !== undefined) return false; // said by another rule
  if (args.starred || args.spread.length > 0) return false;
  return given.every(({ paths }) => paths.every(({ place }) => place === 'nothing'));
}

/** What moves the cache of a call without an argument: a variable, and where it is set. */
export function movedBy(
  { listed: { library }, site }: Loading,
  project: Project,
): { readonly name: string; readonly where: string } | undefined {
  const { path } = site.module.source;
  const isOld = library.modules.includes('transformers') && project.isBefore(path, 'transformers', 5);
  const removed = (isOld ? library.removed : undefined) ?? [];
  const names = [...removed, ...library.variables.map(({ name }) => name)];
  const deployed = project.deployed(path);
  for (const name of [...names, 'HOME']) {
    const variable = deployed.get(name);
    if (variable !== undefined) return { name, where: basename(variable.path) };
    const where = project.related(path).find((each) => project.variablesOf(each).has(name));
    if (where !== undefined) return { name, where: basename(where) };
  }
  return undefined;
}

/** How a call gets its missing argument. */
export function corrected(loading: Loading): Pick<Remark, 'instead' | 'fix'> {
  const { call, site, given, listed } = loading;
  const wanted = listed.call.all === true ? listed.call.arguments : listed.call.arguments.slice(0, 1);
  const edits = wanted.flatMap((argument) => {
    const value = fromEnvironment();
    const there = given.find((each) => each.argument.name === argument.name);
    if (there === undefined) return addArgument(loading, argument, value);
    const { expression } = there.value;
    const isNothing = there.paths.every(({ place }) => place === 'nothing');
    return expression === undefined || !isNothing
      ? []
      : [{ from: expression.from, to: expression.to, text: value }];
  });
  if (edits.length === 0) return {};
  const merged = atOnePlace(edits);
  return { instead: edited(site.module, call.node, merged), fix: withOs(merged, site.module) };
}

/** Insertions at the same offset as one edit, in their order. */
function atOnePlace(edits: readonly { from: number; to: number; text: string }[]) {
  const places = new Map<string, { from: number; to: number; text: string }>();
  for (const edit of edits) {
    const key = `${edit.from}-${edit.to}`;
    const before = places.get(key);
    places.set(key, before === undefined ? edit : { ...edit, text: before.text + edit.text });
  }
  return [...places.values()];
}

/** Where its models go if nothing says otherwise, for a sentence. */
export function fallbackOf({ listed: { library } }: Loading): string {
  return library.fallback.replace(/\s*[;(].*$/, '');
}
