import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

import { routeOf, type Route } from './route.ts';

export type Origin = 'hub' | 'cdn';

/** One request, taken apart. */
export interface Ask {
  readonly origin: Origin;
  readonly method: string;
  readonly host: string;
  /** As sent. */
  readonly target: string;
  /** Decoded, without query and path prefix; as sent if it cannot be decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Of the `Authorization` header, whatever its scheme. */
  readonly token?: string;
  readonly route: Route;
}

export async function askOf(origin: Origin, request: IncomingMessage, prefix: string): Promise<Ask> {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const raw = mark < 0 ? target : target.slice(0, mark);
  const inside = raw.startsWith(`${prefix}/`);
  const segments = decode((inside ? raw.slice(prefix.length) : raw).slice(1).split('/'));
  const authorization = request.headers.authorization;
  return {
    origin,
    method: request.method ?? 'GET',
    host: request.headers.host ?? '',
    target,
    path: segments === undefined ? raw : `/${segments.join('/')}`,
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
    headers: request.headers,
    body: await buffer(request),
    ...(authorization !== undefined && { token: authorization.replace(/^\w+ /, '') }),
    route: origin === 'cdn' ? { kind: 'cdn' } : routeOf(inside && segments !== undefined ? segments : []),
  };
}

/** Python clients before 1.0 send `True`, and the Hub's own links once said `1`. */
export function flag(query: URLSearchParams, name: string): boolean {
  return /^(true|1)$/i.test(query.get(name) ?? '');
}

/** Undefined for a stray `%`. URL is of no use here: it would resolve the `..` of a hostile name. */
function decode(segments: readonly string[]): string[] | undefined {
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
