import { readersOf, usedBy } from '../catalog.ts';
import { isWithin } from '../project.ts';
import { type Import } from '../python/module.ts';
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
