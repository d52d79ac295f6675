import { createHash } from 'node:crypto';

import { combineCrc32, crc32, encodeCrc32 } from './crc32.ts';

/** What was sent as one part, and what S3 said of it. */
export interface SentPart {
  readonly number: number;
  readonly length: number;
  readonly crc32: number;
  readonly etag: string;
  /** Hex; computed only where the server did not confirm the CRC32. */
  readonly md5: string | undefined;
}

/**
 * By what an object was compared with what was sent. `CRC32` is S3's own over all bytes, `CRC32-COMPOSITE` its own over
 * the CRC32s of the parts, `ETAG-MD5` an ETag made of MD5s; `SIZE` means that the server tells no checksum and only the size could be compared.
 */
export interface Checksum {
  readonly algorithm: 'CRC32' | 'CRC32-COMPOSITE' | 'ETAG-MD5' | 'SIZE';
  readonly value: string;
}

/** What S3 says of an object. */
export interface Claimed {
  readonly size: number | undefined;
  readonly etag: string | undefined;
  /** Base64; over all bytes, or if it is `composite` over the CRC32s of the parts and followed by their number. */
  readonly crc32: string | undefined;
  readonly composite: boolean;
}

/** CRC32 of all parts together, base64. */
export function wholeCrc32(parts: readonly SentPart[]): string {
  return encodeCrc32(inOrder(parts).reduce((crc, part) => combineCrc32(crc, part.crc32, part.length), 0));
}

/** CRC32 of the parts' CRC32s, base64, and the number of parts, as S3 writes it. */
export function compositeCrc32(parts: readonly SentPart[]): string {
  const crcs = inOrder(parts).map((part) => Buffer.from(encodeCrc32(part.crc32), 'base64'));
  return `${encodeCrc32(crc32(Buffer.concat(crcs)))}-${parts.length}`;
}

/**
 * Compares an object with what was sent, by the best that the server tells.
 *
 * @param opaqueEtag the ETag is no MD5, whatever it looks like (SSE-KMS)
 * @returns undefined when it is another object
 */
export function prove(
  claimed: Claimed,
  parts: readonly SentPart[],
  opaqueEtag: boolean,
): Checksum | undefined {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  if (claimed.size !== undefined && claimed.size !== size) return undefined;
  if (claimed.crc32 !== undefined) {
    const { composite, crc32: value } = claimed;
    const expected = composite ? compositeCrc32(parts) : wholeCrc32(parts);
    // Some servers leave the number of parts out.
    if (value !== expected && !(composite && value === expected.split('-')[0])) return undefined;
    return { algorithm: composite ? 'CRC32-COMPOSITE' : 'CRC32', value };
  }
  const etag = etagOf(parts);
  if (opaqueEtag || etag === undefined || !isMd5(claimed.etag ?? ''))
    return { algorithm: 'SIZE', value: String(size) };
  return unquoted(claimed.etag!) === etag ? { algorithm: 'ETAG-MD5', value: etag } : undefined;
}

/** A multipart ETag is the MD5 of the parts' MD5s, and their number; of a single PUT it is the MD5. */
function etagOf(parts: readonly SentPart[]): string | undefined {
  const md5s = inOrder(parts).map(({ md5, etag }) => md5 ?? unquoted(etag));
  if (!md5s.every((md5) => /^[0-9a-f]{32}$/.test(md5))) return undefined;
  if (parts.length === 1 && parts[0]!.number === 0) return md5s[0];
  return `${createHash('md5')
    .update(Buffer.from(md5s.join(''), 'hex'))
    .digest('hex')}-${md5s.length}`;
}

export function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

export function unquoted(etag: string): string {
  return etag.replaceAll('"', '');
}

export function isMd5(etag: string): boolean {
  return /^"?[0-9a-f]{32}(-\d+)?"?$/.test(etag);
}

function inOrder(parts: readonly SentPart[]): SentPart[] {
  return parts.toSorted((a, b) => a.number - b.number);
}
