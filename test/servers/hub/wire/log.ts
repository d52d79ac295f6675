import type { Ask, Origin } from './ask.ts';
import type { Route } from './route.ts';

/** One request as the server saw it; status, bytes and ended are filled in while it is answered. */
export interface HubLogEntry {
  readonly origin: Origin;
  readonly kind: Route['kind'];
  readonly method: string;
  readonly host: string;
  /** Decoded, without query. */
  readonly path: string;
  /** As sent, with the `?`, or empty. */
  readonly query: string;
  /** The path in the repository of the file asked for, on either origin. */
  readonly file?: string;
  readonly range?: string;
  readonly authorization: boolean;
  readonly token?: string;
  readonly acceptEncoding?: string;
  readonly userAgent?: string;
  /** 0 until headers are sent. */
  status: number;
  /** Bytes of the body handed to the socket. */
  bytes: number;
  /** The answer was sent to its end, if it may have been a wrong one. */
  complete: boolean;
  /** Milliseconds of `performance.now()`: overlapping spans are concurrent requests. */
  readonly started: number;
  ended?: number;
}

export function entryOf(ask: Ask, file: string | undefined): HubLogEntry {
  const { range, 'accept-encoding': acceptEncoding, 'user-agent': userAgent } = ask.headers;
  const mark = ask.target.indexOf('?');
  return {
    origin: ask.origin,
    kind: ask.route.kind,
    method: ask.method,
    host: ask.host,
    path: ask.path,
    query: mark < 0 ? '' : ask.target.slice(mark),
    ...(file !== undefined && { file }),
    ...(range !== undefined && { range }),
    authorization: ask.token !== undefined,
    ...(ask.token !== undefined && { token: ask.token }),
    ...(acceptEncoding !== undefined && { acceptEncoding }),
    ...(userAgent !== undefined && { userAgent }),
    status: 0,
    bytes: 0,
    complete: false,
    started: performance.now(),
  };
}
