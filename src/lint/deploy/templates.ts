import { dirname, join } from 'node:path/posix';

import { merged, type DeployedFunction, type Deployment } from './deployment.ts';
import { readYaml, variablesOf, type Map } from './yaml.ts';

/**
 * The functions of a SAM or CloudFormation template.
 *
 * @see https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
 */
export function readCloudFormation(path: string, text: string): Deployment | undefined {
  const yaml = readYaml(path, text);
  const resources = yaml?.root.get('Resources');
  if (yaml === undefined || resources === undefined || !resources.exists) return undefined;
  const globals = yaml.root.get('Globals').get('Function');
  const functions = resources.entries().flatMap(({ name, value }): DeployedFunction[] => {
    const type = value.get('Type').text;
    if (type !== 'AWS::Serverless::Function' && type !== 'AWS::Lambda::Function') return [];
    const properties = value.get('Properties');
    const isSam = type === 'AWS::Serverless::Function';
    const general = isSam ? variablesOf(globals.get('Environment').get('Variables')) : undefined;
    return [
      {
        name,
        folder: folderOf(path, value, isSam ? globals : undefined),
        handler: properties.get('Handler').text ?? (isSam ? globals.get('Handler').text : undefined),
        variables: merged(general, variablesOf(properties.get('Environment').get('Variables'))),
      },
    ];
  });
  return { path, kind: 'cloudformation', functions, file: yaml.file };
}

function folderOf(path: string, resource: Map, globals: Map | undefined): string | undefined {
  const properties = resource.get('Properties');
  const context = resource.get('Metadata').get('DockerContext').text;
  const uri =
    properties.get('CodeUri').text ?? globals?.get('CodeUri').text ?? properties.get('Code').text ?? context;
  if (uri === undefined || /^(?:s3|https?):/.test(uri) || uri.startsWith('/')) return undefined;
  return join(dirname(path), uri);
}

/**
 * The functions of a `serverless.yml`.
 *
 * @see https://www.serverless.com/framework/docs/providers/aws/guide/variables
 */
export function readServerless(path: string, text: string): Deployment | undefined {
  const yaml = readYaml(path, text);
  if (yaml === undefined || !yaml.root.get('provider').exists) return undefined;
  const general = variablesOf(yaml.root.get('provider').get('environment'));
  const folder = dirname(path);
  const all = yaml.root.get('functions');
  const maps = all.items.length > 0 ? all.items : [all];
  const functions = maps
    .flatMap((map) => map.entries())
    .map(({ name, value }) => ({
      name,
      folder,
      handler: value.get('handler').text?.replace(/^\.\//, ''),
      variables: merged(general, variablesOf(value.get('environment'))),
    }));
  const provider = { name: 'provider', folder, handler: undefined, variables: general };
  return {
    path,
    kind: 'serverless',
    functions: functions.length > 0 ? functions : [provider],
    file: yaml.file,
  };
}
