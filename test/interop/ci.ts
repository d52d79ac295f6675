import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse, parseAllDocuments } from 'yaml';

import { program, python, type Bench } from './bench.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const examples = join(root, 'examples/ci');

/** The action and the examples of `examples/ci`, by actionlint, the published schemas and pre-commit itself. */
export async function ciFiles(bench: Bench): Promise<string> {
  const hasSchema = (schema: string, ...files: readonly string[]) =>
    bench.python(['-m', 'check_jsonschema', '--builtin-schema', `vendor.${schema}`, ...files]);
  await hasSchema('github-actions', join(root, 'action.yml'));
  await hasSchema('github-workflows', join(examples, 'github.yml'));
  await hasSchema('gitlab-ci', join(examples, 'gitlab-ci.yml'), await filledIn(bench));
  await bench.run('actionlint', ['-color=false', join(examples, 'github.yml')]);
  await hasShape();
  await hooksRun(bench);
  return 'actionlint, the schemas of GitHub and GitLab, and pre-commit, which ran its hooks, have nothing against them';
}

/** The job of the component, as GitLab makes it of the inputs. A file with a header is no document of its schema. */
async function filledIn(bench: Bench): Promise<string> {
  const text = await readFile(join(examples, 'gitlab/templates/modelpack.yml'), 'utf8');
  const [header] = parseAllDocuments(text).map((document) => document.toJS() as Spec);
  const { inputs } = header!.spec;
  const body = text.slice(text.indexOf('\n---\n') + 5);
  const filled = body.replaceAll(/\$\[\[ inputs\.(\w+) \]\]/g, (_, name: string) => {
    assert.ok(name in inputs, `the component has no input ${name}`);
    return inputs[name]!.default;
  });
  assert.ok(!filled.includes('$[['), 'the component asks for something that is no input');
  const path = await bench.path('gitlab', 'job.yml');
  await writeFile(path, filled);
  return path;
}

interface Spec {
  readonly spec: { readonly inputs: Readonly<Record<string, { readonly default: string }>> };
}

/**
 * CodeBuild publishes no schema: that its file has the shape of its reference is all that can be said here.
 *
 * @see https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
 */
async function hasShape(): Promise<void> {
  const spec = parse(await readFile(join(examples, 'buildspec.yml'), 'utf8')) as Buildspec;
  assert.equal(spec.version, 0.2);
  const phases = ['install', 'pre_build', 'build', 'post_build'];
  for (const [name, { commands }] of Object.entries(spec.phases)) {
    assert.ok(phases.includes(name), name);
    assert.ok(commands.every((command) => typeof command === 'string'));
  }
  for (const { files, 'file-format': format } of Object.values(spec.reports)) {
    assert.ok(files.length > 0);
    assert.equal(format, 'JUNITXML');
  }
}

interface Buildspec {
  readonly version: number;
  readonly phases: Readonly<Record<string, { readonly commands: readonly unknown[] }>>;
  readonly reports: Readonly<
    Record<string, { readonly files: readonly string[]; readonly 'file-format': string }>
  >;
}

interface PreCommit {
  readonly repos: readonly { readonly hooks: readonly Hook[] }[];
}

type Hook = Readonly<Record<string, unknown>>;

/** A hook of the modelpack that is here, in place of the one that npm would install. */
function installed(hook: Hook): Hook {
  const entry = String(hook['entry']).replace(/^modelpack /, `${process.execPath} ${program} `);
  const kept = Object.entries(hook).filter(
    ([key]) => !['language_version', 'additional_dependencies'].includes(key),
  );
  return { ...Object.fromEntries(kept), entry, language: 'system' };
}

/** In a repository of its own. */
async function hooksRun(bench: Bench): Promise<void> {
  const config = join(examples, 'pre-commit-config.yaml');
  await bench.python(['-m', 'pre_commit', 'validate-config', config]);
  const repository = dirname(await bench.path('repository', '.keep'));
  await mkdir(repository, { recursive: true });
  const git = (...args: readonly string[]) => bench.run('git', ['-C', repository, ...args]);
  const write = (name: string, text: string) => writeFile(join(repository, name), text);
  const { repos } = parse(await readFile(config, 'utf8')) as PreCommit;
  const hooks = repos.flatMap((repo) => repo.hooks).map(installed);
  await write('.pre-commit-config.yaml', JSON.stringify({ repos: [{ repo: 'local', hooks }] }));
  await write('modelpack.yaml', 'bundles:\n  text: {sources: [acme/tiny-bert], destination: models.tar}\n');
  await write('app.py', 'print("fine")\n');
  await bench.modelpack(['lock', '--config', join(repository, 'modelpack.yaml')]);
  await git('init', '--quiet');
  await git('add', 'modelpack.yaml', 'modelpack.lock', 'app.py', '.pre-commit-config.yaml');
  const run = () =>
    bench.run('bash', ['-c', 'cd "$0" && "$1" -m pre_commit run --color never', repository, python]);
  const passed = await run();
  assert.match(passed, /modelpack lint\.+Passed/);
  assert.match(passed, /modelpack lock --check\.+Passed/);

  await write('app.py', 'import clip\nclip.load("ViT-B/32")\n');
  await write('modelpack.yaml', 'bundles:\n  text: {sources: [acme/odd], destination: models.tar}\n');
  await git('add', 'modelpack.yaml', 'app.py');
  const failed = await run().then(
    () => assert.fail('the hooks let it pass'),
    (error: unknown) => (error as { readonly stdout: string }).stdout,
  );
  assert.match(failed, /modelpack lint\.+Failed/);
  assert.match(failed, /app\.py:2:\d+: error/);
  assert.match(failed, /modelpack lock --check\.+Failed/);
  assert.match(failed, /acme\/odd is not locked/);
}
