import { Lines } from '../python/source.ts';
import { child, walk, type Node, type Parsed } from '../python/tree.ts';
import type { DeployedFunction, DeployedVariable, Deployment } from './deployment.ts';

export const hclGrammar = '@tree-sitter-grammars/tree-sitter-hcl/tree-sitter-hcl.wasm';

/**
 * The functions of a Terraform file: `aws_lambda_function`, and modules that take `environment_variables`. Terraform
 * does not say where the code is, so they may be anybody's.
 *
 * @see https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_function
 */
export function readTerraform(path: string, text: string, { root }: Parsed): Deployment {
  const source = { path, text };
  const textOf = (node: Node | undefined) => (node === undefined ? '' : text.slice(node.from, node.to));
  const word = (node: Node | undefined) => textOf(node).replace(/^"|"$/g, '');
  const functions: DeployedFunction[] = [];

  for (const block of walk(root)) {
    if (block.type !== 'block') continue;
    const [kind, ...labels] = block.children.filter(
      ({ type }) => type === 'identifier' || type === 'string_lit',
    );
    const isFunction = word(kind) === 'resource' && word(labels[0]) === 'aws_lambda_function';
    if (!isFunction && word(kind) !== 'module') continue;
    const variables = isFunction
      ? blocksIn(block, 'environment', word).flatMap((each) => attributesIn(each, 'variables', textOf))
      : attributesIn(block, 'environment_variables', textOf);
    if (!isFunction && variables.length === 0) continue;
    const [handler] = attributesIn(block, 'handler', textOf).map(constant);
    functions.push({
      name: word(labels.at(-1)),
      folder: undefined,
      handler,
      variables: new Map(variables.flatMap(entries)),
    });
  }

  function entries(expression: Node): [string, DeployedVariable][] {
    return [...walk(expression)]
      .filter(({ type }) => type === 'object_elem')
      .flatMap((element): [string, DeployedVariable][] => {
        const key = child(element, 'key');
        const value = child(element, 'val');
        if (key === undefined) return [];
        return [[word(key), { value: value && constant(value), from: key.from, to: key.to }]];
      });
  }

  /** The text of a string in which nothing is put in. */
  function constant(node: Node): string | undefined {
    const written = textOf(node);
    return /^"[^"$%\\]*"$/.test(written) ? written.slice(1, -1) : undefined;
  }

  return { path, kind: 'terraform', functions, file: { source, lines: new Lines(source) } };
}

function bodyOf(block: Node): Node | undefined {
  return block.children.find(({ type }) => type === 'body');
}

function blocksIn(block: Node, name: string, word: (node: Node) => string): Node[] {
  return (bodyOf(block)?.children ?? []).filter(
    ({ type, children }) => type === 'block' && word(children[0]!) === name,
  );
}

function attributesIn(block: Node, name: string, textOf: (node: Node) => string): Node[] {
  return (bodyOf(block)?.children ?? [])
    .filter(
      ({ type, children }) =>
        type === 'attribute' && children[0] !== undefined && textOf(children[0]) === name,
    )
    .flatMap(({ children }) => children.slice(1, 2));
}
