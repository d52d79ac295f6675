import { dirname, join } from 'node:path/posix';

import {
  cloudFormationFunctions,
  serverlessFunctions,
  type TemplateFunction,
} from '../../template/functions.ts';
import { readYaml, type Node } from '../../template/yaml.ts';
import { Lines } from '../python/source.ts';
import { merged, type DeployedVariable, type Deployment } from './deployment.ts';

/**
 * The functions of a SAM or CloudFormation template.
 *
 * @see https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
 */
export function readCloudFormation(path: string, text: string): Deployment | undefined {
  const root = readYaml(text)?.root;
  const found = root && cloudFormationFunctions(root);
  if (found === undefined) return undefined;
  const functions = found.map((each) => {
    const { name, properties, general } = each;
    return {
      name,
      folder: folderOf(path, each),
      handler: properties.get('Handler').text ?? general?.get('Handler').text,
      variables: merged(
        variablesOf(general?.get('Environment').get('Variables')),
        variablesOf(properties.get('Environment').get('Variables')),
      ),
    };
  });
  return { path, kind: 'cloudformation', functions, file: fileOf(path, text) };
}

function folderOf(path: string, { properties, general, metadata }: TemplateFunction): string | undefined {
  const uri =
    properties.get('CodeUri').text ??
    general?.get('CodeUri').text ??
    properties.get('Code').text ??
    metadata?.get('DockerContext').text;
  if (uri === undefined || /^(?:s3|https?):/.test(uri) || uri.startsWith('/')) return undefined;
  return join(dirname(path), uri);
}

/**
 * The functions of a `serverless.yml`.
 *
 * @see https://www.serverless.com/framework/docs/providers/aws/guide/variables
 */
export function readServerless(path: string, text: string): Deployment | undefined {
  const root = readYaml(text)?.root;
  const found = root && serverlessFunctions(root);
  if (root === undefined || found === undefined) return undefined;
  const general = variablesOf(root.get('provider').get('environment'));
  const folder = dirname(path);
  const functions = found.map(({ name, properties }) => ({
    name,
    folder,
    handler: properties.get('handler').text?.replace(/^\.\//, ''),
    variables: merged(general, variablesOf(properties.get('environment'))),
  }));
  const provider = { name: 'provider', folder, handler: undefined, variables: general };
  return {
    path,
    kind: 'serverless',
    functions: functions.length > 0 ? functions : [provider],
    file: fileOf(path, text),
  };
}

/** The variables of a mapping from names to values. */
function variablesOf(map: Node | undefined): ReadonlyMap<string, DeployedVariable> {
  return new Map(
    (map?.entries() ?? []).map(({ name, value, from, to }) => [name, { value: plain(value.text), from, to }]),
  );
}

/** A value in which nothing is put in later. */
function plain(text: string | undefined): string | undefined {
  return text?.includes('${') === true ? undefined : text;
}

function fileOf(path: string, text: string): Deployment['file'] {
  const source = { path, text };
  return { source, lines: new Lines(source) };
}
