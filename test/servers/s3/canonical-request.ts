// The text that a Signature Version 4 covers.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

import { createHash, createHmac } from 'node:crypto';

import type { ParsedRequest } from './request.ts';
import { decode } from './target.ts';

export function canonicalRequest(
  request: ParsedRequest,
  signedHeaders: readonly string[],
  payload: string,
): string {
  return [
    request.method,
    request.path
      .split('/')
      .map((segment) => encode(decode(segment)))
      .join('/'),
    canonicalQuery(request),
    ...signedHeaders.map((name) => `${name}:${canonicalValue(request, name)}`),
    '',
    signedHeaders.join(';'),
    payload,
  ].join('\n');
}

function canonicalQuery({ pairs }: ParsedRequest): string {
  return pairs
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .toSorted((left, right) => order(left[0], right[0]) || order(left[1], right[1]))
    .map((pair) => pair.join('='))
    .join('&');
}

// hasOwn, because the client chooses the names and could choose "constructor".
function canonicalValue({ headers }: ParsedRequest, name: string): string {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return (value ?? '').trim().replace(/ +/g, ' ');
}

function order(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Percent-encodes all but the unreserved characters of RFC 3986; encodeURIComponent spares five more. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

export function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
