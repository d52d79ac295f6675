import type { Gate } from '../budget/check.ts';
import type { Schema } from '../document/schema.ts';
import { weightFormats } from '../source/source.ts';

/** Where the schema of `modelpack.yaml` is to be had when modelpack is not installed beside it. */
export const SCHEMA_ADDRESS = 'https://cdn.jsdelivr.net/npm/modelpack/schema/modelpack.schema.json';
/** The same inside the package. */
export const SCHEMA_FILE = 'schema/modelpack.schema.json';

export const gates = ['tmp', 'snapstart', 'memory', 'package', 'image'] as const satisfies readonly Gate[];

const globs = (description: string) => ({
  type: 'array',
  minItems: 1,
  items: { type: 'string', minLength: 1 },
  description,
});

const selection = {
  include: globs('Take only these files: globs as of Python, in which * crosses /'),
  exclude: globs('Leave these files out'),
  weights: {
    enum: [...weightFormats, 'all'],
    description: 'Which copy of the weights to keep; without it the best one present',
  },
  all: { const: true, description: 'Every file of the repository' },
};

const size = (description: string) => ({
  type: 'string',
  pattern: '^\\s*\\d{1,15}(\\.\\d{1,6})?\\s*[kKmMgGtT]?([iI]?[bB])?\\s*$',
  description,
});

const text = (description: string) => ({ type: 'string', minLength: 1, description });

const pairs = (description: string, rule: Schema = {}) => ({
  type: 'object',
  additionalProperties: { type: 'string', description: 'a text; put numbers, true and false between quotes' },
  description,
  ...rule,
});

const source = {
  type: ['string', 'object'],
  minLength: 1,
  required: ['source'],
  additionalProperties: false,
  description:
    'A model: org/name, org/name@revision, clip:…, easyocr:…, whisper:…, ./folder, ./file, https://…; name=source renames',
  examples: ['google-bert/bert-base-cased', 'clip:ViT-B/32', './model'],
  properties: {
    source: text('org/name, clip:…, easyocr:…, whisper:…, ./folder, ./file, https://…'),
    name: text('Its folder in the bundle'),
    revision: text('Branch, tag or commit of a repository of the Hub'),
    ...selection,
  },
};

const budgets = {
  type: 'object',
  additionalProperties: false,
  description: 'What the bundle has to fit',
  properties: {
    gates: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { enum: gates },
      description: 'Which budgets decide; without them tmp',
    },
    tmp: size("The function's ephemeral storage, from 512MB to 10240MB"),
    memory: size("The function's memory, from 128MB to 10240MB"),
    template: text('A template of SAM, CloudFormation or the Serverless Framework that says both'),
    functions: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', minLength: 1 },
      description: 'The functions of the template that use the bundle; without them all',
    },
    parameters: pairs('Of the template, in place of their defaults'),
  },
};

const bundle = {
  type: 'object',
  required: ['sources'],
  additionalProperties: false,
  properties: {
    sources: { type: 'array', minItems: 1, items: source, description: 'The models of the bundle' },
    ...selection,
    destination: {
      ...text('Where the bundle goes: s3://bucket/key, in which {id} becomes its id, or a file'),
      examples: ['s3://my-bucket/models/{id}.tar', 'dist/models.tar'],
    },
    budgets,
    'allow-pickle': {
      type: 'boolean',
      description: 'Take files that can execute code when they are loaded',
    },
    tags: pairs('Tags of the object in S3'),
    metadata: pairs('User metadata of the object in S3: ASCII, names without spaces', {
      propertyNames: {
        pattern: "^[\\w!#$%&'*+.^`|~-]+$",
        description: 'it becomes the name of an HTTP header: no spaces, no colons',
      },
      additionalProperties: {
        type: 'string',
        pattern: '^[\\x20-\\x7e]*$',
        description: 'ASCII; put numbers, true and false between quotes',
      },
    }),
    'storage-class': { ...text('Storage class of the object in S3'), examples: ['STANDARD_IA'] },
    sse: { enum: ['AES256', 'aws:kms'], description: 'Server-side encryption of the object in S3' },
    'sse-kms-key-id': text('The key for sse: aws:kms'),
    'no-clobber': { type: 'boolean', description: 'Fail if the key holds something else' },
    'endpoint-url': {
      ...text('Another S3 than that of AWS'),
      pattern: '^https?://',
    },
    addressing: { enum: ['path', 'virtual'], description: 'Of buckets' },
    region: text('Of the bucket'),
    checksum: { enum: ['auto', 'none'], description: 'none: for servers that refuse x-amz-checksum headers' },
  },
};

/** `modelpack.yaml`: what is published for editors, and what it is read by. */
export const configSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: SCHEMA_ADDRESS,
  title: 'modelpack.yaml',
  description: 'The bundles of a project: which models each holds, what it has to fit, and where it goes',
  type: 'object',
  required: ['bundles'],
  additionalProperties: false,
  patternProperties: { '^x-': { description: 'For anchors of your own' } },
  properties: {
    $schema: { type: 'string', description: 'The address of this schema, for editors of JSON' },
    bundles: {
      type: 'object',
      minProperties: 1,
      propertyNames: {
        pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$',
        description: 'a name is letters, digits, - and _',
      },
      additionalProperties: bundle,
      description: 'Bundles by their names, of letters, digits, - and _',
    },
    lint: {
      type: ['object', 'boolean'],
      additionalProperties: false,
      description: 'What modelpack ci checks of the code; false for nothing',
      properties: {
        paths: {
          type: 'array',
          minItems: 1,
          items: { type: 'string', minLength: 1 },
          description: 'Python files, notebooks, folders; without them the folder of this file',
        },
        exclude: globs('Leave out, as in .gitignore'),
        level: { enum: ['error', 'warning', 'note'], description: 'The lowest that fails the check' },
      },
    },
  },
};
