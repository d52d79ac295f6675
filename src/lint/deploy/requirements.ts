import { dirname } from 'node:path/posix';

import { Lines } from '../python/source.ts';
import type { Deployment } from './deployment.ts';

/**
 * The versions that a requirements file asks for.
 *
 * @see https://pip.pypa.io/en/stable/reference/requirements-file-format/
 */
export function readRequirements(path: string, text: string): Deployment {
  const pins = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, versions = ''] = /^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*([^;#]*)/.exec(line) ?? [];
    if (name !== undefined) pins.set(name.toLowerCase().replaceAll(/[-_.]+/g, '-'), versions.trim());
  }
  const source = { path, text };
  const file = { source, lines: new Lines(source) };
  return { path, kind: 'requirements', functions: [], file, requires: { folder: dirname(path), pins } };
}

/** Whether a version specifier lets in nothing from this major version on. */
export function isBefore(versions: string, major: number): boolean {
  return versions.split(',').some((each) => {
    const [, operator, first, rest = ''] = /^\s*(===?|~=|<=?)\s*(\d+)((?:\.\d+)*)/.exec(each) ?? [];
    if (operator === undefined) return false;
    if (operator === '<') return Number(first) < major || (Number(first) === major && /^[.0]*$/.test(rest));
    return Number(first) < major;
  });
}
