import { givenPaths, judge } from './cache-path.ts';
import type { Rule } from './rule.ts';

export const cacheByCaller: Rule = {
  code: 'cache-by-caller',
  level: 'note',
  title: 'the caller of the function decides where the cache is',
  why: `The path comes in through a parameter of the function, so it is configurable, but whether it comes from the
environment is decided by who calls.`,
  bad: `from transformers import AutoModel

def load(cache):
    return AutoModel.from_pretrained("google-bert/bert-base-cased", cache_dir=cache)
`,
  good: `import os

from transformers import AutoModel

def load():
    return AutoModel.from_pretrained("google-bert/bert-base-cased", cache_dir=os.environ["MODEL_CACHE_FS_PATH"])
`,
  *check(module, project) {
    for (const { use, given, paths } of givenPaths(module, project)) {
      const { by, name, worst } = judge(paths);
      if (by !== 'caller' || (worst !== undefined && worst.place !== 'nothing')) continue;
      yield {
        range: given.expression ?? use.callee,
        message: `configurable by the caller, who gives ${name ?? 'it'}`,
      };
    }
  },
};
