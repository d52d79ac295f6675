import type { Files } from './files.ts';
import { Project, type Use } from './project.ts';
import { textOf } from './python/module.ts';
import { child } from './python/tree.ts';
import type { Value } from './python/value.ts';

/** A model that code loads, as a source of modelpack. */
export interface UsedModel {
  readonly source: string;
  readonly path: string;
  /** From one. */
  readonly line: number;
}

/** Where a call says which model it loads, and how that is spelled as a source. */
interface Naming {
  readonly argument: { readonly name: string; readonly position: number };
  /** @returns undefined for what is no model of its own */
  readonly spell: (name: string) => string | undefined;
}

const hubNaming = (name: string, position = 0): Naming => ({ argument: { name, position }, spell: onHub });

/** Sentence Transformers looks for a bare name among its own: util/file_io and SentenceTransformer.py of 5.1. */
const sentence = (name: string) => onHub(name.includes('/') ? name : `sentence-transformers/${name}`);

/** By the end of a call's dotted name. */
const namings: readonly (readonly [call: RegExp, naming: Naming])[] = [
  [/(?:^|\.)from_pretrained$/, hubNaming('pretrained_model_name_or_path')],
  [/^transformers\.(?:\w+\.)*pipeline$/, hubNaming('model', 1)],
  [/^huggingface_hub\.(?:\w+\.)*(?:snapshot_download|hf_hub_download)$/, hubNaming('repo_id')],
  [
    /^sentence_transformers\.(?:\w+\.)*(?:SentenceTransformer|CrossEncoder)$/,
    { argument: { name: 'model_name_or_path', position: 0 }, spell: sentence },
  ],
  [
    /^clip\.(?:clip\.)?load$/,
    { argument: { name: 'name', position: 0 }, spell: (name) => catalog('clip', name) },
  ],
  [
    /^whisper\.load_model$/,
    { argument: { name: 'name', position: 0 }, spell: (name) => catalog('whisper', name) },
  ],
];

/** The models that files name, each once, in the order of files and lines. Names that only run time knows are not among them. */
export function modelsIn(files: Files): UsedModel[] {
  const project = new Project(files, []);
  const found = new Map<string, UsedModel>();
  for (const { source } of files.all) {
    if (!/from_pretrained|pipeline|_download|Transformer|CrossEncoder|clip|whisper|easyocr/.test(source.text))
      continue;
    const module = files.module(source.path);
    if (module === undefined) continue;
    for (const use of project.uses(module)) {
      const line = module.lines.row(use.callee.from) + 1;
      for (const model of namedBy(use)) {
        if (!found.has(model)) found.set(model, { source: model, path: source.path, line });
      }
    }
  }
  return [...found.values()];
}

function namedBy(use: Use): readonly string[] {
  const { site, callee, args } = use;
  const called = use.name ?? textOf(site.module, callee);
  if (/^easyocr\.(?:easyocr\.)?Reader$/.test(called)) return languagesOf(use);
  const naming = namings.find(([call]) => call.test(called))?.[1];
  if (naming === undefined) return [];
  const given = args.get(naming.argument);
  const revision = textsOf(args.get({ name: 'revision' })?.value);
  return textsOf(given?.value).flatMap((name) => {
    const source = naming.spell(name);
    if (source === undefined) return [];
    return revision.length === 1 && !source.includes(':') ? [`${source}@${revision[0]}`] : [source];
  });
}

/** `easyocr.Reader(["en", "ch_sim"])` */
function languagesOf({ args, site, callee: { parent } }: Use): readonly string[] {
  const call = parent === undefined ? undefined : child(parent, 'arguments');
  const list = args.get({ name: 'lang_list', position: 0 })?.expression ?? call?.children[0];
  if (list?.type !== 'list') return [];
  const languages = list.children.map((node) => /^["'](\w+)["']$/.exec(textOf(site.module, node))?.[1]);
  if (languages.length === 0 || languages.some((language) => language === undefined)) return [];
  return [`easyocr:${languages.join('+')}`];
}

/** What it may be; of a variable of the environment what it is by default. */
function textsOf(value: Value | undefined): readonly string[] {
  switch (value?.kind) {
    case 'text':
      return [value.text];
    case 'either':
      return value.values.flatMap(textsOf);
    case 'environment':
    case 'parameter':
      return textsOf(value.fallback);
    default:
      return [];
  }
}

/** A name of the Hub, and no folder. */
function onHub(name: string): string | undefined {
  return /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)?$/.test(name) && !/^(?:tmp|opt|mnt|var|models?)(?:\/|$)/.test(name)
    ? name
    : undefined;
}

function catalog(scheme: string, name: string): string | undefined {
  return /^[\w./@-]+$/.test(name) && !/^[./~]|\.pt$/.test(name) ? `${scheme}:${name}` : undefined;
}
