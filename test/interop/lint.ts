import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { goldensIn } from '../helpers/lint.ts';
import type { Bench } from './bench.ts';

/** The templates of `env`, to be read by cfn-lint, python-hcl2, python-dotenv, PyYAML and dockerfile-parse. */
export async function envTemplates(bench: Bench): Promise<string> {
  const folder = join(await bench.path('env'), '..', 'env');
  await mkdir(folder, { recursive: true });
  const env = (format: string) => bench.modelpack(['env', '--explain', '--home', '--format', format]);
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  await write('.env', await env('dotenv'));
  await write('env.json', await env('json'));
  await write('env.yaml', await env('yaml'));
  await write('serverless.yml', await env('serverless'));
  await write('Dockerfile', `FROM scratch\n${await env('dockerfile')}`);
  const block = await env('terraform');
  await write(
    'main.tf',
    `resource "aws_lambda_function" "model" {\n  function_name = "model"\n  role = "r"\n${block}}\n`,
  );
  await write('sam.yaml', samTemplate(await env('sam')));
  await write('cloudformation.yaml', cloudFormationTemplate(await env('cloudformation')));

  const templates = ['sam.yaml', 'cloudformation.yaml'].map((name) => join(folder, name));
  const cfnLint = 'import sys; from cfnlint.runner import main; sys.exit(main())';
  await bench.python(['-c', cfnLint, '--regions', 'eu-west-1', '--', ...templates]);
  const read = await bench.python(['env_templates.py', join(folder, 'env.json'), folder]);
  return `cfn-lint has nothing against ${templates.length} templates, ${read.trim()}`;
}

const properties = ['Runtime: python3.13', 'Handler: app.handler', 'Timeout: 30', 'MemorySize: 1024'];

function samTemplate(globals: string): string {
  return `AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
${globals}
Resources:
  Model:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: "def handler(event, context): pass"
${properties.map((line) => `      ${line}\n`).join('')}`;
}

function cloudFormationTemplate(environment: string): string {
  return `AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Model:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/model
      Code:
        ZipFile: "def handler(event, context): pass"
${[...properties, ...environment.trimEnd().split('\n')].map((line) => `      ${line}\n`).join('')}`;
}

/** CPython on what lint takes for Python, over its own library, and on what `--fix` writes. */
export async function lintSyntax(bench: Bench): Promise<string> {
  const stdlib = (await bench.python(['lint_syntax.py', 'stdlib'])).trim();
  const report = await bench.path('report.json');
  await writeFile(report, await checked(bench, [stdlib, '--exclude', 'test/', '--json']));
  const read = await bench.python(['lint_syntax.py', 'accepts', report]);

  const folder = join(report, '..', 'goldens');
  await mkdir(folder);
  const goldens = ['hugging-face.py', 'vision.py', 'text-and-speech.py', 'memory.py'].flatMap(goldensIn);
  for (const [at, { code }] of goldens.entries()) await writeFile(join(folder, `golden${at}.py`), code);
  await checked(bench, [folder, '--fix', '--yes', '--quiet']);
  assert.match(await checked(bench, [folder, '--diff']), /^\s*$/);
  const compiled = await bench.python(['lint_syntax.py', 'compiles', folder]);
  return `${read.trim()}; ${compiled.trim()}`;
}

/** Exit code 3 only says that there are findings. */
async function checked(bench: Bench, args: readonly string[]): Promise<string> {
  return await bench.modelpack(['lint', ...args]).catch((error: { code?: number; stdout?: string }) => {
    if (error.code === 3 && error.stdout !== undefined) return error.stdout;
    throw error;
  });
}
