import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ModelpackError, type ErrorCode } from '../../src/errors.ts';
import { completeKey, formatS3Url, isS3Url, parseS3Url, type S3Url } from '../../src/s3/url.ts';

const id = 'f'.repeat(64);

/** What it returns, or the code it was refused with; any other failure is thrown on. */
function outcome<T>(act: () => T): T | ErrorCode {
  try {
    return act();
  } catch (error) {
    if (error instanceof ModelpackError) return error.code;
    throw error;
  }
}

describe('parseS3Url', () => {
  it.each([
    ['s3://models', 'models', ''],
    ['s3://models/', 'models', ''],
    ['s3://models/a.tar', 'models', 'a.tar'],
    ['S3://models/a.tar', 'models', 'a.tar'],
    ['s3://models/dir/', 'models', 'dir/'],
    ['s3://models/dir/{id}.tar', 'models', 'dir/{id}.tar'],
    ['s3://models//a', 'models', '/a'],
    ['s3://models/a b+ü?x=1#y%41.tar', 'models', 'a b+ü?x=1#y%41.tar'],
    ['s3://a.b-c.9/k', 'a.b-c.9', 'k'],
    ['s3://Old_Bucket/k', 'Old_Bucket', 'k'],
    [`s3://${'b'.repeat(63)}/k`, 'b'.repeat(63), 'k'],
    [`s3://models/${'k'.repeat(1024)}`, 'models', 'k'.repeat(1024)],
  ])('reads %j', (text, bucket, key) => {
    expect(parseS3Url(text)).toEqual({ bucket, key });
  });

  it.each([
    '',
    'models/a.tar',
    's3:',
    's3:/models/a',
    's3://',
    's3:///a.tar',
    's3://ab/k',
    's3://-models/k',
    's3://models-/k',
    's3://mo dels/k',
    's3://mödels/k',
    's3://user@models/k',
    's3://models:9000/k',
    's3://models?x',
    `s3://${'b'.repeat(64)}/k`,
    `s3://models/${'k'.repeat(1025)}`,
    `s3://models/${'ü'.repeat(513)}`,
    's3://models/line\nbreak',
    's3://models/nul\0',
    's3://models/\u007f',
    's3://models/\ud83e',
    'https://models.s3.amazonaws.com/k',
    ' s3://models/k',
  ])('refuses %j', (text) => {
    expect(outcome(() => parseS3Url(text))).toBe('usage');
  });

  it('shows a refused address without letting it act on the terminal, and says how one is written', () => {
    expect(() => parseS3Url('s3://models/\u001b[2J')).toThrow(
      expect.objectContaining({
        // oxlint-disable-next-line no-control-regex -- control characters are what may not be there
        message: expect.stringMatching(/^"s3:\/\/models\/[^\u0000-\u001f]+\[2J" is no S3 address$/),
        hint: 'it is written s3://bucket/key',
      }),
    );
  });

  it('reads back what formatS3Url wrote, and throws nothing but a ModelpackError', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }).map((rest) => `s3://${rest}`),
      fc.string({ unit: 'binary' }).map((rest) => `s3://models/${rest}`),
    );
    fc.assert(
      fc.property(text, (address) => {
        const url = outcome(() => parseS3Url(address));
        if (url === 'usage') return;
        expect(isS3Url(address)).toBe(true);
        expect(parseS3Url(formatS3Url(url as S3Url))).toEqual(url);
      }),
    );
  });
});

describe('isS3Url', () => {
  it.each([
    ['s3://', true],
    ['S3://models/k', true],
    ['models.tar', false],
    ['./s3://models', false],
    ['s3:/models', false],
  ])('of %j is %j', (text, expected) => {
    expect(isS3Url(text)).toBe(expected);
  });
});

describe('completeKey', () => {
  it.each([
    ['a.tar', undefined, 'x.bin', 'a.tar'],
    ['', undefined, 'x.bin', 'x.bin'],
    ['dir/', undefined, 'x.bin', 'dir/x.bin'],
    ['dir//', undefined, 'x.bin', 'dir//x.bin'],
    ['{id}', id, 'x.bin', id],
    ['dir/{id}.tar', id, undefined, `dir/${id}.tar`],
    ['{id}/{id}.tar', id, undefined, `${id}/${id}.tar`],
    ['{id}/', id, 'x.bin', `${id}/x.bin`],
    ['{ID}', undefined, undefined, '{ID}'],
    ['dir/', undefined, '{id}', 'dir/{id}'],
  ])('of %j with id %j and name %j is %j', (key, bundleId, name, expected) => {
    expect(completeKey({ bucket: 'models', key }, bundleId, name)).toEqual({
      bucket: 'models',
      key: expected,
    });
  });

  it.each([
    ['{id}.tar', undefined, 'x.bin'],
    ['', undefined, undefined],
    ['dir/', undefined, undefined],
    ['{id}/', id, undefined],
  ])('refuses %j with id %j and name %j', (key, bundleId, name) => {
    expect(outcome(() => completeKey({ bucket: 'models', key }, bundleId, name))).toBe('usage');
  });

  it('gives a key that S3 takes, or throws a ModelpackError, whatever the file is called', () => {
    const piece = fc.constantFrom('a', 'ü', '.', '/', '{id}', 'b'.repeat(500));
    const key = fc
      .array(piece, { maxLength: 20 })
      .map((pieces) => pieces.join(''))
      .filter((text) => Buffer.byteLength(text) <= 1024);
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 60 })
      .filter((text) => !/[/\0]/.test(text));
    fc.assert(
      fc.property(key, fc.option(fc.constant(id), { nil: undefined }), name, (given, bundleId, file) => {
        const completed = outcome(() => completeKey({ bucket: 'models', key: given }, bundleId, file));
        if (completed === 'usage') return;
        expect(completed).not.toMatchObject({ key: '' });
        expect(parseS3Url(formatS3Url(completed as S3Url))).toEqual(completed);
      }),
    );
  });
});
