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
