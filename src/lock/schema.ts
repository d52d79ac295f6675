import type { Schema } from '../document/schema.ts';
import { LOCK_VERSION } from './lock.ts';

const hash = { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'sha256, 64 hexadecimal digits' };
const size = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'bytes' };
const text = { type: 'string' };
const texts = { type: 'array', items: text };

/** `modelpack.lock`. Keys that are not known are left to later minor versions: none is refused. */
export const lockSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'modelpack.lock',
  type: 'object',
  required: ['version', 'bundles'],
  properties: {
    version: { const: LOCK_VERSION },
    bundles: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['id', 'size', 'models'],
        properties: {
          id: hash,
          size,
          models: {
            type: 'array',
            items: {
              type: 'object',
              required: ['asked', 'name', 'source', 'files'],
              properties: {
                asked: text,
                selection: {
                  type: 'object',
                  properties: { include: texts, exclude: texts, weights: text, all: { const: true } },
                },
                name: text,
                source: text,
                revision: text,
                ref: text,
                license: text,
                files: {
                  type: 'array',
                  items: {
                    type: 'object',
                    required: ['path', 'size', 'sha256'],
                    properties: { path: text, size, sha256: hash },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};
