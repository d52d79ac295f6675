import { describe, expect, it } from 'vitest';

import { share } from '../../src/source/share.ts';
import type { Model, ModelFile } from '../../src/source/source.ts';

function model(source: string, files: readonly Partial<ModelFile>[], more: Partial<Model> = {}): Model {
  return {
    name: 'easyocr',
    source,
    files: files.map((file) => ({ path: 'craft.pth', size: 1, ...file })),
    leftOut: [],
    shares: true,
    checkAccess: async () => {},
    read: async () => {},
    ...more,
  };
}

const filesOf = (models: readonly Model[]) => models.map(({ files }) => files.map(({ path }) => path));

describe('models of one folder', () => {
  const craft = { md5: 'c' };
  const a = model('easyocr:a', [craft, { path: 'a.pth', md5: 'a' }]);
  const b = model('easyocr:b', [craft, { path: 'b.pth', md5: 'b' }]);

  it('share what they have in common, and the order decides nothing', () => {
    expect(filesOf(share([a, b]))).toEqual([['craft.pth', 'a.pth'], ['b.pth']]);
    expect(filesOf(share([b, a]))).toEqual([['b.pth'], ['craft.pth', 'a.pth']]);
  });

  it('may be the same model twice', () => {
    expect(filesOf(share([a, { ...a }]))).toEqual([['craft.pth', 'a.pth'], []]);
  });

  it('keep files that differ, or of which nobody knows the hash: that is a conflict', () => {
    expect(filesOf(share([a, model('easyocr:b', [{ md5: 'other' }])]))[1]).toEqual(['craft.pth']);
    expect(filesOf(share([model('zoo:a', [{}]), model('zoo:b', [{}])]))[1]).toEqual(['craft.pth']);
  });

  it('share nothing with another folder, nor with what is no model of a catalog', () => {
    expect(filesOf(share([a, { ...b, name: 'other' }]))[1]).toEqual(['craft.pth', 'b.pth']);
    expect(filesOf(share([a, { ...b, shares: undefined }]))[1]).toEqual(['craft.pth', 'b.pth']);
  });
});
