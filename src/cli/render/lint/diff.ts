import { createTwoFilesPatch } from 'diff';

import { printable } from '../../../printable.ts';
import type { FileFix } from '../../../verbs/lint.ts';

/** What would be written, as `patch` and `git apply` read it. No final newline. */
export function diff(fixes: readonly FileFix[]): string {
  return fixes
    .map(({ path, before, after }) => {
      const name = printable(path);
      const patch = createTwoFilesPatch(`a/${name}`, `b/${name}`, before, after, '', '', { context: 3 });
      return patch
        .replace(/^=+\n/, '')
        .replace(/^(---|\+\+\+) (.*?)\t?$/gm, '$1 $2')
        .replace(/\n$/, '');
    })
    .join('\n');
}
