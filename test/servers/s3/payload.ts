import { S3Error } from './errors.ts';

/** What x-amz-content-sha256 says about the body. */
export type Payload =
  | { readonly kind: 'hashed'; readonly sha256: string }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'chunked'; readonly signed: boolean; readonly trailer: boolean };

const STREAMING: ReadonlyMap<string, Payload> = new Map([
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { kind: 'chunked', signed: false, trailer: true }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { kind: 'chunked', signed: true, trailer: false }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { kind: 'chunked', signed: true, trailer: true }],
]);

export function readPayload(declared: string): Payload {
  if (declared === 'UNSIGNED-PAYLOAD') return { kind: 'unsigned' };
  if (/^[0-9a-f]{64}$/.test(declared)) return { kind: 'hashed', sha256: declared };
  const streaming = STREAMING.get(declared);
  if (streaming) return streaming;
  throw new S3Error('InvalidArgument', {
    message: 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING-… form or a SHA-256 in hex',
  });
}
