import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ModelpackError } from '../../src/errors.ts';
import { headerCheck } from '../../src/weights/safetensors.ts';
import { made } from '../helpers/pickle.ts';

/** A file with this header and as much data. */
function file(header: unknown, data: number): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(data)]);
}

/** What is said of a file that passes in chunks; undefined when nothing is wrong. */
function said(bytes: Buffer, chunk = bytes.length): string | undefined {
  const check = headerCheck(bytes.length, 'acme/model.safetensors');
  for (let at = 0; at < bytes.length; at += chunk) check.update(bytes.subarray(at, at + chunk));
  try {
    check.finish();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ModelpackError);
    expect(error).toMatchObject({ code: 'integrity', hint: expect.stringContaining('--exclude') });
    const [, what] =
      /^acme\/model\.safetensors is no valid safetensors file: (.*)$/s.exec((error as Error).message) ?? [];
    return what;
  }
}

const f32 = (shape: number[], begin: number, end: number) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

describe('a header that is right', () => {
  it.each([
    ['tensors in any order', { b: f32([2], 8, 16), a: f32([1, 2], 0, 8) }, 16],
    ['a number', { a: f32([], 0, 4) }, 4],
    ['nothing', {}, 0],
    ['an empty tensor', { a: f32([0, 5], 0, 0), b: f32([1], 0, 4) }, 4],
    ['metadata', { __metadata__: { format: 'pt' }, a: f32([1], 0, 4) }, 4],
    ['two numbers in a byte', { a: { dtype: 'F4', shape: [3, 2], data_offsets: [0, 3] } }, 3],
    ['spaces behind it', `${JSON.stringify({ a: f32([1], 0, 4) })}     `, 4],
    ['a name with escapes', `{"\\u0061\\n":${JSON.stringify(f32([1], 0, 4))}}`, 4],
  ])('may have %s', (_, header, data) => {
    expect(said(file(header, data))).toBeUndefined();
  });

  it('is what the real library wrote', async () => {
    const bytes = made('three.safetensors');
    for (const chunk of [bytes.length, 100, 1]) expect(said(bytes, chunk)).toBeUndefined();
  });
});

describe('a header that is wrong', () => {
  const huge = Buffer.alloc(100);
  huge.writeBigUInt64LE(2n ** 60n);
  const long = Buffer.alloc(100);
  long.writeBigUInt64LE(93n);

  it.each([
    ['longer than any', huge, /would have 1152921504606846976 bytes, at most 100000000/],
    ['longer than the file', long, /would have 93 bytes, the file has 100/],
    ['missing', Buffer.alloc(7), /cut off/],
    ['of an empty file', Buffer.alloc(0), /cut off/],
    ['empty', file('', 0), /no complete JSON/],
    ['an array', file('[]', 0), /does not begin with \{/],
    ['behind a space', file(' {}', 0), /does not begin with \{/],
    ['no JSON', file('{"a":}', 0), /./],
    ['cut off', file('{"a":{', 0), /no complete JSON/],
    ['two objects', file('{}{}', 0), /./],
    ['no UTF-8', file('{"\xff":0}', 0).fill(0xff, 10, 11), /./],
    ['nested too deep', file(`{"a":${'['.repeat(1000)}`, 0), /another shape/],
    ['endless for one tensor', file(`{"a":{"shape":[${'1,'.repeat(600_000)}1]}}`, 0), /another shape/],
  ])('is told: it is %s', (_, bytes, what) => {
    expect(said(bytes)).toMatch(what);
    expect(said(bytes, 3)).toMatch(what);
  });

  it.each([
    ['overlap', { a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12, /tensor "b" overlaps/],
    ['are one in the other', { a: f32([3], 0, 12), b: f32([1], 4, 8) }, 12, /tensor "b" overlaps/],
    ['leave a hole', { a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12, /4 bytes before tensor "b"/],
    ['begin late', { a: f32([1], 4, 8) }, 8, /4 bytes before tensor "a"/],
    ['end early', { a: f32([1], 0, 4) }, 8, /take 4 bytes, the file has 8/],
    ['end behind the file', { a: f32([2], 0, 8) }, 4, /take 8 bytes, the file has 4/],
    ['are too small for their shape', { a: f32([3], 0, 8) }, 8, /has 8 bytes, its type and shape need 12/],
    ['end before they begin', { a: f32([1], 8, 4) }, 8, /has -4 bytes/],
    ['have half a byte', { a: { dtype: 'F4', shape: [3], data_offsets: [0, 1] } }, 1, /has 1 bytes/],
    ['have a shape that overflows', { a: f32([2 ** 40, 2 ** 40], 0, 0) }, 0, /more than 2\^64 bits/],
    [
      'have a shape that overflows before it is zero',
      { a: f32([2 ** 40, 2 ** 40, 0], 0, 0) },
      0,
      /more than 2\^64 bits/,
    ],
    ['have a negative dimension', { a: f32([-1], 0, 4) }, 4, /not well formed/],
    ['have half a dimension', { a: f32([0.5], 0, 2) }, 2, /not well formed/],
    [
      'have three offsets',
      { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } },
      4,
      /not well formed/,
    ],
    ['have offsets beyond 2^53', { a: f32([1], 0, 2 ** 60) }, 4, /not well formed/],
    ['have no type', { a: { shape: [1], data_offsets: [0, 4] } }, 4, /not well formed/],
    ['have an unknown type', { a: { ...f32([1], 0, 4), dtype: 'F5' } }, 4, /unknown type "F5"/],
    ['have a type of JavaScript', { a: { ...f32([1], 0, 4), dtype: 'constructor' } }, 4, /unknown type/],
    ['are numbers', { a: 1 }, 0, /not well formed/],
    [
      'have one name',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
      2,
      /two tensors "a"/,
    ],
    ['have metadata of numbers', { __metadata__: { a: 1 } }, 0, /metadata/],
  ])('is told: its tensors %s', (_, header, data, what) => {
    const bytes = file(header, data);
    expect(said(bytes)).toMatch(what);
    expect(said(bytes, 1)).toMatch(what);
  });
});

describe('any header', () => {
  it('of tensors that follow each other is right, and with another offset it is not', () => {
    const tensors = fc.array(
      fc.tuple(fc.array(fc.nat(5), { maxLength: 3 }), fc.constantFrom(['U8', 1], ['F16', 2], ['I64', 8])),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(
        tensors,
        fc.nat(),
        fc.nat(1),
        fc.constantFrom(-1, 1),
        fc.integer({ min: 1, max: 50 }),
        (made_, which, edge, by, chunk) => {
          let at = 0;
          const header = Object.fromEntries(
            made_.map(([shape, [dtype, bytes]], i) => {
              const begin = at;
              at += shape.reduce((product, n) => product * n, bytes as number);
              return [`t${i}`, { dtype, shape, data_offsets: [begin, at] }];
            }),
          );
          expect(said(file(header, at), chunk)).toBeUndefined();
          header[`t${which % made_.length}`]!.data_offsets[edge]! += by;
          expect(said(file(header, at), chunk)).toEqual(expect.any(String));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of any bytes is told without failing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.string({ maxLength: 60 }), (bytes, json) => {
        expect(said(Buffer.from(bytes))).toEqual(expect.any(String));
        expect(said(file(`{${json}}`, 5))).toEqual(expect.any(String));
      }),
      { numRuns: 1000 },
    );
  });
});
