import { brief } from '../printable.ts';
import {
  known,
  LONGEST,
  MOST_STEPS,
  unknown,
  type Parameters,
  type Resolve,
  type Resolved,
} from './value.ts';
import { literal, type Node } from './yaml.ts';

/**
 * Works out the functions of CloudFormation as far as a template alone says their values: references to parameters
 * with a default, mappings, conditions over them.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
export function intrinsics(root: Node, parameters: Parameters): Resolve {
  let steps = 0;

  function resolve(node: Node): Resolved {
    if (++steps > MOST_STEPS) return unknown('it leads to itself');
    const call = callOf(node);
    if (call === undefined) return { node };
    const [first, second, third] = call.argument.items;
    switch (call.name) {
      case 'Ref':
        return reference(call.argument.text ?? '', node.line);
      case 'Sub':
        return substituted(call.argument);
      case 'FindInMap':
        return mapped(call.argument.items);
      case 'If': {
        const is = condition(first?.text ?? '');
        if (typeof is === 'string') return unknown(is);
        return resolve((is ? second : third) ?? literal(undefined, node.line));
      }
      default:
        return unknown(`!${brief(call.name)} is known only when the template is deployed`);
    }
  }

  function reference(name: string, line: number): Resolved {
    if (name === 'AWS::NoValue') return known(undefined, line);
    const given = parameters.get(name);
    if (given !== undefined) return known(given, line);
    const parameter = root.get('Parameters').get(name);
    if (!parameter.exists) return unknown(`it refers to ${brief(name)}, which is no parameter`);
    const written = parameter.get('Default');
    if (!written.exists) return unknown(`the parameter ${brief(name)} has no default`);
    // Its default is the name of what holds the value.
    if (parameter.get('Type').text?.startsWith('AWS::SSM::') === true)
      return unknown(`the parameter ${brief(name)} is read from Systems Manager`);
    return known(written.text, line);
  }

  function substituted(argument: Node): Resolved {
    const [template = argument, own] = argument.items;
    if ((template.text ?? '').length > LONGEST) return unknown('it is too long');
    let why: string | undefined;
    const text = template.text?.replaceAll(/\$\{(!?)([^}]*)\}/g, (whole, bang: string, name: string) => {
      if (bang !== '') return `\${${name}}`;
      const mine = own?.get(name.trim());
      const found = mine?.exists === true ? resolve(mine) : reference(name.trim(), argument.line);
      if ('why' in found) why ??= found.why;
      return 'node' in found ? (found.node.text ?? whole) : whole;
    });
    return why === undefined ? known(text, argument.line) : unknown(why);
  }

  function mapped(keys: readonly Node[]): Resolved {
    let node = root.get('Mappings');
    for (const key of keys.slice(0, 3)) {
      const found = resolve(key);
      if ('why' in found) return found;
      node = node.get(found.node.text ?? '');
      if (!node.exists) return unknown(`there is no ${brief(found.node.text ?? '')} in its mapping`);
    }
    return { node };
  }

  /** Whether a condition holds, or why that is not known. */
  function condition(name: string): boolean | string {
    const node = root.get('Conditions').get(name);
    if (!node.exists) return `there is no condition ${brief(name)}`;
    return holds(node);
  }

  function holds(node: Node): boolean | string {
    if (++steps > MOST_STEPS) return 'its condition leads to itself';
    const { name, argument } = callOf(node) ?? { name: 'nothing', argument: node };
    if (name === 'Condition') return condition(argument.text ?? '');
    if (name === 'Equals') {
      const [one, other] = argument.items.map((item) => resolve(item));
      if (one === undefined || other === undefined) return 'its condition compares nothing';
      if ('why' in one) return one.why;
      return 'why' in other ? other.why : one.node.text === other.node.text;
    }
    const parts = argument.items.map((item) => holds(item));
    const doubt = parts.find((part) => typeof part === 'string');
    if (name === 'And') return parts.includes(false) ? false : (doubt ?? true);
    if (name === 'Or') return parts.includes(true) ? true : (doubt ?? false);
    if (name === 'Not') return doubt ?? parts[0] === false;
    return `!${brief(name)} decides it when the template is deployed`;
  }

  return (node) => {
    steps = 0;
    return resolve(node);
  };
}

/** `!Ref Size`, `{Ref: Size}` or `{"Fn::Sub": "…"}`; undefined for a value that stands there as it is. */
function callOf(node: Node): { readonly name: string; readonly argument: Node } | undefined {
  if (node.tagged !== undefined) return { name: node.tagged.tag, argument: node.tagged.node };
  const [only, ...more] = node.entries();
  if (only === undefined || more.length > 0) return undefined;
  const name = /^(?:Fn::(\w+)|(Ref|Condition))$/.exec(only.name);
  return name === null ? undefined : { name: name[1] ?? name[2]!, argument: only.value };
}
