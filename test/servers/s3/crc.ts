// CRC-32C and CRC-64/NVME, which Node does not have, and the joining of CRCs. All are reflected, with initial value
// and final xor of all ones. A 64-bit register is kept as two 32-bit halves: BigInt would be fifty times slower.

export const POLYNOMIALS = {
  CRC32: 0xedb88320n,
  CRC32C: 0x82f63b78n,
  CRC64NVME: 0x9a6c9329ac4bc9b5n,
} as const;

const TABLE_32C = Uint32Array.from(table(POLYNOMIALS.CRC32C), Number);
const TABLE_64_HIGH = Uint32Array.from(table(POLYNOMIALS.CRC64NVME), (entry) => Number(entry >> 32n));
const TABLE_64_LOW = Uint32Array.from(table(POLYNOMIALS.CRC64NVME), (entry) => Number(entry & 0xffff_ffffn));

function table(polynomial: bigint): bigint[] {
  return Array.from({ length: 256 }, (_, index) => {
    let entry = BigInt(index);
    for (let bit = 0; bit < 8; bit++) entry = entry & 1n ? (entry >> 1n) ^ polynomial : entry >> 1n;
    return entry;
  });
}

/** The CRC of what `crc` covers followed by `bytes`; start from 0. */
export function crc32c(bytes: Uint8Array, crc: number): number {
  let register = ~crc;
  for (let index = 0; index < bytes.length; index++) {
    // Typed array reads inside their bounds; `!` costs nothing, a fallback would be a branch per byte.
    register = (register >>> 8) ^ TABLE_32C[(register ^ bytes[index]!) & 0xff]!;
  }
  return ~register >>> 0;
}

/** As crc32c, with the value in two halves, high one first. */
export function crc64nvme(bytes: Uint8Array, [high, low]: readonly [number, number]): [number, number] {
  let upper = ~high;
  let lower = ~low;
  for (let index = 0; index < bytes.length; index++) {
    const entry = (lower ^ bytes[index]!) & 0xff;
    lower = ((lower >>> 8) | (upper << 24)) ^ TABLE_64_LOW[entry]!;
    upper = (upper >>> 8) ^ TABLE_64_HIGH[entry]!;
  }
  return [~upper >>> 0, ~lower >>> 0];
}

/**
 * The CRC of two byte runs, from the CRC of each and the length of the second: the first one is multiplied by
 * x^(8 * length) modulo the polynomial, which is what appending that many bytes does to it.
 */
export function combineCrc(
  polynomial: bigint,
  width: number,
  first: bigint,
  second: bigint,
  secondSize: number,
): bigint {
  return multiply(shift(polynomial, width, secondSize), first, polynomial, width) ^ second;
}

// Parts of one upload share their size, so nearly every call after the first finds its factor here.
const shifts = new Map<string, bigint>();

function shift(polynomial: bigint, width: number, bytes: number): bigint {
  const name = `${polynomial}/${bytes}`;
  const known = shifts.get(name);
  if (known !== undefined) return known;
  let factor = 1n << BigInt(width - 1); // x^0: in the reflected form the highest bit is the lowest power
  let square = factor >> 1n; // x^1
  for (let exponent = BigInt(bytes) * 8n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) factor = multiply(factor, square, polynomial, width);
    square = multiply(square, square, polynomial, width);
  }
  shifts.set(name, factor);
  return factor;
}

function multiply(left: bigint, right: bigint, polynomial: bigint, width: number): bigint {
  let product = 0n;
  let power = right;
  for (let bit = 1n << BigInt(width - 1); bit > 0n; bit >>= 1n) {
    if (left & bit) product ^= power;
    power = power & 1n ? (power >> 1n) ^ polynomial : power >> 1n;
  }
  return product;
}
