import { describe, expect, it } from 'vitest';

import { ModelpackError } from '../../src/errors.ts';
import { builtIn, clip, whisper } from '../../src/source/catalog/built-in.ts';
import type { CatalogFile } from '../../src/source/catalog/catalog.ts';
import clipData from '../../src/source/catalog/clip.json' with { type: 'json' };
import easyocrData from '../../src/source/catalog/easyocr.json' with { type: 'json' };
import { findNamed } from '../../src/source/catalog/names.ts';
import { decodeCatalog } from '../../src/source/catalog/user.ts';
import whisperData from '../../src/source/catalog/whisper.json' with { type: 'json' };

/** The rows of the data as a user's catalog would have them: then they keep the same rules. */
function decode(scheme: string, rows: readonly { name: string; file: CatalogFile }[]) {
  const models = rows.map(({ name, file }) => ({ name, files: [file] }));
  return decodeCatalog({ scheme, models }, `/catalogs/${scheme}.json`);
}

const hashed = (rows: readonly { name: string; filename: string; url: string; sha256: string }[]) =>
  rows.map(({ name, filename: path, url, sha256 }) => ({ name, file: { path, url, sha256 } }));
const zipped = (
  rows: readonly { name: string; filename: string; url: string; md5: string; memberInZip: string }[],
) =>
  rows.map(({ name, filename: path, url, md5, memberInZip: member }) => ({
    name,
    file: { path, url, md5, member },
  }));

describe('the built-in catalogs', () => {
  it('are well formed, row by row', () => {
    decode('clip', hashed(clipData.models));
    decode('whisper', hashed(whisperData.models));
    decode('easyocr', zipped([...easyocrData.detection, ...easyocrData.recognition]));
    expect(builtIn.map(({ scheme }) => scheme)).toEqual(['clip', 'easyocr', 'whisper']);
  });

  it('have every file behind an encrypted address, with its hash and evidence', () => {
    for (const { url, sha256 } of [...clipData.models, ...whisperData.models]) {
      expect(url).toMatch(/^https:/);
      expect(url.split('/').at(-2)).toBe(sha256); // where both libraries read it
    }
    for (const { url } of [...easyocrData.detection, ...easyocrData.recognition])
      expect(url).toMatch(/^https:.*zip$/);
    for (const { source } of [clipData, whisperData, easyocrData])
      expect(source.commit).toMatch(/^[0-9a-f]{40}$/);
  });

  it('have recognizers for all rules of EasyOCR', () => {
    const names = easyocrData.recognition.map(({ name }) => name);
    for (const { recognizer } of easyocrData.selectionOrder) expect(names).toContain(recognizer);
    expect(easyocrData.detection.map(({ name }) => name)).toContain(easyocrData.defaultDetector);
  });

  it.each([...clipData.models, ...whisperData.models].map(({ name, filename }) => [name, filename] as const))(
    'know %s, and as its file is named',
    (name, filename) => {
      const catalog = clipData.models.some((each) => each.name === name) ? clip : whisper;
      expect(catalog.find(name).files.map(({ path }) => path)).toEqual([filename]);
      expect(catalog.find(filename.replace(/\.pt$/, '')).files).toEqual(catalog.find(name).files);
    },
  );

  it('give a model one name, whatever it was called', () => {
    expect(whisper.find('large')).toEqual(whisper.find('large-v3'));
    expect(whisper.find('turbo').name).toBe('large-v3-turbo');
    expect(clip.find('vit_b_32').name).toBe('ViT-B/32');
    expect(clip.find('ViT-L-14-336px').name).toBe('ViT-L/14@336px');
  });

  it('say the licence where it is known to be that of the weights', () => {
    expect(whisper.find('base').license).toBe('mit');
    expect(clip.find('RN50').license).toBeUndefined();
  });

  it('list what there is for a name that is not there', () => {
    expect(() => clip.find('ViT-B/64')).toThrow(
      expect.objectContaining({
        code: 'not-found',
        hint: expect.stringContaining('RN50, RN101, RN50x4'),
      }) as Error,
    );
  });
});

describe('findNamed()', () => {
  const many = Array.from({ length: 200 }, (_, at) => ({ name: `model-${at}` }));

  it('proposes what is near when there are many', () => {
    const error = failure(() => findNamed('zoo', many, 'model-199x'));
    expect(error.hint).toBe('its models are model-1, model-19, model-199 and 197 more');
  });

  it('does not guess between two', () => {
    expect(failure(() => findNamed('zoo', [{ name: 'a-b' }, { name: 'a_b' }], 'ab')).code).toBe('not-found');
    expect(findNamed('zoo', [{ name: 'a-b' }, { name: 'a_b' }], 'a_b').name).toBe('a_b');
  });
});

describe('a catalog of the user', () => {
  const sha256 = 'a'.repeat(64);
  const file = { path: 'tiny.pt', url: 'https://example.com/tiny.pt', sha256, size: 3 };
  const model = { name: 'tiny', files: [file] };
  const zoo = (change: object) => ({ scheme: 'zoo', models: [model], ...change });
  const withFile = (change: object) => zoo({ models: [{ ...model, files: [{ ...file, ...change }] }] });

  it('is read as it is written', () => {
    const catalog = decodeCatalog(zoo({ models: [{ ...model, license: 'mit' }] }), '/c/zoo.json');
    expect(catalog.find('tiny')).toMatchObject({ name: 'tiny', license: 'mit', files: [file] });
    expect(catalog.spelling).toBe('zoo:tiny');
  });

  it.each<[value: unknown, where: string]>([
    [[], 'it is no object'],
    [{ scheme: 'zoo' }, 'models: it is no list'],
    [zoo({ scheme: 'Zoo' }), 'scheme: "Zoo" cannot be one'],
    [zoo({ scheme: 'https' }), 'scheme: "https" cannot be one'],
    [zoo({ scheme: 'z' }), 'scheme: "z" cannot be one'],
    [zoo({ scheme: 'park' }), 'scheme: it is "park", unlike the file'],
    [zoo({ license: 'mit' }), '"license" is not known'],
    [zoo({ models: [model, { files: [] }] }), 'models[1].files: there are none'],
    [zoo({ models: [model, model] }), 'models[1].name: "tiny" stands twice'],
    [zoo({ models: [{ ...model, name: 3 }] }), 'models[0].name: it is no text'],
    [
      zoo({ models: [{ ...model, files: [file, file] }] }),
      'models[0].files: the bundle would hold two files',
    ],
    [withFile({ sha265: sha256 }), '"models[0].files[0].sha265" is not known'],
    [withFile({ sha256: 'abc' }), 'models[0].files[0].sha256: it is not 64 hex digits'],
    [withFile({ md5: sha256 }), 'models[0].files[0].md5: it is not 32 hex digits'],
    [withFile({ size: -1 }), 'models[0].files[0].size: it is no number of bytes'],
    [withFile({ size: '3' }), 'models[0].files[0].size: it is no number of bytes'],
    [withFile({ url: '/tiny.pt' }), 'models[0].files[0].url: it is no web address'],
    [withFile({ url: 'file:///etc/passwd' }), 'models[0].files[0].url: it is no web address'],
    [withFile({ path: '../tiny.pt' }), 'models[0].files[0].path: the path "../tiny.pt" has a'],
    [withFile({ path: '/tiny.pt' }), 'models[0].files[0].path: the path "/tiny.pt" is absolute'],
    [withFile({ path: '' }), 'models[0].files[0].path: it is no text'],
    [withFile({ member: 3 }), 'models[0].files[0].member: it is no text'],
  ])('%j is refused', (value, where) => {
    const error = failure(() => decodeCatalog(value, '/c/zoo.json'));
    expect(error.code).toBe('usage');
    expect(error.message).toContain(`the catalog /c/zoo.json is wrong: ${where}`);
  });
});

function failure(act: () => unknown): ModelpackError {
  try {
    act();
  } catch (error) {
    if (error instanceof ModelpackError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
