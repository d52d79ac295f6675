import { readFileSync } from 'node:fs';

import { describe, expect, it, test } from 'vitest';

import { readConfig } from '../../src/config/read.ts';
import { ModelpackError } from '../../src/errors.ts';

const MB = 1024 ** 2;

function refusal(text: string): ModelpackError {
  try {
    readConfig(text, 'modelpack.yaml');
  } catch (error) {
    if (error instanceof ModelpackError) return error;
    throw error;
  }
  throw new Error('not refused');
}

/** The bundle `b` with these lines. */
const bundle = (...lines: readonly string[]) =>
  ['bundles:', '  b:', '    sources: [acme/model]', ...lines.map((line) => `    ${line}`)].join('\n');

describe('a configuration', () => {
  it('says everything that the command line could', () => {
    const config = readConfig(
      `
bundles:
  vision:
    sources:
      - acme/clip@main
      - source: acme/bert
        name: text
        revision: v1
        weights: onnx
    include: ['*.json', '*.safetensors']
    destination: s3://models/{id}.tar
    budgets: { gates: [tmp, memory], tmp: 2GB, memory: 3008 MB, template: template.yaml, functions: [Embed] }
    allow-pickle: true
    tags: { team: search }
    metadata: { build: '12' }
    storage-class: STANDARD_IA
    sse: aws:kms
    sse-kms-key-id: alias/models
    no-clobber: true
    endpoint-url: https://s3.example.com
    region: eu-central-1
lint: { paths: [src], level: error }
`,
      'modelpack.yaml',
    );
    expect(config).toEqual({
      bundles: [
        {
          name: 'vision',
          sources: [
            {
              asked: 'acme/clip@main',
              selection: {
                include: ['*.json', '*.safetensors'],
                exclude: [],
                weights: undefined,
                all: false,
              },
            },
            {
              asked: 'text=acme/bert@v1',
              selection: { include: [], exclude: [], weights: 'onnx', all: false },
            },
          ],
          destination: 's3://models/{id}.tar',
          budgets: {
            gates: ['tmp', 'memory'],
            tmp: 2048 * MB,
            memory: 3008 * MB,
            template: 'template.yaml',
            functions: ['Embed'],
            parameters: {},
          },
          allowPickle: true,
          object: {
            tags: { team: 'search' },
            metadata: { build: '12' },
            storageClass: 'STANDARD_IA',
            sse: 'aws:kms',
            sseKmsKeyId: 'alias/models',
            noClobber: true,
            endpointUrl: 'https://s3.example.com',
            addressing: undefined,
            region: 'eu-central-1',
            checksum: 'auto',
          },
        },
      ],
      lint: { paths: ['src'], exclude: [], level: 'error' },
    });
  });

  it('is as the documentation shows it', () => {
    const page = readFileSync(new URL('../../docs/ci.md', import.meta.url), 'utf8');
    const example = /```yaml\n(# yaml-language-server.+?)```/s.exec(page)![1]!;
    const { bundles } = readConfig(example, 'docs/ci.md');
    expect(bundles.map(({ name, object }) => [name, object.sse])).toEqual([
      ['vision', 'aws:kms'],
      ['speech', 'aws:kms'],
    ]);
  });

  it('may be JSON, and name its schema', () => {
    const text = JSON.stringify({ $schema: './schema.json', bundles: { b: { sources: ['acme/model'] } } });
    expect(readConfig(text, 'modelpack.json').bundles[0]).toMatchObject({
      name: 'b',
      destination: undefined,
    });
  });

  it('may share what is the same by anchors', () => {
    const { bundles } = readConfig(
      'x-common: &common\n  tags: {team: search}\nbundles:\n  a: {<<: *common, sources: [acme/a]}\n  b: {<<: *common, sources: [acme/b]}',
      'modelpack.yaml',
    );
    expect(bundles.map(({ object }) => object.tags)).toEqual([{ team: 'search' }, { team: 'search' }]);
  });

  it('lints the folder that it is in, unless it says otherwise', () => {
    expect(readConfig(bundle(), 'm').lint).toEqual({ paths: ['.'], exclude: [], level: 'warning' });
    expect(readConfig(`${bundle()}\nlint: false`, 'm').lint).toBeUndefined();
  });
});

const bomb = [
  'x-0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]',
  ...Array.from({ length: 9 }, (_, i) => `x-${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`),
  bundle(),
].join('\n');

describe('what is wrong is said with its line, its column and what to do', () => {
  test.each([
    [
      'an unknown key',
      bundle('destinatoin: x'),
      '4:5: unknown key "destinatoin"',
      'did you mean destination?',
    ],
    ['a key of the command line', bundle('output: x'), '4:5: unknown key "output"', /^known here: sources, /],
    ['an unknown key at the top', 'bundels: {}', '1:1: bundles is missing', /./],
    [
      'an unknown key of a source',
      'bundles:\n  b:\n    sources:\n      - source: a/b\n        revison: x',
      '5:9: unknown key "revison"',
      'did you mean revision?',
    ],
    ['a wrong type', bundle('destination: 5'), '4:18: destination has to be a text, not a number', /s3:/],
    [
      'a tag that is a number',
      bundle('tags:', '  build: 5'),
      '5:14: build has to be a text, not a number',
      /quotes/,
    ],
    [
      'a list that is none',
      'bundles:\n  b:\n    sources: acme/model',
      '3:14: sources has to be a list, not a text',
      /./,
    ],
    ['no sources', 'bundles:\n  b:\n    sources: []', '3:14: sources must NOT have fewer than 1 items', /./],
    ['an empty bundle', 'bundles:\n  b:', '2:5: b has to be a mapping, not nothing', /./],
    ['no bundles', 'bundles: {}', '1:10: bundles must NOT have fewer than 1 properties', /./],
    ['a name that is none', 'bundles:\n  a b:\n    sources: [x/y]', '2:3: "a b" is no name', /./],
    [
      'a format that there is not',
      bundle('weights: safetensor'),
      '4:14: "safetensor" is none of safetensors, ',
      'did you mean safetensors?',
    ],
    [
      'a size without sense',
      bundle('budgets: {tmp: lots}'),
      '4:20: "lots" is not understood',
      /ephemeral storage/,
    ],
    [
      'a size that Lambda does not take',
      bundle('budgets: {tmp: 20GB}'),
      '4:20: 20GB is outside of what Lambda takes',
      'tmp is 512 MB to 10 GB',
    ],
    [
      'a gate that there is not',
      bundle('budgets: {gates: [disk]}'),
      '4:23: "disk" is none of tmp, snapstart',
      /./,
    ],
    [
      'functions without a template',
      bundle('budgets: {functions: [f]}'),
      '4:26: functions are of a template',
      /template:/,
    ],
    [
      'a wrong S3 address',
      bundle('destination: s3://m/x'),
      '4:18: "s3://m/x" is no S3 address',
      /s3:\/\/bucket\/key/,
    ],
    ['a key without KMS', bundle('sse-kms-key-id: k'), '4:21: sse-kms-key-id needs sse: aws:kms', /./],
    [
      'a contradiction',
      bundle('include: ["*"]', 'weights: onnx'),
      '3:5: --include and --exclude and --weights do not go together',
      /./,
    ],
    [
      'two revisions',
      'bundles:\n  b:\n    sources:\n      - {source: a/b@v1, revision: v2}',
      '4:36: a/b@v1 has a revision already',
      /./,
    ],
    ['a source twice', 'bundles:\n  b:\n    sources: [a/b, c/d, a/b]', '3:25: a/b is there twice', /./],
    [
      'two names that are one variable',
      'bundles:\n  a-b: {sources: [x/y]}\n  A_b: {sources: [x/z]}',
      '3:8: a-b and A_b would have the same variables',
      /differ in more/,
    ],
    [
      'an id in the name of a file',
      bundle('destination: models/{id}.tar'),
      '4:18: {id} is for keys of S3, and this is a file',
      /: b\.tar/,
    ],
    [
      'one file for two, in two spellings',
      'bundles:\n  a: {sources: [x/y], destination: out/m.tar}\n  b: {sources: [x/z], destination: ./out//m.tar}',
      '3:36: a and b have the same destination',
      /its own/,
    ],
    [
      'one destination for two',
      'bundles:\n  a: {sources: [x/y], destination: m.tar}\n  b: {sources: [x/z], destination: m.tar}',
      '3:36: a and b have the same destination',
      /\{id\}/,
    ],
    ['a key twice', bundle('all: true', 'all: true'), '5:5: map keys must be unique', /./],
    [
      'a bundle twice',
      'bundles:\n  a: {sources: [x/y]}\n  a: {sources: [x/z]}',
      '3:3: map keys must be unique',
      /./,
    ],
    ['broken YAML', 'bundles:\n  b: [', '2:7: flow sequence', /./],
    ['a tab for an indentation', 'bundles:\n\tb: 1', '2:1: ', /./],
    ['an unknown tag', bundle('destination: !Ref x'), '4:18: unresolved tag: !Ref', /./],
    ['an unknown alias', bundle('tags: *none'), '4:11: there is no anchor &none', /./],
    ['two documents', `${bundle()}\n---\n${bundle()}`, '4:1: source contains multiple documents', /./],
    ['a list', '- a', '1:1: it has to be a mapping, not a list', /./],
    ['nothing', '', ' it has to be a mapping, not nothing', /./],
    ['a bomb of aliases', bomb, ' its aliases cannot be followed: Excessive alias count', /./],
    ['a nesting without end', '['.repeat(200_000), '1:', /./],
    ['a megabyte', `# ${'x'.repeat(1024 ** 2)}`, ' it has more than 1048576 characters', /./],
    ['what turns a terminal around', bundle('"\\u202e": 1'), '4:5: unknown key "\\u{202e}"', /./],
  ])('%s', (_, text, message, hint) => {
    const error = refusal(text);
    expect(error.code).toBe('usage');
    expect(error.message).toContain(`modelpack.yaml:${message}`);
    expect(error.hint).toMatch(hint);
  });
});
