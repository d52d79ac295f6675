import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

/*
 * npx tsx bench/servers/sink.ts [--delay MS] [--rate BYTES]
 *
 * As little of S3 as uploading needs: bodies are counted and dropped, nothing is verified, so that the client is what
 * is measured. CRC32s are answered as they came; ETags are no hashes. `--delay` comes before each answer; `--rate`
 * is what one connection takes in a second.
 */
const { values } = parseArgs({
  options: { delay: { type: 'string', default: '0' }, rate: { type: 'string', default: 'Infinity' } },
});
const delayMs = Number(values.delay);
const rate = Number(values.rate);

type Headers = Record<string, string>;

interface Upload {
  readonly path: string;
  readonly metadata: Headers;
  readonly parts: Map<number, number>;
}

interface Kept {
  readonly size: number;
  readonly headers: Headers;
}

const ETAG = '"dropped"';
const objects = new Map<string, Kept>();
const uploads = new Map<string, Upload>();
/** Until when each connection has used up its rate, in ms. */
const busyUntil = new WeakMap<object, number>();

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://sink');
  const uploadId = query.get('uploadId') ?? '';
  const size = await drop(request);
  if (delayMs > 0) await delay(delayMs);

  function send(status: number, headers: Headers = {}, xml = ''): void {
    const body = xml === '' ? '' : `<?xml version="1.0" encoding="UTF-8"?>${xml}`;
    // A HEAD tells the length of what it does not send.
    const length = headers['content-length'] ?? String(Buffer.byteLength(body));
    response.writeHead(status, { ...headers, 'content-length': length }).end(body);
  }

  const upload = uploads.get(uploadId);
  if (uploadId !== '' && upload === undefined)
    return send(404, {}, '<Error><Code>NoSuchUpload</Code></Error>');
  switch (request.method) {
    case 'HEAD': {
      const found = objects.get(path);
      if (found !== undefined) return send(200, found.headers);
      return send(isBucket(path) ? 200 : 404);
    }
    case 'PUT': {
      const sums = crc32Of(request);
      if (upload === undefined) keep(path, size, { ...sums, ...metadataOf(request) });
      else upload.parts.set(Number(query.get('partNumber')), size);
      return send(200, { etag: ETAG, ...sums });
    }
    case 'POST': {
      if (query.has('delete')) return send(200, {}, '<DeleteResult/>');
      if (upload === undefined) return send(200, {}, created(path, request));
      uploads.delete(uploadId);
      const total = [...upload.parts.values()].reduce((sum, length) => sum + length, 0);
      keep(upload.path, total, { ...crc32Of(request), ...upload.metadata });
      return send(
        200,
        {},
        `<CompleteMultipartUploadResult><ETag>${ETAG}</ETag></CompleteMultipartUploadResult>`,
      );
    }
    case 'DELETE':
      if (!uploads.delete(uploadId)) objects.delete(path);
      return send(204);
    default:
      return send(200, {}, upload === undefined ? listed(path, query) : listedParts(upload));
  }
}

/** @returns how long the body was, without the framing of aws-chunked */
async function drop(request: IncomingMessage): Promise<number> {
  let count = 0;
  const { socket } = request;
  request.on('data', (chunk: Buffer) => {
    count += chunk.length;
    if (rate === Infinity) return;
    const now = performance.now();
    const until = Math.max(now, busyUntil.get(socket) ?? 0) + (chunk.length / rate) * 1000;
    busyUntil.set(socket, until);
    if (until - now < 4) return; // timers are no finer
    request.pause();
    setTimeout(() => request.resume(), until - now);
  });
  await new Promise((resolve, reject) => request.once('end', resolve).once('error', reject));
  return Number(request.headers['x-amz-decoded-content-length'] ?? count);
}

function keep(path: string, size: number, headers: Headers): void {
  const lastModified = new Date().toUTCString();
  objects.set(path, {
    size,
    headers: { etag: ETAG, 'content-length': String(size), 'last-modified': lastModified, ...headers },
  });
}

function created(path: string, request: IncomingMessage): string {
  const id = `upload-${uploads.size}-${Date.now()}`;
  uploads.set(id, { path, metadata: metadataOf(request), parts: new Map() });
  return `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
}

function listedParts({ parts }: Upload): string {
  const listing = [...parts].map(
    ([number, size]) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${ETAG}</ETag><Size>${size}</Size></Part>`,
  );
  return `<ListPartsResult><IsTruncated>false</IsTruncated>${listing.join('')}</ListPartsResult>`;
}

function listed(bucket: string, query: URLSearchParams): string {
  const prefix = `${bucket.replace(/\/$/, '')}/${query.get('prefix') ?? ''}`;
  const name = (path: string) => path.split('/').slice(2).join('/');
  if (query.has('uploads')) {
    const found = [...uploads].filter(([, { path }]) => path.startsWith(prefix));
    const each = found.map(
      ([id, { path }]) => `<Upload><Key>${name(path)}</Key><UploadId>${id}</UploadId></Upload>`,
    );
    return `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${each.join('')}</ListMultipartUploadsResult>`;
  }
  const found = [...objects].filter(([path]) => path.startsWith(prefix));
  const each = found.map(
    ([path, { size }]) => `<Contents><Key>${name(path)}</Key><Size>${size}</Size></Contents>`,
  );
  return `<ListBucketResult><IsTruncated>false</IsTruncated>${each.join('')}</ListBucketResult>`;
}

function metadataOf({ headers }: IncomingMessage): Headers {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-')),
  ) as Headers;
}

/** Of a part, or of a whole object where its upload was completed with one. */
function crc32Of({ headers }: IncomingMessage): Headers {
  const value = headers['x-amz-checksum-crc32'];
  return typeof value === 'string'
    ? { 'x-amz-checksum-crc32': value, 'x-amz-checksum-type': 'FULL_OBJECT' }
    : {};
}

function isBucket(path: string): boolean {
  return path.split('/').filter((name) => name !== '').length === 1;
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
server.requestTimeout = 0;
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
});
process.once('SIGTERM', () => process.exit());
