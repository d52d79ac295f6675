import type { Project, Use } from '../project.ts';
import { lookUp } from '../python/names.ts';
import { textOf, type Module } from '../python/module.ts';
import { child, walk, type Node } from '../python/tree.ts';
import type { Site } from '../python/value.ts';
import type { Rule } from './rule.ts';
import { RUNTIME } from './s3-through-disk.ts';

export const pickleCopies: Rule = {
  code: 'pickle-copies',
  level: 'warning',
  title: 'the model is in memory several times while it is loaded',
  why: `\`pickle.loads(buffer.getvalue())\` holds the download, every tensor once more as bytes, and the tensors: three times the
model, measured with 768 MiB. \`getbuffer()\`, \`pickle.load(buffer)\` and \`pickle.loads(body.read())\` cost the same, and pickle runs
whatever code the bucket holds. From a memory file \`torch.load(path, mmap=True)\` and safetensors need 1.01 times the model.`,
  bad: `import io
import pickle

import boto3

buffer = io.BytesIO()
boto3.client("s3").download_fileobj("models", "model.pkl", buffer)
model = pickle.loads(buffer.getvalue())
`,
  good: `import modelpack_runtime as modelpack

bundle = modelpack.open("s3://models/models.tar")
state = bundle.tensors("model/model.safetensors")
`,
  *check(module, project) {
    for (const use of project.uses(module)) {
      const copies = copied(use, project);
      if (copies === undefined) continue;
      yield {
        range: use.callee,
        ...((use.call.byHand || !copies.fromS3) && { level: 'note' as const }),
        message: `${textOf(module, use.call.node).slice(0, 80).split('\n')[0]} needs ${copies.times} times the memory of the model`,
        help: 'keep the weights as safetensors and load them from S3 into memory (modelpack runtime python writes the loader)',
        instead: `${RUNTIME}\nstate = bundle.tensors("NAME/model.safetensors")`,
      };
    }
  },
};

interface Copies {
  readonly times: string;
  readonly fromS3: boolean;
}

/** How often the model is in memory. */
function copied({ name, args, site }: Use, project: Project): Copies | undefined {
  const first = args.nodes[0];
  if (name === undefined || first === undefined) return undefined;
  const source = definitionOf(first, site);
  if (/^(?:pickle|dill|cloudpickle)\.loads$/.test(name)) {
    const buffer = readFrom(source, site);
    return buffer && { times: 'three', fromS3: isFromS3(buffer, site, project) };
  }
  if (!/^(?:pickle|dill|cloudpickle|joblib|torch)\.load$/.test(name)) return undefined;
  const value = project.value(source, site);
  if (value.kind !== 'result' || value.name !== 'io.BytesIO') return undefined;
  const inside = child(source, 'arguments')?.children[0];
  const buffer = inside && readFrom(definitionOf(inside, site), site);
  const fromS3 = (buffer !== undefined && isFromS3(buffer, site, project)) || isFromS3(first, site, project);
  return { times: name === 'torch.load' || name === 'joblib.load' ? 'two to three' : 'three', fromS3 };
}

/** The object whose `getvalue()`, `getbuffer()` or `read()` this is. */
function readFrom(node: Node, { module }: Site): Node | undefined {
  const callee = node.type === 'call' ? child(node, 'function') : undefined;
  const method = callee && child(callee, 'attribute');
  if (callee === undefined || method === undefined) return undefined;
  return /^(?:getvalue|getbuffer|read)$/.test(textOf(module, method)) ? child(callee, 'object') : undefined;
}

/** Whether it is the body of an S3 object, or S3 downloads into it. */
function isFromS3(node: Node, site: Site, project: Project): boolean {
  const { module } = site;
  const body = (each: Node) =>
    [...walk(each)].some(
      ({ type, from, to }) => type === 'string_content' && module.source.text.slice(from, to) === 'Body',
    );
  return body(node) || body(definitionOf(node, site)) || isFilled(textOf(module, node), module, project);
}

function isFilled(name: string, module: Module, project: Project): boolean {
  return project.uses(module).some(({ callee, args }) => {
    if (!textOf(module, callee).endsWith('.download_fileobj')) return false;
    return args.nodes.some((node) => textOf(module, child(node, 'value') ?? node) === name);
  });
}

/** What a name was last set to, if it is a name. */
function definitionOf(node: Node, { module, scope }: Site): Node {
  if (node.type !== 'identifier') return node;
  const binding = lookUp(textOf(module, node), scope)?.bindings.findLast(({ at }) => at < node.from);
  return binding?.kind === 'value' ? binding.value : node;
}
