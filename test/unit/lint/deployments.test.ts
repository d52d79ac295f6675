import { describe, expect, test } from 'vitest';

import type { Deployment } from '../../../src/lint/deploy/deployment.ts';
import { givenVariables, readDeployment } from '../../../src/lint/deploy/read.ts';
import { hclGrammar } from '../../../src/lint/deploy/terraform.ts';
import { openParser } from '../../../src/lint/python/tree.ts';
import { codesOf, lintTexts } from '../../helpers/lint.ts';

const parseHcl = await openParser(hclGrammar);
const bert = 'from transformers import AutoModel\nAutoModel.from_pretrained("bert-base-cased")\n';
const removed = 'TRANSFORMERS_CACHE';

function read(path: string, text: string): Deployment {
  return readDeployment(path, text, parseHcl)!;
}

/** What is found in `/app/src/app.py`, a call without a path, with this file beside it. */
function found(path: string, text: string, code = bert): string[] {
  return codesOf(lintTexts({ '/app/src/app.py': code }, [read(path, text)]));
}

function valuesOf({ functions }: Deployment): Record<string, string | undefined>[] {
  return functions.map(({ variables }) =>
    Object.fromEntries([...variables].map(([name, { value }]) => [name, value])),
  );
}

const sam = (more: string) => `AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Environment:
      Variables:
        STAGE: !Ref Stage
Resources:
  Model:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.run
${more}`;

describe('a SAM template', () => {
  const own = '      Environment:\n        Variables:\n          HF_HOME: !Sub "/tmp/${Stage}"\n';

  test('silences what its variable cures', () => {
    expect(found('/app/template.yaml', sam(own))).toEqual([]);
  });

  test('does not speak for a folder that is not its code', () => {
    expect(found('/other/template.yaml', sam(own))).toEqual(['warning cache-not-set']);
  });

  test('does not silence what its variable does not cure', () => {
    expect(found('/app/template.yaml', sam(own.replace('HF_HOME', 'TORCH_HOME')))).toEqual([
      'warning cache-not-set',
    ]);
  });

  test('has to set it in every function that shares the code', () => {
    const second = own + sam('').slice(sam('').indexOf('  Model:')).replace('Model', 'Second');
    expect(found('/app/template.yaml', sam(second))).toEqual(['warning cache-not-set']);
  });

  test('gives its globals to all functions', () => {
    const text = sam('').replace('STAGE: !Ref Stage', 'HF_HOME: /tmp/models');
    expect(found('/app/template.yaml', text)).toEqual([]);
    expect(valuesOf(read('/app/template.yaml', sam(own)))).toEqual([
      { STAGE: undefined, HF_HOME: undefined },
    ]);
  });

  test('names the handler', () => {
    const code = 'import nltk\ndef run(a, b, c=1):\n    nltk.download("x", download_dir=DIR)\n';
    expect(found('/app/template.yaml', sam(''), code)).toEqual(['warning download-in-handler']);
  });

  test('that sets what is not read any more is found, at its line', () => {
    const text = sam(own.replace('HF_HOME: !Sub "/tmp/${Stage}"', `${removed}: /tmp/models`));
    const findings = lintTexts({}, [read('/app/template.yaml', text)]);
    expect(findings).toMatchObject([
      { code: 'variable-removed', path: '/app/template.yaml', start: { line: 16, column: 11 } },
    ]);
    expect(
      lintTexts({}, [read('/app/template.yaml', text.replace('/tmp/models', '/tmp/m # modelpack: ignore'))]),
    ).toEqual([]);
  });

  test('that sets a folder nobody has is found', () => {
    const text = sam(own.replace('!Sub "/tmp/${Stage}"', './models'));
    expect(found('/app/template.yaml', text)).toEqual(['error cache-unwritable']);
  });

  test('as JSON is read too', () => {
    const json = JSON.stringify({
      Resources: {
        F: {
          Type: 'AWS::Lambda::Function',
          Properties: {
            Handler: 'app.run',
            Code: { S3Bucket: 'b' },
            Environment: { Variables: { HF_HOME: '/tmp' } },
          },
        },
      },
    });
    expect(found('/app/template.json', json)).toEqual([]);
  });

  test.each(['', '[', 'a: &a [*a]', '- 1', 'AWS::Lambda::Function: {', '\u0000', '!!binary x'])(
    'may be broken: %j',
    (text) => {
      expect(
        codesOf(
          lintTexts(
            { '/app/src/app.py': bert },
            [readDeployment('/app/t.yaml', `${text}# AWS::Lambda::Function`, parseHcl)].filter(
              (each) => each !== undefined,
            ),
          ),
        ),
      ).toEqual(['warning cache-not-set']);
    },
  );

  test('may not grow by its aliases', () => {
    const lines = Array.from(
      { length: 30 },
      (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}, *a${at}]`,
    );
    const text = `a0: &a0 [x]\n${lines.join('\n')}\nResources: *a30\n# AWS::Lambda::Function`;
    expect(read('/app/template.yaml', text)?.functions ?? []).toEqual([]);
  });
});

describe('a serverless.yml', () => {
  const text = (more: string) => `service: models
provider:
  name: aws
  environment:
    HF_HOME: \${self:custom.cache}
functions:
  model:
    handler: src/app.run
${more}`;

  test('gives its variables to all functions', () => {
    expect(found('/app/serverless.yml', text(''))).toEqual([]);
    expect(valuesOf(read('/app/serverless.yml', text('    environment: {A: b}\n')))).toEqual([
      { HF_HOME: undefined, A: 'b' },
    ]);
  });

  test('without functions still has those of its provider', () => {
    expect(valuesOf(read('/app/serverless.yml', 'provider: {environment: {A: 1}}'))).toEqual([{ A: '1' }]);
  });
});

describe('a Dockerfile', () => {
  test('sets variables, in all its ways', () => {
    const text =
      'FROM python:3.12\nENV HF_HOME=/opt/models A="b c"\nENV OLD value with spaces\nENV X=$HF_HOME/x \\\n    Y=1\n';
    expect(valuesOf(read('/app/Dockerfile', text))).toEqual([
      { HF_HOME: '/opt/models', A: 'b c', OLD: 'value with spaces', X: undefined, Y: '1' },
    ]);
    expect(found('/app/Dockerfile', text)).toEqual([]);
  });

  test('counts by its last stage and those below it', () => {
    const text = 'FROM a AS base\nENV ONE=1\nFROM b AS build\nENV HF_HOME=/tmp/x\nFROM base\nENV TWO=2\n';
    expect(valuesOf(read('/app/Dockerfile', text))).toEqual([{ ONE: '1', TWO: '2' }]);
    expect(found('/app/Dockerfile', text)).toEqual(['warning cache-not-set']);
  });

  test('that sets what is not read any more is found', () => {
    expect(found('/app/Dockerfile', `FROM a\nENV ${removed}=/tmp\n`)).toEqual([
      'warning variable-removed',
      'warning cache-not-set',
    ]);
  });

  test.each(['', 'ENV', 'ENV =', 'FROM', 'RUN <<EOF\nENV A=1', '# escape=`\nENV A=b`\n'])(
    'may be broken: %j',
    (text) => {
      expect(() => read('/app/Dockerfile', text)).not.toThrow();
    },
  );
});

describe('a Terraform file', () => {
  const text = `resource "aws_lambda_function" "model" {
  function_name = "model"
  handler       = "app.run"
  environment {
    variables = {
      HF_HOME = "/tmp/\${var.stage}"
      "STAGE" = "prod"
    }
  }
}
module "lambda" {
  source                = "terraform-aws-modules/lambda/aws"
  environment_variables = merge(local.all, { TORCH_HOME = "/tmp/torch" })
}
`;

  test('sets variables for code that may be anywhere', () => {
    expect(valuesOf(read('/app/infra/main.tf', text))).toEqual([
      { HF_HOME: undefined, STAGE: 'prod' },
      { TORCH_HOME: '/tmp/torch' },
    ]);
    expect(found('/app/infra/main.tf', text)).toEqual([]);
  });

  test('without a function says nothing', () => {
    expect(readDeployment('/app/main.tf', 'resource "aws_s3_bucket" "b" {}', parseHcl)).toBeUndefined();
    expect(readDeployment('/app/main.tf', text, undefined)).toBeUndefined();
  });

  test('may be broken', () => {
    expect(valuesOf(read('/app/main.tf', text.slice(0, 130)))).toEqual([{}]);
  });
});

test('variables from the command line are everybody’s', () => {
  const given = givenVariables(new Map([['HF_HUB_CACHE', undefined]]));
  expect(lintTexts({ '/app/src/app.py': bert }, [given])).toEqual([]);
});

test('HOME moves what has no variable, and is said', () => {
  const given = givenVariables(new Map([['HOME', '/tmp']]));
  expect(codesOf(lintTexts({ '/app/a.py': 'import clip\nclip.load("ViT-B/32")\n' }, [given]))).toEqual([
    'note cache-no-variable',
  ]);
});

describe('requirements', () => {
  const old = `import os\nos.environ["${removed}"] = "/tmp"\n${bert}`;
  const with_ = (versions: string) =>
    codesOf(lintTexts({ '/app/src/app.py': old }, [read('/app/requirements.txt', versions)]));

  test.each([
    'transformers==4.57.1',
    'Transformers[torch] >=4.30, <5 # pinned',
    'torch\ntransformers~=4.40; python_version > "3"',
  ])('that keep transformers below 5 let its old variable count: %s', (versions) => {
    expect(with_(versions)).toEqual([]);
  });

  test.each([
    'transformers',
    'transformers>=4',
    'transformers<6',
    'transformers==5.1',
    'transformers<5.1',
    'sentence-transformers<5',
    '',
  ])('that do not: %s', (versions) => {
    expect(with_(versions)).toEqual(['warning variable-removed', 'warning cache-not-set']);
  });
});

test('torch has variables that are gone too', () => {
  const text = 'FROM a\nENV TORCH_MODEL_ZOO=/tmp/zoo\n';
  expect(found('/app/Dockerfile', text, 'print(1)\n')).toEqual(['warning variable-removed']);
  expect(found('/app/Dockerfile', `${text}ENV TORCH_HOME=/tmp\n`, 'print(1)\n')).toEqual([]);
});
