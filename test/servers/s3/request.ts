import type { IncomingMessage } from 'node:http';

import { S3Error } from './errors.ts';
import { nameOperation, type Operation } from './operation.ts';
import { parseTarget, type Target } from './target.ts';

export interface S3Request {
  readonly operation: Operation;
  readonly method: string;
  readonly url: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** Lower-case names. A presigned URL may carry headers in its query: they are here too. */
  readonly headers: Readonly<Record<string, string>>;
  readonly range?: string;
}

export interface ParsedRequest extends S3Request, Target {
  /** Why the target cannot be parsed; then there is no bucket, key or query. */
  readonly problem?: S3Error;
}

const NOWHERE: Target = { path: '/', pairs: [], query: new Map(), bucket: '', key: '' };

/** Never throws: a request that makes no sense is still logged and shown to the fault hook. */
export function parseRequest(incoming: IncomingMessage): ParsedRequest {
  const { method = 'GET', url = '/' } = incoming;
  const { target, problem } = attempt(url);
  const headers = { ...ownHeaders(incoming), ...hoistedHeaders(target.query) };
  const operation = problem ? 'Unknown' : nameOperation(method, target, 'x-amz-copy-source' in headers);
  return {
    ...target,
    operation,
    method,
    url,
    headers,
    ...(headers['range'] !== undefined && { range: headers['range'] }),
    ...(problem && { problem }),
  };
}

function attempt(url: string): { target: Target; problem?: S3Error } {
  try {
    return { target: parseTarget(url) };
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    return { target: NOWHERE, problem: error };
  }
}

function ownHeaders(incoming: IncomingMessage): Record<string, string> {
  const entries = Object.entries(incoming.headers);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

// Signers move x-amz-* headers into the query of a presigned URL, checksums of empty bodies included; S3 obeys them.
function hoistedHeaders(query: ReadonlyMap<string, string>): Record<string, string> {
  if (!query.has('X-Amz-Signature')) return {};
  const hoisted = [...query].map(([name, value]) => [name.toLowerCase(), value] as const);
  return Object.fromEntries(
    hoisted.filter(([name]) => name.startsWith('x-amz-') && !AUTHENTICATION.has(name)),
  );
}

const AUTHENTICATION = new Set(
  ['algorithm', 'credential', 'date', 'expires', 'signedheaders', 'signature'].map((name) => `x-amz-${name}`),
);
