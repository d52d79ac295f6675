import type { FunctionSettings } from '../budget/check.ts';
import { limits, MB } from '../budget/limits.ts';
import { ModelpackError } from '../errors.ts';
import { brief } from '../printable.ts';
import { formatCount } from '../size.ts';
import { cloudFormationFunctions, serverlessFunctions, type TemplateFunction } from './functions.ts';
import { intrinsics } from './intrinsics.ts';
import type { Parameters } from './value.ts';
import { memory, Properties, storage } from './properties.ts';
import { variables } from './variables.ts';
import { readYaml } from './yaml.ts';

export interface ConfigurationOptions {
  /** Only these functions; all of the template without any. */
  readonly functions?: readonly string[] | undefined;
  /** Values of the template's parameters, in place of their defaults. */
  readonly parameters?: Parameters | undefined;
  /** In bytes, whatever the template says. */
  readonly tmp?: number | undefined;
  readonly memory?: number | undefined;
}

/**
 * What an unconfigured function has, in bytes. The Serverless Framework gives more than Lambda itself.
 *
 * @see https://www.serverless.com/framework/docs/providers/aws/guide/functions
 */
const memoryDefault = {
  sam: limits.memoryMin.bytes,
  cloudformation: limits.memoryMin.bytes,
  serverless: 1024 * MB,
} as const satisfies Record<TemplateFunction['kind'], number>;

/**
 * The functions of a SAM, CloudFormation or serverless template, YAML or JSON.
 *
 * @param path for messages
 * @throws ModelpackError `usage`, with the line, for what is no template, names no such function, or gives a function
 * what Lambda does not have or what only its deployment can tell
 */
export function readConfiguration(
  path: string,
  text: string,
  options: ConfigurationOptions = {},
): readonly FunctionSettings[] {
  const yaml = readYaml(text);
  if (yaml?.error !== undefined) {
    const { message, line, column } = yaml.error;
    throw new ModelpackError('usage', `${path}:${line}:${column}: ${message}`, { hint: 'mend the template' });
  }
  const cloudFormation = yaml && cloudFormationFunctions(yaml.root);
  const found = cloudFormation ?? (yaml && serverlessFunctions(yaml.root));
  if (yaml === undefined || found === undefined) {
    throw new ModelpackError('usage', `${path} is no SAM, CloudFormation or serverless template`, {
      hint: 'it has to have Resources, or provider and functions; what is code is printed as one: cdk synth, serverless print',
    });
  }
  const parameters: Parameters = options.parameters ?? new Map();
  const values = cloudFormation === undefined ? variables : intrinsics;
  return chosen(path, found, options.functions ?? []).map((each) => {
    const resolve = values(yaml.root, new Map([...parameters, ...each.loop]));
    return configurationOf(each, new Properties(path, each, resolve), options);
  });
}

function chosen(
  path: string,
  all: readonly TemplateFunction[],
  names: readonly string[],
): readonly TemplateFunction[] {
  const there = all.map(({ name }) => brief(name)).join(', ');
  if (all.length === 0) throw new ModelpackError('usage', `${path} has no Lambda function`);
  for (const name of names) {
    if (all.some((each) => each.name === name)) continue;
    throw new ModelpackError('usage', `${path} has no function ${brief(name)}`, { hint: `it has ${there}` });
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

function configurationOf(
  each: TemplateFunction,
  properties: Properties,
  options: ConfigurationOptions,
): FunctionSettings {
  const { name, line, kind } = each;
  const isServerless = kind === 'serverless';
  const tmp =
    options.tmp ??
    properties.size(isServerless ? ['ephemeralStorageSize'] : ['EphemeralStorage', 'Size'], storage) ??
    limits.tmpDefault.bytes;
  const ownMemory =
    options.memory ??
    properties.size([isServerless ? 'memorySize' : 'MemorySize'], memory) ??
    memoryDefault[kind];
  const snapStart = isServerless
    ? properties.choice(['snapStart'], ['false', 'true']) === 'true'
    : properties.choice(['SnapStart', 'ApplyOn'], ['None', 'PublishedVersions']) === 'PublishedVersions';
  const packageType = isServerless
    ? properties.has(['image'])
      ? 'Image'
      : 'Zip'
    : (properties.choice(['PackageType'], ['Zip', 'Image']) ??
      (properties.has(['ImageUri']) || properties.has(['Code', 'ImageUri']) ? 'Image' : 'Zip'));
  if (snapStart && tmp > limits.snapStartTmp.bytes) {
    throw properties.error(line, `has SnapStart, and ${megabytes(tmp)} of ephemeral storage`, {
      hint: `with SnapStart Lambda takes at most ${megabytes(limits.snapStartTmp.bytes)}`,
    });
  }
  return { name, line, tmp, memory: ownMemory, snapStart, packageType };
}

function megabytes(bytes: number): string {
  return `${formatCount(bytes / MB)} MB`;
}
