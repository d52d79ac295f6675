import { replace } from '../fix.ts';
import { type Project } from '../project.ts';
import { textOf, type Module } from '../python/module.ts';
import type { Rule } from './rule.ts';

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
