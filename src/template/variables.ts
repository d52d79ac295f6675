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
import type { Node } from './yaml.ts';

/** What a source of variables knows; undefined where it knows nothing and the next one is asked. */
type Found = Node | string | undefined;

/**
 * Works out `${self:…}`, `${param:…}`, `${opt:…}`, `${env:…}` and `${sls:stage}` of a `serverless.yml`, and what
 * stands behind a comma for when they are not there.
 *
 * @see https://www.serverless.com/framework/docs/providers/aws/guide/variables
 */
export function variables(root: Node, parameters: Parameters): Resolve {
  let steps = 0;

  function resolve(node: Node): Resolved {
    let text = node.text;
    while (text?.includes('${') === true) {
      if (++steps > MOST_STEPS) return unknown('it leads to itself');
      if (text.length > LONGEST) return unknown('it is too long');
      // The innermost first: others are made of it.
      const [whole, expression = ''] = /\$\{([^${}]*)\}/.exec(text) ?? [];
      if (whole === undefined) return unknown('its variable has no end');
      const found = find(expression);
      if (found === undefined) return unknown(`\${${brief(expression)}} is not known before the deployment`);
      if (whole === text && typeof found !== 'string') return resolve(found);
      const value: Resolved = typeof found === 'string' ? known(found, node.line) : resolve(found);
      if ('why' in value) return value;
      text = text.replace(whole, () => ('node' in value ? (value.node.text ?? '') : ''));
    }
    return text === node.text ? { node } : known(text, node.line);
  }

  /** The first of `self:custom.size, 1024` that there is. */
  function find(expression: string): Found {
    for (const each of expression.split(',').map((part) => part.trim())) {
      const [, source, address = ''] = /^(\w+)(?:\([^)]*\))?:(.*)$/s.exec(each) ?? [];
      const found = source === undefined ? constant(each) : lookUp(source, address.trim());
      if (found !== undefined) return found;
    }
    return undefined;
  }

  function lookUp(source: string, address: string): Found {
    if (source === 'self') {
      const node = address.split('.').reduce((at: Node, key) => stepInto(at, key), root);
      return node.exists ? node : undefined;
    }
    if (source === 'sls' && address === 'stage') return stage();
    if (source === 'opt' && address === 'stage') return parameters.get('stage');
    if (source === 'opt' || source === 'env') return parameters.get(address);
    return source === 'param' ? (parameters.get(address) ?? parameter(address)) : undefined;
  }

  function stage(): string {
    const own = root.get('provider').get('stage').text;
    return parameters.get('stage') ?? (own === undefined || own.includes('${') ? 'dev' : own);
  }

  function parameter(name: string): Found {
    const places = [stage(), 'default'].flatMap((each) => [
      root.get('params').get(each).get(name),
      root.get('stages').get(each).get('params').get(name),
    ]);
    return places.find((node) => node.exists);
  }

  return (node) => {
    steps = 0;
    return resolve(node);
  };
}

function stepInto(node: Node, key: string): Node {
  return /^\d+$/.test(key) && node.items.length > 0
    ? (node.items[Number(key)] ?? node.get(key))
    : node.get(key);
}

/** `'text'`, `"text"`, a number or a word such as `true`; nothing else may stand without a source. */
function constant(written: string): string | undefined {
  return /^(?:'([^']*)'|"([^"]*)"|([\w.+-]+))$/
    .exec(written)
    ?.slice(1)
    .find((part) => part !== undefined);
}
