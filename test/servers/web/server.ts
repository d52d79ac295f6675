import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A file, and what is wrong with how it is served. */
export interface WebFile {
  readonly body: Buffer;
  /** Default: made of the length. Null for none. */
  readonly etag?: string | null;
  readonly modified?: string;
  readonly type?: string;
  /** Whether Range is understood. Default true. */
  readonly ranges?: boolean;
  /** Whether HEAD and GET say the length. Default true. */
  readonly length?: boolean;
  /** The tag in answers to HEAD, where it is not that of GET; null for none. */
  readonly headEtag?: string | null;
  /** The status of HEAD, where it is not that of GET. */
  readonly head?: number;
  /** `user:password` that must be sent. */
  readonly password?: string;
}

export interface WebLogEntry {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
  readonly host: string | undefined;
  status: number;
  /** Of the body, as they were handed to the socket. */
  bytes: number;
}

/** What happens instead of an answer, or to it. */
export type WebFault =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'redirect'; readonly to: string }
  /** The connection is cut after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Something happens first. */
  | { readonly kind: 'run'; readonly run: () => void };

export type Faults = (request: WebLogEntry, before: readonly WebLogEntry[]) => WebFault | undefined;

/** A plain file server on loopback: HEAD, ranges, validators, and faults on request. */
export interface WebServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** Another origin of the same server: `http://localhost:PORT`. */
  readonly other: string;
  readonly log: WebLogEntry[];
  put(path: string, file: WebFile | Buffer): void;
  /** Asked at every request. */
  fault(faults: Faults | undefined): void;
}

export async function startWeb(files: Readonly<Record<string, WebFile | Buffer>> = {}): Promise<WebServer> {
  const known = new Map(Object.entries(files).map(([path, file]) => [path, fileOf(file)]));
  const log: WebLogEntry[] = [];
  let faults: Faults | undefined;
  const server = createServer((request, response) => {
    const entry = entryOf(request);
    const before = [...log];
    log.push(entry);
    response.on('finish', () => (entry.status = response.statusCode));
    const fault = faults?.(entry, before);
    if (fault?.kind === 'run') fault.run();
    if (fault?.kind === 'status') return void response.writeHead(fault.status).end();
    if (fault?.kind === 'redirect') return void response.writeHead(302, { Location: fault.to }).end();
    const file = known.get(decodeURIComponent(entry.path.split('?')[0] ?? ''));
    if (file === undefined) return void response.writeHead(404).end('nothing here\n');
    answer(file, entry, response, fault?.kind === 'cut' ? fault.after : undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    other: `http://localhost:${port}`,
    log,
    put: (path, file) => void known.set(path, fileOf(file)),
    fault: (next) => (faults = next),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function fileOf(file: WebFile | Buffer): WebFile {
  return Buffer.isBuffer(file) ? { body: file } : file;
}

function entryOf({ method = 'GET', url = '/', headers }: IncomingMessage): WebLogEntry {
  const { range, authorization, host, 'if-range': ifRange } = headers;
  return {
    method,
    path: url,
    range,
    ifRange: ifRange as string | undefined,
    authorization,
    host,
    status: 0,
    bytes: 0,
  };
}

/** As RFC 9110 wants it: a range of the same file, or all of another one. */
function answer(
  file: WebFile,
  entry: WebLogEntry,
  response: ServerResponse,
  cutAfter: number | undefined,
): void {
  const { body, etag = `"${body.length}"`, modified, type, ranges = true, length = true } = file;
  if (file.password !== undefined) {
    const expected = `Basic ${Buffer.from(file.password).toString('base64')}`;
    if (entry.authorization !== expected) return void response.writeHead(401).end();
  }
  if (entry.method === 'HEAD' && file.head !== undefined) return void response.writeHead(file.head).end();
  const shown = entry.method === 'HEAD' && file.headEtag !== undefined ? file.headEtag : etag;
  if (shown !== null) response.setHeader('ETag', shown);
  if (modified !== undefined) response.setHeader('Last-Modified', modified);
  if (type !== undefined) response.setHeader('Content-Type', type);
  if (ranges) response.setHeader('Accept-Ranges', 'bytes');
  const isSame = entry.ifRange === undefined || entry.ifRange === etag;
  const range = ranges && isSame && entry.method === 'GET' ? rangeIn(entry.range) : undefined;
  if (range !== undefined && range.start >= body.length) {
    return void response.writeHead(416, { 'Content-Range': `bytes */${body.length}` }).end();
  }
  const end = Math.min(range?.end ?? body.length, body.length);
  const part = body.subarray(range?.start ?? 0, end);
  if (range !== undefined)
    response.setHeader('Content-Range', `bytes ${range.start}-${end - 1}/${body.length}`);
  if (length) response.setHeader('Content-Length', part.length);
  response.writeHead(range === undefined ? 200 : 206);
  entry.status = response.statusCode;
  if (entry.method === 'HEAD') return void response.end();
  const sent = part.subarray(0, cutAfter ?? part.length);
  entry.bytes = sent.length;
  if (sent.length === part.length) return void response.end(sent);
  response.write(sent, () => response.destroy());
}

function rangeIn(header: string | undefined): { readonly start: number; readonly end: number } | undefined {
  const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(header ?? '') ?? [];
  return start === undefined ? undefined : { start: Number(start), end: Number(last) + 1 };
}
