import { randomUUID } from 'node:crypto';

import { ModelpackError } from '../../../errors.ts';
import type { CiResult } from '../../../verbs/ci.ts';

/** What later steps may want to know, by name. Of a single bundle also without its name. */
export function outputsOf({ passed, failed, bundles }: CiResult): ReadonlyMap<string, string> {
  const told = bundles.map(({ bundle, id, size, fetch }) => ({
    bundle,
    id,
    size,
    location: fetch?.location ?? '',
    shipped: fetch !== null && !fetch.skipped,
  }));
  const outputs = new Map([
    ['passed', String(passed)],
    ['failed', failed ?? ''],
    ['bundles', JSON.stringify(told)],
  ]);
  const [only] = told;
  if (told.length === 1 && only !== undefined) {
    const { id, size, location, shipped } = only;
    for (const [name, value] of Object.entries({ id, size, location, shipped }))
      outputs.set(name, String(value));
  }
  return outputs;
}

/**
 * For the file of `GITHUB_OUTPUT`. A value may hold anything, so each stands between lines that nobody can foresee.
 *
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#multiline-strings
 */
export function githubOutput(outputs: ReadonlyMap<string, string>): string {
  return [...outputs]
    .map(([name, value]) => {
      const end = `modelpack_${randomUUID()}`;
      return `${name}<<${end}\n${value}\n${end}\n`;
    })
    .join('');
}

/**
 * Variables for GitLab's `artifacts:reports:dotenv`, which knows no quoting: a value ends with its line, and has no
 * spaces.
 *
 * @see https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv
 * @throws ModelpackError `usage` for a location that cannot be written so
 */
export function dotenv({ passed, bundles }: CiResult): string {
  const single = bundles.length === 1;
  const lines = bundles.flatMap(({ bundle, id, fetch }) => {
    const prefix = `MODELPACK_${bundle.toUpperCase().replaceAll('-', '_')}`;
    const values = { ID: id, LOCATION: fetch?.location ?? '', SHIPPED: fetch !== null && !fetch.skipped };
    return Object.entries(values).flatMap(([name, value]) => [
      `${prefix}_${name}=${value}`,
      ...(single ? [`MODELPACK_${name}=${value}`] : []),
    ]);
  });
  for (const line of lines) checkDotenv(line);
  return [`MODELPACK_PASSED=${passed}`, ...lines, ''].join('\n');
}

/** @throws ModelpackError `usage` for a location that a dotenv file cannot hold */
export function checkDotenv(text: string): void {
  if (/^[\x21-\x7e]*$/.test(text)) return;
  throw new ModelpackError(
    'usage',
    `a location with spaces or other letters than ASCII has no place in a dotenv file`,
    {
      hint: 'name the destination without them, or leave out --dotenv',
    },
  );
}
