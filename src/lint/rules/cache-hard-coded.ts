import { corrected, environmentHelp, givenPaths, judge } from './cache-path.ts';
import type { Rule } from './rule.ts';

export const cacheHardCoded: Rule = {
  code: 'cache-hard-coded',
  level: 'warning',
  title: 'the path of the cache stands in the code',
  why: `It works, but only there: the same code cannot use a mounted file system, a folder that was unpacked elsewhere, or a
developer's disk. Take the path from the environment, with what stands there now as the default.`,
  bad: `import whisper

model = whisper.load_model("base", download_root="/tmp/whisper")
`,
  good: `import os

import whisper

model = whisper.load_model("base", download_root=os.environ.get("MODEL_CACHE_FS_PATH", "/tmp/whisper"))
`,
  *check(module, project) {
    for (const path of givenPaths(module, project)) {
      const { use, given, paths, argument } = path;
      const { by, worst } = judge(paths);
      if (by !== 'code' || (worst?.place !== 'temporary' && worst?.place !== 'mount')) continue;
      yield {
        range: given.expression ?? use.callee,
        ...(use.call.byHand && { level: 'note' as const }),
        message: `${argument.name} is "${worst.text?.slice(0, 80) ?? '/tmp'}" in the code, so nobody can move it`,
        help: environmentHelp,
        ...corrected(path),
      };
    }
  },
};

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
