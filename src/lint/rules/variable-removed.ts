import type { Library } from '../../cache-paths/library.ts';
import { libraries, shortName } from '../../cache-paths/table.ts';
import { replace } from '../fix.ts';
import type { Project } from '../project.ts';
import { textOf } from '../python/module.ts';
import type { Rule } from './rule.ts';

export const variableRemoved: Rule = {
  code: 'variable-removed',
  level: 'warning',
  title: 'the variable is not read any more',
  why: `transformers 5 dropped \`TRANSFORMERS_CACHE\`, \`PYTORCH_TRANSFORMERS_CACHE\` and \`PYTORCH_PRETRAINED_BERT_CACHE\` without a
word. A function that sets nothing else breaks with the update. \`HF_HUB_CACHE\` takes the same folder, and transformers 4
reads it too. Nothing is said where a \`requirements.txt\` keeps transformers below 5. torch only warns of \`TORCH_HUB\` and
\`TORCH_MODEL_ZOO\`; \`TORCH_HOME\` took their place.`,
  bad: `import os

os.environ["TRANSFORMERS_CACHE"] = "/tmp/models"

from transformers import AutoModel
`,
  good: `import os

os.environ["HF_HUB_CACHE"] = "/tmp/models"

from transformers import AutoModel
`,
  *check(module, project) {
    const { path } = module.source;
    const isSet = (name: string) =>
      project.deployed(path).has(name) || project.sets(module).some((set) => set.name === name);
    for (const { name, node, key, byHand } of project.sets(module)) {
      const library = removedFrom(name, path, project);
      if (library === undefined || successorsOf(library).some(isSet)) continue;
      const quote = key === undefined ? '"' : textOf(module, key)[0]!;
      const canFix = key?.type === 'string' && module.source.exact && isTransformers(library);
      yield {
        range: key ?? node,
        ...(byHand && { level: 'note' as const }),
        ...said(name, library),
        ...(canFix && { fix: replace(key, `${quote}HF_HUB_CACHE${quote}`) }),
      };
    }
  },
  *checkDeployment({ path, functions }, project) {
    for (const { variables } of functions) {
      for (const [name, { from, to }] of variables) {
        const library = removedFrom(name, path, project);
        if (library === undefined || successorsOf(library).some((each) => variables.has(each))) continue;
        yield { range: { from, to }, ...said(name, library) };
      }
    }
  },
};

/** The library that does not read it any more, unless an older version is asked for. */
function removedFrom(variable: string, path: string, project: Project): Library | undefined {
  const library = libraries.find(({ removed }) => removed?.includes(variable));
  if (library === undefined || (isTransformers(library) && project.isBefore(path, 'transformers', 5)))
    return undefined;
  return library;
}

function isTransformers({ modules }: Library): boolean {
  return modules.includes('transformers');
}

/** What moves the same models now. */
function successorsOf({ variables }: Library): string[] {
  return variables.map(({ name }) => name).filter((name) => name !== 'XDG_CACHE_HOME');
}

function said(variable: string, library: Library) {
  const reader = isTransformers(library) ? 'transformers 5' : shortName(library);
  const help = isTransformers(library)
    ? 'HF_HUB_CACHE is the same folder; HF_HOME moves all of Hugging Face'
    : `set ${successorsOf(library).join(' or ')}`;
  return { message: `${reader} does not read ${variable} any more: models go to ${library.fallback}`, help };
}
