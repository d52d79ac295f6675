import { shortName } from '../../cache-paths/table.ts';
import { hubVariables } from '../../cache-paths/hub.ts';
import { usedBy } from '../catalog.ts';
import type { Remark } from '../finding.ts';
import type { Project } from '../project.ts';
import { textOf, type Module } from '../python/module.ts';
import { child } from '../python/tree.ts';
import { corrected, fallbackOf, isMissing, loadings, movedBy, type Loading } from './cache.ts';
import type { Rule } from './rule.ts';

/** The argument is missing, and no variable is known to be set. */
export const cacheNotSet: Rule = {
  code: 'cache-not-set',
  level: 'warning',
  title: 'neither the call nor a variable says where the cache is',
  why: `The library downloads into the home folder, which does not exist on Lambda and cannot be made. An argument or a
variable moves it, and neither was found: not in the call, not in the code, not in a SAM or CloudFormation template,
\`serverless.yml\`, \`Dockerfile\` or Terraform file of the project. \`modelpack env\` prints the variables; what is set
elsewhere can be told with \`--set NAME\`.

It is a note where the library's own choice can be written on Lambda, where the model may be a folder, and where it is
not sure what is called.`,
  bad: `from transformers import AutoModel

model = AutoModel.from_pretrained("google-bert/bert-base-cased")
`,
  good: `import os

from transformers import AutoModel

model = AutoModel.from_pretrained(
    "google-bert/bert-base-cased",
    cache_dir=os.environ.get("MODEL_CACHE_FS_PATH", "/tmp/models"),
)
`,
  *check(module, project) {
    for (const loading of loadings(module, project)) {
      const { library } = loading.listed;
      if (library.variables.length === 0 || !isMissing(loading)) continue;
      const moved = movedBy(loading, project);
      if (moved !== undefined) continue;
      const quiet = library.safe === true || loading.doubtful;
      yield { range: loading.callee, ...missing(loading), ...(quiet && { level: 'note' as const }) };
    }
    yield* unresolved(module, project);
    yield* imports(module, project);
  },
};

function missing(loading: Loading): Omit<Remark, 'range'> {
  const { library } = loading.listed;
  const variable = library.settings[0]?.variable ?? library.variables[0]!.name;
  const safe = library.safe === true;
  return {
    message: safe
      ? `${shortName(library)} writes to ${fallbackOf(loading)}, which works on Lambda but is not for you to choose`
      : `${shortName(library)} writes to ${fallbackOf(loading)}, which cannot be written on Lambda, and ${variable} is not set`,
    help: `set ${variable} for the function (modelpack env prints it)${loading.listed.call.arguments.length > 0 ? ', or give the path' : ''}`,
    ...corrected(loading),
  };
}

/** `X.from_pretrained(…)` where it is not known what X is: most likely of the Hugging Face family. */
function* unresolved(module: Module, project: Project): Generator<Remark> {
  const set = new Set(hubVariables.map(({ name }) => name).concat('HOME'));
  for (const use of project.uses(module)) {
    if (use.listed !== undefined || use.callee.type !== 'attribute') continue;
    if (textOf(module, child(use.callee, 'attribute') ?? use.callee) !== 'from_pretrained') continue;
    const object = textOf(module, child(use.callee, 'object') ?? use.callee);
    if (/^(?:cls|self|super\(\))/.test(object)) continue;
    const { args } = use;
    if (args.starred || args.spread.length > 0 || args.get({ name: 'cache_dir' }) !== undefined) continue;
    const first = args.nodes[0];
    const value = project.value(first, use.site);
    if (first === undefined || (value.kind === 'text' && /^[./~]/.test(value.text))) continue;
    if (isSet(set, module, project)) continue;
    yield {
      range: use.callee,
      level: 'note',
      message: `${object} is not known; if it loads from the Hugging Face Hub, it writes to ~/.cache/huggingface/hub`,
      help: 'set HF_HOME for the function (modelpack env prints it), or give cache_dir',
    };
  }
}

/** Libraries that write as soon as they are imported. */
function* imports(module: Module, project: Project): Generator<Remark> {
  const said = new Set<string>();
  for (const { name, node } of module.imports) {
    if (project.find(name, module.source.path) !== undefined) continue; // the project's own
    for (const library of usedBy(name)) {
      if (library.writesAtImport !== true || said.has(library.name)) continue;
      said.add(library.name);
      const names = new Set([...library.variables.map((each) => each.name), 'HOME']);
      if (isSet(names, module, project)) continue;
      const variables = library.settings.map(({ variable }) => variable).join(', ');
      yield {
        range: node,
        ...(library.safe === true && { level: 'note' as const }),
        message: `${shortName(library)} writes when it is imported: ${library.fallback}`,
        help: `set ${variables} for the function (modelpack env prints it)`,
      };
    }
  }
}

function isSet(names: ReadonlySet<string>, { source: { path } }: Module, project: Project): boolean {
  const deployed = project.deployed(path);
  const isOne = (set: { has(name: string): boolean }) => [...names].some((name) => set.has(name));
  return isOne(deployed) || project.related(path).some((each) => isOne(project.variablesOf(each)));
}
