import { shortName } from '../../cache-paths/table.ts';
import type { Remark } from '../finding.ts';
import { corrected, fallbackOf, isMissing, loadings, movedBy } from './cache.ts';
import type { Rule } from './rule.ts';

/** The argument is missing, and no variable can help. */
export const cacheNoVariable: Rule = {
  code: 'cache-no-variable',
  level: 'error',
  title: 'the library has no variable for its cache, and the call has no path',
  why: `The library downloads into the home folder, which does not exist on Lambda and cannot be made:
\`OSError: [Errno 30] Read-only file system: '/home/sbx_user1051'\`. No variable of its own moves it, only the argument
of this call. \`HOME=/tmp\` works too, but moves everything else as well.`,
  bad: `import clip

model, preprocess = clip.load("ViT-B/32")
`,
  good: `import os

import clip

model, preprocess = clip.load("ViT-B/32", download_root=os.environ.get("MODEL_CACHE_FS_PATH", "/tmp/models"))
`,
  *check(module, project) {
    for (const loading of loadings(module, project)) {
      const { library, call } = loading.listed;
      if (library.variables.length > 0 || library.safe === true || !isMissing(loading)) continue;
      const home = movedBy(loading, project);
      const needs =
        call.arguments.length === 0
          ? 'no argument changes that; change to a folder below /tmp before it'
          : 'no variable of its own moves it';
      const remark: Remark = {
        range: loading.callee,
        message: `${shortName(library)} writes to ${fallbackOf(loading)}, which cannot be written on Lambda; ${needs}`,
        ...corrected(loading),
      };
      if (home !== undefined) {
        yield {
          ...remark,
          level: 'note',
          message: `${shortName(library)} writes to ${fallbackOf(loading)}; only ${home.name} of ${home.where} moves it, with everything else`,
        };
      } else yield loading.doubtful ? { ...remark, level: 'note' } : remark;
    }
  },
};
