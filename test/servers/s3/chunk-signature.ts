// Each chunk of a signed aws-chunked body carries a signature over its bytes and over the signature before it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html

import { createHash } from 'node:crypto';

import { hmac, sha256Hex } from './canonical-request.ts';
import { S3Error } from './errors.ts';
import type { SignatureSeed } from './signature.ts';

export interface ChunkVerifier {
  update(bytes: Uint8Array): void;
  /** Ends a chunk; throws when its bytes do not have this signature. */
  endChunk(signature: string | undefined): void;
  endTrailer(lines: readonly string[], signature: string | undefined): void;
}

export function verifyChunks({ key, timestamp, scope, signature }: SignatureSeed): ChunkVerifier {
  let previous = signature;
  let hash = createHash('sha256');

  function expect(algorithm: string, hashes: readonly string[], given: string | undefined): void {
    const toSign = [algorithm, timestamp, scope, previous, ...hashes].join('\n');
    previous = hmac(key, toSign).toString('hex');
    if (given !== previous) throw new S3Error('SignatureDoesNotMatch', { details: { StringToSign: toSign } });
  }

  return {
    update(bytes) {
      hash.update(bytes);
    },
    endChunk(given) {
      expect('AWS4-HMAC-SHA256-PAYLOAD', [sha256Hex(''), hash.digest('hex')], given);
      hash = createHash('sha256');
    },
    endTrailer(lines, given) {
      const text = lines.map((line) => `${line}\n`).join('');
      expect('AWS4-HMAC-SHA256-TRAILER', [sha256Hex(text)], given);
    },
  };
}
