import { readersOf, usedBy } from '../catalog.ts';
import { replace } from '../fix.ts';
import { isWithin, type Project } from '../project.ts';
import { textOf, type Import, type Module } from '../python/module.ts';
import type { VariableSet } from '../variables.ts';
import type { Rule } from './rule.ts';

export const variableAfterImport: Rule = {
  code: 'variable-after-import',
  level: 'error',
  title: 'the variable is set when the library has read it already',
  why: `Most libraries copy the variable into a constant when they are imported: huggingface_hub, transformers, datasets,
EasyOCR, flair, gensim, stanza, NLTK, Keras, matplotlib. To set it afterwards does nothing. Set it for the function, or
before the first import.`,
  bad: `import os

from transformers import AutoModel

os.environ["HF_HOME"] = "/tmp/huggingface"
model = AutoModel.from_pretrained("google-bert/bert-base-cased")
`,
  good: `import os

os.environ["HF_HOME"] = "/tmp/huggingface"

from transformers import AutoModel

model = AutoModel.from_pretrained("google-bert/bert-base-cased")
`,
  *check(module, project) {
    for (const set of project.sets(module)) {
      if (set.library) continue;
      const isRead = readAtImport(set.name);
      if (isRead === undefined) continue;
      const early = module.imports.find((each) => precedes(each, set) && isRead(each.name));
      if (early === undefined) continue;
      // Set for the function already: this is for somewhere else.
      if (project.deployed(module.source.path).has(set.name)) continue;
      if (project.sets(module).some((other) => other.name === set.name && other.node.from < early.node.from))
        continue;
      const line = module.lines.position(early.node.from).line;
      yield {
        range: set.node,
        ...(set.byHand && { level: 'note' as const }),
        message: `${set.name} is read when ${early.name.split('.')[0]} is imported, in line ${line}, before it is set here`,
        help: 'set it for the function (modelpack env prints it), or before the import',
      };
    }
  },
};

/** Which imports read a variable for good; undefined for a variable that nobody reads at import. */
function readAtImport(variable: string): ((name: string) => boolean) | undefined {
  const readers = readersOf.get(variable);
  if (readers === undefined) return undefined;
  return (name) =>
    usedBy(name).some((library) =>
      library.variables.some((each) => each.name === variable && each.readAt === 'import'),
    );
}

/** Whether an import has surely run when a variable is set. */
function precedes(imported: Import, { node, scope }: VariableSet): boolean {
  if (imported.scope.kind === 'module') return scope.kind !== 'module' || imported.node.to <= node.from;
  return isWithin(scope, imported.scope) && imported.node.to <= node.from;
}

const removed = ['TRANSFORMERS_CACHE', 'PYTORCH_TRANSFORMERS_CACHE', 'PYTORCH_PRETRAINED_BERT_CACHE'];
const successors = ['HF_HOME', 'HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE'];
const message = (name: string) =>
  `transformers 5 does not read ${name} any more, without a warning: models go to ~/.cache/huggingface/hub`;
const help = 'HF_HUB_CACHE is the same folder; HF_HOME moves all of Hugging Face';

export const variableRemoved: Rule = {
  code: 'variable-removed',
  level: 'warning',
  title: 'the variable is not read any more',
  why: `transformers 5 dropped \`TRANSFORMERS_CACHE\`, \`PYTORCH_TRANSFORMERS_CACHE\` and \`PYTORCH_PRETRAINED_BERT_CACHE\` without a
word. A function that sets nothing else breaks with the update. \`HF_HUB_CACHE\` takes the same folder, and transformers 4
reads it too.`,
  bad: `import os

os.environ["TRANSFORMERS_CACHE"] = "/tmp/models"

from transformers import AutoModel
`,
  good: `import os

os.environ["HF_HUB_CACHE"] = "/tmp/models"

from transformers import AutoModel
`,
  *check(module, project) {
    for (const { name, node, key, byHand } of project.sets(module)) {
      if (!removed.includes(name) || isReplaced(module, project)) continue;
      const quote = key === undefined ? '"' : textOf(module, key)[0]!;
      const fix = key?.type === 'string' ? replace(key, `${quote}HF_HUB_CACHE${quote}`) : undefined;
      yield {
        range: key ?? node,
        ...(byHand && { level: 'note' as const }),
        message: message(name),
        help,
        fix: module.source.exact ? fix : undefined,
      };
    }
  },
  *checkDeployment({ functions }) {
    for (const { variables } of functions) {
      if (successors.some((name) => variables.has(name))) continue;
      for (const [name, { from, to }] of variables) {
        if (removed.includes(name)) yield { range: { from, to }, message: message(name), help };
      }
    }
  },
};

function isReplaced(module: Module, project: Project): boolean {
  if (successors.some((name) => project.deployed(module.source.path).has(name))) return true;
  return project.sets(module).some(({ name }) => successors.includes(name));
}
