import { shortName } from '../../cache-paths/table.ts';
import { loadings, movedBy, corrected } from './cache.ts';
import type { Rule } from './rule.ts';

export const cacheHalfSet: Rule = {
  code: 'cache-half-set',
  level: 'error',
  title: 'one of two folders is set, and the library makes both',
  why: `EasyOCR makes two folders whenever a Reader is made: one for its models, one for networks of your own. With only
\`model_storage_directory\` it still makes \`~/.EasyOCR/user_network\`, and fails on Lambda.`,
  bad: `import os

import easyocr

reader = easyocr.Reader(["en"], model_storage_directory=os.environ["MODEL_CACHE_FS_PATH"])
`,
  good: `import os

import easyocr

cache = os.environ["MODEL_CACHE_FS_PATH"]
reader = easyocr.Reader(["en"], model_storage_directory=cache, user_network_directory=cache)
`,
  *check(module, project) {
    for (const loading of loadings(module, project)) {
      const { listed, given, args, callee, doubtful } = loading;
      const { call, library } = listed;
      if (call.all !== true || args.spread.length > 0 || args.starred) continue;
      const set = given.filter(({ paths }) => paths.some(({ place }) => place !== 'nothing'));
      if (set.length === 0 || set.length === call.arguments.length) continue;
      if (movedBy(loading, project) !== undefined) continue;
      const missing = call.arguments.filter(({ name }) =>
        set.every(({ argument }) => argument.name !== name),
      );
      const names = missing.map(({ name }) => name).join(' and ');
      yield {
        range: callee,
        ...(doubtful && { level: 'note' as const }),
        message: `${shortName(library)} also writes to the folder of ${names}, which is still ${library.fallback.replace(/\s*\(.*$/, '')}`,
        help: `give ${names} too`,
        ...corrected(loading),
      };
    }
  },
};
