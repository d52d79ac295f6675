import type { Node } from './yaml.ts';

/** A function as its template describes it. */
export interface TemplateFunction {
  /** The logical id, or its key in `functions`. */
  readonly name: string;
  readonly kind: 'sam' | 'cloudformation' | 'serverless';
  /** Where it begins, from one. */
  readonly line: number;
  readonly properties: Node;
  /** What holds for all functions where its own properties say nothing; undefined where its kind has no such thing. */
  readonly general: Node | undefined;
  /** Of the resource, beside its properties. */
  readonly metadata: Node | undefined;
}

/**
 * The functions of a SAM or CloudFormation template; undefined for what is none.
 *
 * @see https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
 */
export function cloudFormationFunctions(root: Node): readonly TemplateFunction[] | undefined {
  const resources = root.get('Resources');
  if (!resources.exists) return undefined;
  return resources.entries().flatMap(({ name, value, line }): TemplateFunction[] => {
    const type = value.get('Type').text;
    if (type !== 'AWS::Serverless::Function' && type !== 'AWS::Lambda::Function') return [];
    const isSam = type === 'AWS::Serverless::Function';
    return [
      {
        name,
        kind: isSam ? 'sam' : 'cloudformation',
        line,
        properties: value.get('Properties'),
        general: isSam ? root.get('Globals').get('Function') : undefined,
        metadata: value.get('Metadata'),
      },
    ];
  });
}

/**
 * The functions of a `serverless.yml`, which may also be given as a list of maps; undefined for what is none.
 *
 * @see https://www.serverless.com/framework/docs/providers/aws/guide/functions
 */
export function serverlessFunctions(root: Node): readonly TemplateFunction[] | undefined {
  const general = root.get('provider');
  if (!general.exists) return undefined;
  const all = root.get('functions');
  const maps = all.items.length > 0 ? all.items : [all];
  return maps
    .flatMap((map) => map.entries())
    .map(({ name, value, line }) => ({
      name,
      kind: 'serverless',
      line,
      properties: value,
      general,
      metadata: undefined,
    }));
}
