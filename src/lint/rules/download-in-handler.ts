import type { Remark } from '../finding.ts';
import { isWithin, type Project, type Use } from '../project.ts';
import { textOf, type Module, type Scope } from '../python/module.ts';
import { child, walk } from '../python/tree.ts';
import type { Rule } from './rule.ts';

export const downloadInHandler: Rule = {
  code: 'download-in-handler',
  level: 'warning',
  title: 'something is downloaded or installed while a request waits',
  why: `What a handler downloads is downloaded again in every new environment, while the caller waits, and it counts against
the timeout. Put it into the package or the image, or into a bundle that is loaded when the function starts. It is an
error where a package is installed (\`spacy.cli.download\`, \`pip install\`): site-packages is read-only.`,
  bad: `import nltk

def handler(event, context):
    nltk.download("punkt_tab", download_dir="/tmp/nltk_data")
    return nltk.word_tokenize(event["text"])
`,
  good: `import os

import nltk

nltk.data.path.append(os.environ["MODEL_CACHE_FS_PATH"])

def handler(event, context):
    return nltk.word_tokenize(event["text"])
`,
  *check(module, project) {
    const perRequest = handled(module, project);
    for (const use of project.uses(module)) {
      const what = fetched(use, project);
      if (what === undefined || use.call.byHand) continue;
      const inHandler = perRequest.some((scope) => isWithin(use.call.scope, scope));
      if (!inHandler && (!what.installs || use.call.scope.kind !== 'module')) continue;
      const remark: Remark = {
        range: use.callee,
        message: what.installs
          ? `${what.name} installs a package, and site-packages is read-only on Lambda`
          : `${what.name} downloads in the handler, in every new environment and while the caller waits`,
        help: what.installs
          ? 'install it into the package or the image'
          : 'pack it, or download it when the function starts',
      };
      yield what.installs && inHandler ? { ...remark, level: 'error' } : remark;
    }
  },
};

function fetched(
  { name, listed, args, site, callee }: Use,
  project: Project,
): { name: string; installs: boolean } | undefined {
  if (name === undefined) return undefined;
  if (listed?.call.kind === 'install') return { name, installs: true };
  if (listed?.call.kind === 'download') {
    const offline = args.get({ name: 'local_files_only' })?.value;
    return offline?.kind === 'constant' && offline.value === true ? undefined : { name, installs: false };
  }
  if (!/^(?:subprocess\.\w+|os\.(?:system|popen)|pip\.main|pip\._internal\.main)$/.test(name))
    return undefined;
  const words = args.nodes.flatMap((node) =>
    [...walk(node)]
      .filter(({ type }) => type === 'string')
      .map((each) => project.value(each, site))
      .flatMap((value) => (value.kind === 'text' ? [value.text] : [])),
  );
  const line = words.join(' ');
  if (
    /\bpip3? install\b|\bspacy download\b/.test(line) ||
    (name.startsWith('pip.') && /^install\b/.test(line))
  )
    return { name: `${textOf(site.module, callee)}("${line.slice(0, 40)}")`, installs: true };
  return undefined;
}

/** The functions that run for each request: the handlers, and what they call in the same file. */
export function handled(module: Module, project: Project): readonly Scope[] {
  const named = project.handlersIn(module);
  const functions = module.calls.map(({ scope }) => scope);
  const starts = new Set(
    [...new Set(functions)].flatMap((scope) => {
      const top = outermost(scope);
      return top !== undefined && isHandler(top, named) ? [top] : [];
    }),
  );
  const reached = [...starts];
  for (let at = 0; at < reached.length; at++) {
    for (const use of project.uses(module)) {
      if (!isWithin(use.call.scope, reached[at]!)) continue;
      const target = project.value(use.callee, use.site);
      if (target.kind === 'function' && target.module === module && !reached.includes(target.scope))
        reached.push(target.scope);
    }
  }
  return reached;
}

function outermost(scope: Scope): Scope | undefined {
  let top: Scope | undefined;
  for (let here: Scope | undefined = scope; here !== undefined; here = here.parent)
    if (here.kind === 'function') top = here;
  return top;
}

function isHandler({ name, parameters, parent, node }: Scope, named: ReadonlySet<string>): boolean {
  if (parent?.kind !== 'module' || child(node, 'parameters') === undefined) return false;
  if (named.has(name)) return true;
  const [event, context] = parameters;
  return parameters.length === 2 && /^_?event$/.test(event!) && /^_*(?:context|ctx|_)?$/.test(context!);
}
