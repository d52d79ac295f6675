import { createHash, type Hash } from 'node:crypto';

import { type Algorithm, ALGORITHMS, createDigest, type Digest, headerOf, isChecksum } from './checksums.ts';
import { S3Error } from './errors.ts';
import type { Payload } from './payload.ts';

/** The checksum that a request carries: its value in a header, or announced for the trailer. */
export interface DeclaredChecksum {
  readonly algorithm: Algorithm;
  readonly value?: string;
}

export interface Measured {
  readonly size: number;
  readonly md5: string;
  readonly checksum?: { readonly algorithm: Algorithm; readonly value: string };
}

type Headers = Readonly<Record<string, string>>;

// These two start like checksums but name no value.
const NOT_VALUES = new Set(['x-amz-checksum-algorithm', 'x-amz-checksum-type', 'x-amz-checksum-mode']);

export function readDeclaredChecksum(headers: Headers): DeclaredChecksum | undefined {
  const names = Object.keys(headers).filter(
    (name) => name.startsWith('x-amz-checksum-') && !NOT_VALUES.has(name),
  );
  const trailers = headers['x-amz-trailer']?.split(',').map((name) => name.trim().toLowerCase()) ?? [];
  const [name, ...others] = [...names, ...trailers];
  if (others.length > 0) {
    throw new S3Error('InvalidRequest', { message: 'Only one x-amz-checksum-* is allowed' });
  }
  if (name === undefined) {
    if (!headers['x-amz-sdk-checksum-algorithm']) return undefined;
    throw new S3Error('InvalidRequest', {
      message: 'x-amz-sdk-checksum-algorithm needs an x-amz-checksum-*',
    });
  }
  const algorithm = ALGORITHMS.find((candidate) => headerOf(candidate) === name);
  if (!algorithm) throw new S3Error('NotImplemented', { message: `No such checksum here: ${name}` });
  const value = headers[name];
  if (value === undefined) return { algorithm };
  if (!isChecksum(algorithm, value)) throw invalidValue(name);
  return { algorithm, value };
}

/** Measures the bytes that pass and holds every digest of the request against them. */
export class Integrity {
  readonly #headers: Headers;
  readonly #payload: Payload;
  readonly #declared: DeclaredChecksum | undefined;
  readonly #algorithm: Algorithm | undefined;
  readonly #md5: Hash = createHash('md5');
  readonly #sha256: Hash | undefined;
  readonly #digest: Digest | undefined;
  /** Plain bodies need none: HTTP itself ends them at Content-Length. */
  readonly #announced: number;
  #size = 0;

  /** `algorithm` is computed even if the request declares no checksum. */
  constructor(
    headers: Headers,
    payload: Payload,
    declared: DeclaredChecksum | undefined,
    algorithm?: Algorithm,
  ) {
    this.#headers = headers;
    this.#payload = payload;
    this.#declared = declared;
    this.#algorithm = declared?.algorithm ?? algorithm;
    this.#announced =
      payload.kind === 'chunked' ? Number(headers['x-amz-decoded-content-length']) : Number.POSITIVE_INFINITY;
    this.#sha256 = payload.kind === 'hashed' ? createHash('sha256') : undefined;
    this.#digest = this.#algorithm && createDigest(this.#algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#size += bytes.length;
    // Before the end, or an endless body would fill the disk.
    if (this.#size > this.#announced) throw new S3Error('IncompleteBody');
    this.#md5.update(bytes);
    this.#sha256?.update(bytes);
    this.#digest?.update(bytes);
  }

  /** Throws the S3Error of the first digest or length that does not hold. */
  finish(trailers: ReadonlyMap<string, string> = new Map()): Measured {
    this.#checkSize();
    const md5 = this.#md5.digest();
    this.#checkMd5(md5);
    if (this.#payload.kind === 'hashed' && this.#sha256?.digest('hex') !== this.#payload.sha256) {
      throw new S3Error('XAmzContentSHA256Mismatch');
    }
    const measured = { size: this.#size, md5: md5.toString('hex') };
    if (!this.#algorithm || !this.#digest) return measured;
    const value = this.#digest.digest().toString('base64');
    this.#checkChecksum(value, trailers);
    return { ...measured, checksum: { algorithm: this.#algorithm, value } };
  }

  #checkSize(): void {
    if (this.#announced === Number.POSITIVE_INFINITY || this.#announced === this.#size) return;
    throw new S3Error('IncompleteBody', {
      message: `The body holds ${this.#size} bytes, x-amz-decoded-content-length says ${this.#announced}`,
    });
  }

  #checkMd5(md5: Buffer): void {
    const declared = this.#headers['content-md5'];
    if (declared === undefined) return;
    if (Buffer.from(declared, 'base64').length !== md5.length) throw new S3Error('InvalidDigest');
    if (declared === md5.toString('base64')) return;
    throw new S3Error('BadDigest', {
      details: { ExpectedDigest: declared, CalculatedDigest: md5.toString('base64') },
    });
  }

  #checkChecksum(value: string, trailers: ReadonlyMap<string, string>): void {
    if (!this.#declared) return;
    const { algorithm } = this.#declared;
    const declared = this.#declared.value ?? trailers.get(headerOf(algorithm));
    if (declared === undefined) throw new S3Error('MalformedTrailerError');
    if (!isChecksum(algorithm, declared)) throw invalidValue(headerOf(algorithm));
    if (declared === value) return;
    throw new S3Error('BadDigest', {
      message: `The ${algorithm} you specified did not match the calculated checksum.`, // in the words of AWS
    });
  }
}

function invalidValue(name: string): S3Error {
  return new S3Error('InvalidRequest', { message: `Value for ${name} header is invalid` });
}
