import { describe, expect, test } from 'vitest';

import { environment } from '../../src/cache-paths/environment.ts';
import { libraries } from '../../src/cache-paths/table.ts';
import { listed, usedBy } from '../../src/lint/catalog.ts';

const NAME = /^[A-Z][A-Z0-9_]*$/;

describe.each(libraries)('the row of $name', (library) => {
  test('is well formed', () => {
    expect(library.modules.length).toBeGreaterThan(0);
    for (const module of library.modules) expect(module).toMatch(/^\w+(\.\w+)*$/);
    for (const { name, below, readAt } of library.variables) {
      expect(name).toMatch(NAME);
      expect(below).not.toMatch(/^\/|\/$/);
      expect(['import', 'call']).toContain(readAt);
    }
    expect(new Set(library.variables.map(({ name, below }) => name + below)).size).toBe(
      library.variables.length,
    );
    for (const { variable, folder } of library.settings) {
      expect(variable).toMatch(NAME);
      expect(folder).toMatch(/^[\w.-]+(\/[\w.-]+)*$/);
    }
    for (const name of library.removed ?? []) expect(name).toMatch(NAME);
    expect(library.fallback).not.toBe('');
    expect(library.writes).not.toBe('');
    expect(library.verified).not.toBe('');
  });

  test('says where it was read', () => {
    expect(library.evidence.length).toBeGreaterThan(0);
    for (const each of library.evidence) expect(each).toMatch(/^[\w.-]+\/[\w.-]+@[\w.-]+(?::| )|\w/);
  });

  test('has calls that are found under their own names', () => {
    for (const { call, arguments: given, kind, all } of library.calls) {
      expect(call).toMatch(/^\w+(\.[\w*]+)+$/);
      const name = call.replaceAll('*', 'Some');
      expect(listed(name), name).toBeDefined();
      for (const { name: argument, position } of given) {
        expect(argument).toMatch(/^\w+$/);
        if (position !== undefined) expect(position).toBeGreaterThanOrEqual(0);
      }
      if (all === true) expect(given.length).toBeGreaterThan(1);
      if (kind === 'path') expect(given.length).toBe(1);
    }
  });

  test('has a setting for the variables that it reads', () => {
    const names = library.variables.map(({ name }) => name);
    if (library.name === 'joblib' || names.length === 0) return;
    expect(library.settings.some(({ variable }) => names.includes(variable))).toBe(true);
  });
});

test('no library stands there twice', () => {
  expect(new Set(libraries.map(({ name }) => name)).size).toBe(libraries.length);
  expect(libraries.length).toBeGreaterThanOrEqual(51);
});

describe('a dotted name', () => {
  test.each([
    ['transformers.models.bert.BertModel.from_pretrained', 'transformers.*.from_pretrained'],
    ['transformers.BertConfig.from_pretrained', 'transformers.*Config.from_pretrained'],
    ['clip.clip.load', 'clip.load'],
    ['torchvision.models.resnet.resnet50', 'torchvision.models.*'],
    ['tensorflow.keras.utils.get_file', 'keras.utils.get_file'],
    ['torch.load', undefined],
    ['torchvision.models.resnet50().eval', undefined],
    ['flair.embeddings.WordEmbeddings.embed', undefined],
    ['ultralytics.YOLO.predict', undefined],
    ['myclip.load', undefined],
    ['clip', undefined],
  ])('%s is %s', (name, call) => {
    expect(listed(name)?.call.call).toBe(call);
  });

  test('is of the libraries that it belongs to', () => {
    expect(usedBy('torchvision.transforms').map(({ name }) => name)).toEqual([]);
    expect(usedBy('torchvision.models').map(({ name }) => name)).toEqual(['torchvision']);
    expect(usedBy('transformers').map(({ name }) => name)).toEqual(['transformers >=5', 'transformers 4.x']);
  });
});

describe('the environment', () => {
  test('of all libraries fits a function, and each variable stands there once', () => {
    const { variables, size, unmoved } = environment({ cacheRoot: '/tmp/models', home: false });
    const names = variables.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(size).toBeLessThan(4096);
    expect(size).toBe(variables.reduce((sum, { name, value }) => sum + Buffer.byteLength(name + value), 0));
    for (const { value } of variables) expect(value).toMatch(/^\/tmp\/models(?:\/[\w./-]+)?$/);
    expect(unmoved.map(({ library }) => library)).toEqual([
      'open_clip',
      'CLIP (openai)',
      'ultralytics',
      'insightface',
      'facexlib',
      'fasttext',
      'gpt4all',
    ]);
  });

  test('of one library has its variables only', () => {
    const { variables } = environment({ cacheRoot: '/mnt/ml', libraries: ['EasyOCR'], home: false });
    expect(variables.map(({ name, value }) => [name, value])).toEqual([
      ['MODEL_CACHE_FS_PATH', '/mnt/ml'],
      ['EASYOCR_MODULE_PATH', '/mnt/ml/easyocr'],
    ]);
  });

  test('with home says what it is for', () => {
    const { variables, notes } = environment({
      cacheRoot: '/tmp/models',
      libraries: ['gpt4all'],
      home: true,
    });
    expect(variables.at(-1)).toMatchObject({ name: 'HOME', value: '/tmp', libraries: ['gpt4all'] });
    expect(notes.join('\n')).toContain('HOME does');
  });

  test('outside of what can be written is noted', () => {
    expect(environment({ cacheRoot: '/opt/models', home: false }).notes.join('\n')).toContain(
      '/opt/models is outside',
    );
  });
});
