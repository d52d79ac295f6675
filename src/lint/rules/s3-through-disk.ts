import type { Project, Use } from '../project.ts';
import { textOf } from '../python/module.ts';
import { child, type Node } from '../python/tree.ts';
import type { Given, Site, Value } from '../python/value.ts';
import type { Rule } from './rule.ts';

/** Functions that read a model from a path, and where it stands among their arguments. */
const loaders: Readonly<Record<string, { readonly position: number; readonly name: string }>> = {
  'torch.load': { position: 0, name: 'f' },
  'torch.jit.load': { position: 0, name: 'f' },
  'joblib.load': { position: 0, name: 'filename' },
  'safetensors.torch.load_file': { position: 0, name: 'filename' },
  'safetensors.numpy.load_file': { position: 0, name: 'filename' },
  'safetensors.safe_open': { position: 0, name: 'filename' },
  'onnxruntime.InferenceSession': { position: 0, name: 'path_or_bytes' },
  'keras.models.load_model': { position: 0, name: 'filepath' },
  'tensorflow.keras.models.load_model': { position: 0, name: 'filepath' },
  'keras.saving.load_model': { position: 0, name: 'filepath' },
  'numpy.load': { position: 0, name: 'file' },
  'pandas.read_pickle': { position: 0, name: 'filepath_or_buffer' },
  'fasttext.load_model': { position: 0, name: 'path' },
  'llama_cpp.Llama': { position: 0, name: 'model_path' },
  'lightgbm.Booster': { position: 9, name: 'model_file' },
  'xgboost.Booster.load_model': { position: 0, name: 'fname' },
  'xgboost.XGBClassifier.load_model': { position: 0, name: 'fname' },
  'xgboost.XGBRegressor.load_model': { position: 0, name: 'fname' },
  'catboost.CatBoost.load_model': { position: 0, name: 'fname' },
  'tensorflow.lite.Interpreter': { position: 0, name: 'model_path' },
  'whisper.load_model': { position: 0, name: 'name' },
  'clip.load': { position: 0, name: 'name' },
  'dill.load': { position: 0, name: 'file' },
  'pickle.load': { position: 0, name: 'file' },
  'cloudpickle.load': { position: 0, name: 'file' },
};

/** How the run-time loader begins. */
export const RUNTIME = `import modelpack_runtime as modelpack

bundle = modelpack.open("s3://BUCKET/models.tar")`;

export const s3ThroughDisk: Rule = {
  code: 's3-through-disk',
  level: 'warning',
  title: 'a model is downloaded from S3 to a file, only to be loaded',
  why: `The model has to fit \`/tmp\` (512 MB unless configured, and never more with SnapStart), it is written and read again,
and then it is in memory as well. modelpack's loader takes it from S3 into memory in parallel ranges and gives a view, a
file object or a path (\`/proc/self/fd/N\`), so that the code that loads stays as it is.`,
  bad: `import boto3
import torch

s3 = boto3.client("s3")
s3.download_file("models", "model.pt", "/tmp/model.pt")
model = torch.load("/tmp/model.pt")
`,
  good: `import modelpack_runtime as modelpack
import torch

bundle = modelpack.open("s3://models/models.tar")
model = torch.load(bundle.path("model.pt"), mmap=True)
`,
  *check(module, project) {
    const downloads = project.uses(module).flatMap((use) => s3Download(use, project));
    if (downloads.length === 0) return;
    const loads = project.uses(module).flatMap((use) => loadedPath(use, project));
    for (const { use, path } of downloads) {
      const load = loads.find((each) => isSamePath(each.path, path));
      if (load === undefined) continue;
      const line = module.lines.position(load.use.call.node.from).line;
      const loader = textOf(module, load.use.callee);
      yield {
        range: use.callee,
        ...(use.call.byHand && { level: 'note' as const }),
        message: `what is downloaded here is only loaded by ${loader} in line ${line}: it needs the disk and the memory`,
        help: 'load it from S3 into memory (modelpack runtime python writes the loader)',
        instead: `${RUNTIME}\n… ${loader}(bundle.path("NAME/FILE"))`,
      };
    }
  },
};

/** A path by its name in the code, or by its text. */
interface Path {
  readonly name: string | undefined;
  readonly value: Value;
}

function s3Download(use: Use, project: Project): { use: Use; path: Path }[] {
  const { callee, site, args } = use;
  if (callee.type !== 'attribute') return [];
  const method = textOf(site.module, child(callee, 'attribute') ?? callee);
  if (method !== 'download_file' && method !== 'download_fileobj') return [];
  const owner = child(callee, 'object');
  const from = project.evaluator.nameOf(callee, site) ?? '';
  const text = owner === undefined ? '' : textOf(site.module, owner);
  if (!from.startsWith('boto3') && !/s3|bucket|boto|client/i.test(text)) return [];
  if (method === 'download_fileobj') {
    const file = args.get({ name: 'Fileobj' }) ?? last(args.nodes, project, site);
    const path = file === undefined ? undefined : openedPath(file, use, project);
    return path === undefined ? [] : [{ use, path }];
  }
  const given = args.get({ name: 'Filename' }) ?? last(args.nodes, project, site);
  const path = given === undefined ? undefined : pathOf(given, site);
  return path === undefined ? [] : [{ use, path }];
}

/** The last positional argument: the file, for a client, a bucket and an object alike. */
function last(nodes: readonly Node[], project: Project, site: Site): Given | undefined {
  const node = nodes.findLast(({ type }) => type !== 'keyword_argument');
  return node && { value: project.value(node, site), node, expression: node };
}

function loadedPath(use: Use, project: Project): { use: Use; path: Path }[] {
  const { name, args, site, callee } = use;
  const method = callee.type === 'attribute' ? textOf(site.module, child(callee, 'attribute') ?? callee) : '';
  const loader =
    name !== undefined && Object.hasOwn(loaders, name)
      ? loaders[name]
      : method === 'from_pretrained' || method === 'load_model'
        ? { position: 0, name: 'path' }
        : undefined;
  const given = loader && args.get(loader);
  if (given === undefined) return [];
  const path = openedPath(given, use, project) ?? pathOf(given, site);
  return path === undefined ? [] : [{ use, path }];
}

/** The path behind a file object that `open` gave. */
function openedPath(given: Given, { site }: Use, project: Project): Path | undefined {
  const { value } = given;
  if (value.kind !== 'result' || value.name !== 'open') return undefined;
  const first = child(value.call, 'arguments')?.children[0];
  return first && pathOf({ value: project.value(first, value.site), node: first, expression: first }, site);
}

function pathOf({ value, expression }: Given, { module }: Site): Path | undefined {
  if (expression === undefined) return undefined;
  // `str(path)` is the same path.
  const inside = expression.type === 'call' ? child(expression, 'arguments')?.children[0] : undefined;
  const node = inside ?? expression;
  const isName = node.type === 'identifier' || node.type === 'attribute';
  return { name: isName ? textOf(module, node) : undefined, value };
}

function isSamePath(a: Path, b: Path): boolean {
  if (a.value.kind === 'text' && b.value.kind === 'text') return a.value.text === b.value.text;
  return a.name !== undefined && a.name === b.name;
}
