import { basename } from 'node:path/posix';

import type { Parsed } from '../python/tree.ts';
import { Lines } from '../python/source.ts';
import type { Deployment } from './deployment.ts';
import { readDockerfile } from './dockerfile.ts';
import { readRequirements } from './requirements.ts';
import { readCloudFormation, readServerless } from './templates.ts';
import { readTerraform } from './terraform.ts';

/** @returns undefined for a file that describes no function */
export function readDeployment(
  path: string,
  text: string,
  parseHcl: ((text: string) => Parsed | undefined) | undefined,
): Deployment | undefined {
  const name = basename(path);
  if (name.endsWith('.txt')) return readRequirements(path, text);
  if (name.endsWith('.tf')) {
    if (parseHcl === undefined || !/aws_lambda_function|environment_variables/.test(text)) return undefined;
    const parsed = parseHcl(text);
    return parsed && readTerraform(path, text, parsed);
  }
  if (/^(?:Docker|Container)file|\.[Dd]ockerfile$/.test(name)) return readDockerfile(path, text);
  if (/^serverless\b/.test(name)) return readServerless(path, text);
  // Any YAML may be a template; most is not, and need not be parsed to know.
  if (/AWS::(?:Serverless|Lambda)::Function/.test(text)) return readCloudFormation(path, text);
  return undefined;
}

/** Variables that every function has, from outside of all files. */
export function givenVariables(variables: ReadonlyMap<string, string | undefined>): Deployment {
  const source = { path: '--set', text: '' };
  const set = [...variables].map(([name, value]) => [name, { value, from: 0, to: 0 }] as const);
  return {
    path: source.path,
    kind: 'given',
    functions: [{ name: source.path, folder: '/', handler: undefined, variables: new Map(set) }],
    file: { source, lines: new Lines(source) },
  };
}
