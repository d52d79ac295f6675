import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { tinyBert } from '../../servers/hub/models.ts';
import { startHub } from '../../servers/hub/hub.ts';
import { startS3 } from '../../servers/s3/server.ts';
import { startWeb } from '../../servers/web/server.ts';
import type { Bench, Environment } from '../bench.ts';
import { treeOf } from './tree.ts';

/** What invoke.py says. */
interface Invoked {
  readonly returned: readonly string[];
  readonly seconds: Readonly<Record<'import' | 'first' | 'second', number>>;
  readonly tmp: number;
}

/** What `modelpack ci --json` says. */
interface Shipped {
  readonly passed: boolean;
  readonly bundles: readonly { readonly fetch?: { readonly location: string } }[];
}

const MB = 1024 * 1024;
const here = fileURLToPath(new URL('.', import.meta.url));
const scripts = fileURLToPath(new URL('../runtime', import.meta.url));
const example = fileURLToPath(new URL('../../../examples/lambda-bert-clip', import.meta.url));
const loader = fileURLToPath(new URL('../../../python/modelpack_runtime.py', import.meta.url));
const event = JSON.stringify({ texts: ['a diagram', 'a dog'] });
/** As template.yaml gives it. */
const MEMORY = 3008;

/**
 * The handler of examples/lambda-bert-clip with weights about as large as the real ones, in a process like Lambda's.
 */
export async function exampleOfLambda(bench: Bench): Promise<string> {
  const tree = await treeOf(bench);
  const task = await bench.path('task');
  await mkdir(task);
  const project = await bench.path('project');
  await cp(example, project, { recursive: true });
  await copyFile(join(example, 'function', 'app.py'), join(task, 'app.py'));
  await copyFile(join(here, 'plain.py'), join(task, 'plain.py'));
  await copyFile(loader, join(task, 'modelpack_runtime.py'));

  async function inFunction(
    args: readonly string[],
    env: Environment,
    { memory = MEMORY, folders = [] as readonly string[] } = {},
  ): Promise<string> {
    const binds = [here, scripts, ...folders].flatMap((folder) => ['-b', folder]);
    const size = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: `${memory}` };
    const command = [join(here, 'run.sh'), tree, task, `${memory * MB}`, ...binds, 'python3', ...args];
    return await bench.run('bash', command, { ...env, ...size });
  }
  async function invoke(handler: string, env: Environment, folders?: readonly string[]): Promise<Invoked> {
    const said = await inFunction([join(here, 'invoke.py'), handler, event], env, folders ? { folders } : {});
    return JSON.parse(said.trim().split('\n').at(-1) ?? '') as Invoked;
  }

  const made = await bench.path('made');
  await mkdir(made);
  await chmod(made, 0o777); // the process in there is another user
  await inFunction(
    [join(scripts, 'make_models.py'), made, 'clip-b32'],
    {},
    { memory: 8192, folders: [made] },
  );
  await using hub = await startHub({
    repos: [tinyBert({ id: 'google-bert/bert-base-cased', size: 4.33e8 })],
  });
  await using web = await startWeb();
  const weights = await readFile(join(made, 'clip-b32', 'ViT-B-32.pt'));
  const sha256 = createHash('sha256').update(weights).digest('hex');
  const path = `/clip/models/${sha256}/ViT-B-32.pt`;
  web.put(path, weights);

  await using s3 = await startS3({ buckets: ['my-models'] });
  const [[id, secret] = ['', '']] = Object.entries(s3.keys);
  const aws = {
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: s3.endpoint,
  };
  // As its pipeline does it.
  const catalog = await bench.path('catalogs', 'clip.json');
  const files = [{ path: 'ViT-B-32.pt', url: `${web.origin}${path}`, size: weights.length, sha256 }];
  await writeFile(catalog, JSON.stringify({ scheme: 'clip', models: [{ name: 'ViT-B/32', files }] }));
  const env = { ...aws, HF_ENDPOINT: hub.endpoint, MODELPACK_CATALOGS: dirname(catalog) };
  const config = ['--config', join(project, 'modelpack.yaml')];
  await bench.modelpack(['lock', ...config], env);
  const shipped = JSON.parse(await bench.modelpack(['ci', ...config, '--json'], env)) as Shipped;
  assert.equal(shipped.passed, true);
  const object = shipped.bundles[0]?.fetch?.location ?? '';
  const cfnLint = 'import sys; from cfnlint.runner import main; sys.exit(main())';
  await bench.python(['-c', cfnLint, '--regions', 'eu-west-1', '--', join(project, 'template.yaml')]);
  const workflow = ['check_jsonschema', '--builtin-schema', 'vendor.github-workflows'];
  await bench.python(['-m', ...workflow, join(project, 'deploy.yml')]);

  // The numbers that are right: from files, without limits.
  const unpacked = await bench.path('unpacked');
  await bench.modelpack(['unpack', object, unpacked, '--layout', 'cache'], aws);
  const TASK_CLIP = `${web.origin}${path}`;
  const right = await invoke('plain.handler', { TASK_CLIP, TASK_ROOT: unpacked }, [unpacked]);

  const streamed = await invoke('app.handler', { ...aws, TASK_CLIP, MODELPACK_BUNDLE: object });
  assert.deepEqual(streamed.returned, right.returned);
  assert.ok(streamed.tmp < 2 * MB, `/tmp holds ${streamed.tmp} bytes: more than small files`);

  // And what happens without modelpack, or without memory.
  const downloads = { TASK_CLIP, TASK_ROOT: '/tmp/models', TASK_HUB: hub.endpoint };
  await assert.rejects(invoke('plain.handler', downloads), /No space left on device/);
  const small = inFunction(
    [join(here, 'invoke.py'), 'app.handler', event],
    { ...aws, TASK_CLIP, MODELPACK_BUNDLE: object },
    { memory: 512 },
  );
  await assert.rejects(small, /NoRoom: .* set MemorySize to at least \d+ MB/);
  const seconds = (streamed.seconds.import + streamed.seconds.first).toFixed(1);
  return `739 MB of BERT and CLIP answer after ${seconds} s as from a disk, with ${streamed.tmp} bytes in /tmp of 512 MB`;
}
