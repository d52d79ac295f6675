import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

import { combineCrc, crc32c, crc64nvme, POLYNOMIALS } from './crc.ts';

export type Algorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256';
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

export interface Checksum {
  readonly algorithm: Algorithm;
  readonly type: ChecksumType;
  /** Base64; a composite one ends in -N, the number of parts. */
  readonly value: string;
}

/** What every running checksum can do. */
export interface Digest {
  update(bytes: Uint8Array): unknown;
  digest(): Buffer;
}

interface Kind {
  readonly size: number;
  create(): Digest;
  /** Only CRCs can be joined without reading the bytes again; so only they can cover a whole multipart object. */
  readonly polynomial?: bigint;
}

const KINDS: Readonly<Record<Algorithm, Kind>> = {
  CRC32: { size: 4, create: () => running32(crc32), polynomial: POLYNOMIALS.CRC32 },
  CRC32C: { size: 4, create: () => running32(crc32c), polynomial: POLYNOMIALS.CRC32C },
  CRC64NVME: { size: 8, create: running64, polynomial: POLYNOMIALS.CRC64NVME },
  SHA1: { size: 20, create: () => createHash('sha1') },
  SHA256: { size: 32, create: () => createHash('sha256') },
};

export const ALGORITHMS = Object.keys(KINDS) as readonly Algorithm[];

export function createDigest(algorithm: Algorithm): Digest {
  return KINDS[algorithm].create();
}

export function headerOf(algorithm: Algorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

export function isChecksum(algorithm: Algorithm, base64: string): boolean {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === KINDS[algorithm].size && bytes.toString('base64') === base64;
}

/** CRC64NVME covers whole objects only, the SHAs parts only; the two old CRCs can do both. */
export function supportsType(algorithm: Algorithm, type: ChecksumType): boolean {
  if (type === 'FULL_OBJECT') return KINDS[algorithm].polynomial !== undefined;
  return algorithm !== 'CRC64NVME';
}

export interface MeasuredPart {
  readonly size: number;
  readonly checksum: string;
}

/** The checksum of the bytes of all parts, from those of the parts. */
export function joinFull(algorithm: Algorithm, parts: readonly MeasuredPart[]): string {
  const { polynomial, size } = KINDS[algorithm];
  if (polynomial === undefined) throw new Error(`${algorithm} cannot be joined`);
  let joined = 0n; // the CRC of nothing
  for (const part of parts) {
    const next = BigInt(`0x${Buffer.from(part.checksum, 'base64').toString('hex')}`);
    joined = combineCrc(polynomial, size * 8, joined, next, part.size);
  }
  return Buffer.from(joined.toString(16).padStart(size * 2, '0'), 'hex').toString('base64');
}

/** The checksum of the checksums of the parts. */
export function joinComposite(algorithm: Algorithm, parts: readonly MeasuredPart[]): string {
  const digest = createDigest(algorithm);
  for (const part of parts) digest.update(Buffer.from(part.checksum, 'base64'));
  return `${digest.digest().toString('base64')}-${parts.length}`;
}

function running32(advance: (bytes: Uint8Array, crc: number) => number): Digest {
  let crc = 0;
  return {
    update: (bytes) => (crc = advance(bytes, crc)),
    digest: () => bigEndian(crc),
  };
}

function running64(): Digest {
  let crc: [number, number] = [0, 0];
  return {
    update: (bytes) => (crc = crc64nvme(bytes, crc)),
    digest: () => Buffer.concat([bigEndian(crc[0]), bigEndian(crc[1])]),
  };
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
