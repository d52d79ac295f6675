import type { Entry, Node } from './yaml.ts';

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
  /** What the names of loops around it stand for here. */
  readonly loop: ReadonlyMap<string, string>;
}

/** A resource, and the loops that it stands in. */
interface Resource extends Pick<Entry, 'name' | 'value' | 'line'> {
  readonly loop: ReadonlyMap<string, string>;
}

/** Resources that loops may make, as CloudFormation allows. */
const MOST = 500;

/**
 * The functions of a SAM or CloudFormation template; undefined for what is none.
 *
 * @see https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
 */
export function cloudFormationFunctions(root: Node): readonly TemplateFunction[] | undefined {
  const resources = root.get('Resources');
  if (!resources.exists) return undefined;
  return resourcesIn(root, resources, new Map()).flatMap(
    ({ name, value, line, loop }): TemplateFunction[] => {
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
          loop,
        },
      ];
    },
  );
}

/**
 * All resources, those of loops too: `Fn::ForEach::Name: [Identifier, [values], {"Key${Identifier}": resource}]`.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
 */
function resourcesIn(root: Node, map: Node, loop: ReadonlyMap<string, string>): readonly Resource[] {
  const found: Resource[] = [];
  for (const { name, value, line } of map.entries()) {
    if (!name.startsWith('Fn::ForEach::')) {
      const shown = name.replaceAll(/[$&]\{(\w+)\}/g, (whole, key: string) => loop.get(key) ?? whole);
      found.push({ name: shown, value, line, loop });
      continue;
    }
    const [identifier, collection, body] = value.items;
    if (identifier?.text === undefined || collection === undefined || body === undefined) continue;
    for (const item of valuesOf(root, collection)) {
      if (found.length >= MOST) return found.slice(0, MOST);
      found.push(...resourcesIn(root, body, new Map([...loop, [identifier.text, item]])));
    }
  }
  return found.slice(0, MOST);
}

/** Literal values, or those of a parameter's default; `*` stands for values that only the deployment knows. */
function valuesOf(root: Node, collection: Node): readonly string[] {
  if (collection.items.length > 0) return collection.items.map(({ text }) => text ?? '*');
  const name = collection.tagged?.tag === 'Ref' ? collection.tagged.node.text : collection.get('Ref').text;
  const list = root
    .get('Parameters')
    .get(name ?? '')
    .get('Default').text;
  return list?.split(',').map((each) => each.trim()) ?? ['*'];
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
      loop: new Map(),
    }));
}
