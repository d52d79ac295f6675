import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { combineCrc32, crc32, encodeCrc32 } from '../../src/s3/crc32.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const crc = fc.nat({ max: 0xffffffff });
/** Lengths of objects in S3: up to 48.8 TiB, far beyond 32 bits. */
const length = fc.nat({ max: 50 * 1024 ** 4 });

describe('combineCrc32', () => {
  it('gives the CRC of two pieces from those of each', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(combineCrc32(crc32(a), crc32(b), b.length)).toBe(crc32(Buffer.concat([a, b])));
      }),
    );
  });

  it('gives the CRC of any number of pieces, one after the other', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 8 }), (pieces) => {
        const whole = pieces.reduce((sum, piece) => combineCrc32(sum, crc32(piece), piece.length), 0);
        expect(whole).toBe(crc32(Buffer.concat(pieces)));
      }),
    );
  });

  it('does not care how pieces of any length are grouped', () => {
    fc.assert(
      fc.property(crc, crc, crc, length, length, (a, b, c, lengthB, lengthC) => {
        const left = combineCrc32(combineCrc32(a, b, lengthB), c, lengthC);
        const right = combineCrc32(a, combineCrc32(b, c, lengthC), lengthB + lengthC);
        expect(left).toBe(right);
      }),
    );
  });

  it.each([1, 5 * 1024 ** 2, 16 * 1024 ** 2 + 1])('is right for pieces of %i bytes', (size) => {
    const a = Buffer.alloc(size, 'modelpack');
    const b = Buffer.alloc(size, 0xa5);
    expect(combineCrc32(crc32(a), crc32(b), size)).toBe(crc32(b, crc32(a)));
  });
});

describe('encodeCrc32', () => {
  it('writes it as S3 does: base64 of four bytes, the most significant first', () => {
    expect(encodeCrc32(crc32('123456789'))).toBe('y/Q5Jg=='); // 0xcbf43926, the check value of CRC-32/ISO-HDLC
    expect(encodeCrc32(0)).toBe('AAAAAA==');
    expect(encodeCrc32(-1)).toBe('/////w==');
  });
});
