import { shellWord } from '../../printable.ts';
import { formatSize } from '../../size.ts';
import type { RuntimeResult } from '../../verbs/runtime.ts';

/** The file alone, for scripts. */
export function runtimeWritten({ location }: RuntimeResult): string {
  return location;
}

/** What was written and what comes next, for people, on stderr. */
export function runtimeSummary({ kind, location, size, sha256, version, written }: RuntimeResult): string {
  const what = `version ${version}, ${formatSize(size)}, sha256 ${sha256.slice(0, 12)}`;
  const next = {
    python: 'put it beside the handler, then: import modelpack_runtime as modelpack',
    layer: `publish it: aws lambda publish-layer-version --layer-name modelpack-runtime --zip-file fileb://${shellWord(location)}`,
  }[kind];
  return `${written ? what : `already there: ${what}`}\n${next}`;
}
