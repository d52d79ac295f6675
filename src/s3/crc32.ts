import { crc32 } from 'node:zlib';

export { crc32 };

/** The polynomial of CRC-32/ISO-HDLC, reflected, as zlib and S3 use it. */
const POLYNOMIAL = 0xedb88320;

/**
 * The CRC-32 of two pieces together, from those of each.
 *
 * Appending a zero bit to a message multiplies its CRC, as a vector over GF(2), by a fixed 32 × 32 matrix; squaring
 * the matrix doubles the number of bits. So the first CRC is moved past the second piece in log2(length) steps.
 * Method: Mark Adler, https://stackoverflow.com/a/23126768
 *
 * @param length of the second piece in bytes
 */
export function combineCrc32(first: number, second: number, length: number): number {
  let crc = first >>> 0;
  let step = squared(squared(squared(oneZeroBit()))); // one byte
  for (let left = length; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) crc = times(step, crc);
    step = squared(step);
  }
  return (crc ^ second) >>> 0;
}

/** As S3 writes it: base64 of the four bytes, most significant first. */
export function encodeCrc32(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc >>> 0);
  return bytes.toString('base64');
}

type Matrix = Uint32Array;

function oneZeroBit(): Matrix {
  return Uint32Array.from({ length: 32 }, (_, row) => (row === 0 ? POLYNOMIAL : 2 ** (row - 1)));
}

function times(matrix: Matrix, vector: number): number {
  let sum = 0;
  for (let row = 0, rest = vector; rest !== 0; row++, rest >>>= 1) {
    if (rest & 1) sum ^= matrix[row]!;
  }
  return sum >>> 0;
}

function squared(matrix: Matrix): Matrix {
  return matrix.map((row) => times(matrix, row));
}
