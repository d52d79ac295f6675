import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

import type { Answer, HeaderFields, Payload } from '../answer/answer.ts';
import type { Due } from '../faults.ts';
import type { HubOptions } from '../options.ts';
import { flipped, held, type Content } from '../store/content.ts';
import type { Ask } from './ask.ts';
import { spanOf, type Span } from './range.ts';

/** An answer made concrete: the status, headers and bytes that go on the wire. */
export interface Reply {
  readonly status: number;
  readonly headers: HeaderFields;
  readonly content: Content;
  readonly span: Span;
}

/** The largest thing CloudFront compresses. */
const COMPRESSED_MAX = 10_000_000;

export function replyOf(answer: Answer, ask: Ask, due: Due, options: HubOptions): Reply {
  const { payload } = answer;
  if (payload.kind === 'file') return fileReply(answer, payload, ask, due, options);
  const body = held(bytesOf(payload, due));
  if (payload.kind !== 'json') return whole(answer, body);
  const tag = createHash('sha1').update(body.name).digest('base64').slice(0, 27);
  const described = {
    status: answer.status,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      ETag: `W/"${body.size.toString(16)}-${tag}"`,
      ...answer.headers,
    },
  };
  return acceptsGzip(ask, options) ? compressed(described, body) : whole(described, body);
}

/** 416 in the words of either origin: only the hub tells the size. */
export function unsatisfiable(form: 'hub' | 'cdn', size: number | undefined, headers: HeaderFields): Answer {
  const told = form === 'hub' && size !== undefined && { 'Content-Range': `bytes */${size}` };
  return { status: 416, headers: { ...headers, ...told }, payload: { kind: 'none' } };
}

function fileReply(
  answer: Answer,
  payload: Extract<Payload, { kind: 'file' }>,
  ask: Ask,
  due: Due,
  options: HubOptions,
): Reply {
  const content = due.all('flip').reduce((bytes, { at }) => flipped(bytes, at), payload.content);
  const asked = due.one('ignore-range') === undefined ? spanOf(ask.headers.range, content.size) : 'whole';
  if (asked === 'unsatisfiable') {
    return whole(unsatisfiable(payload.origin, content.size, answer.headers), held(Buffer.alloc(0)));
  }
  const zip = payload.compressible && content.size > 0 && content.size <= COMPRESSED_MAX;
  if (asked === 'whole' && zip && ask.headers.range === undefined && acceptsGzip(ask, options)) {
    return compressed(answer, content);
  }
  const headers = { ...answer.headers, 'Accept-Ranges': 'bytes' };
  const reply =
    asked === 'whole'
      ? whole({ status: answer.status, headers }, content)
      : partial(headers, content, shifted(asked, due.one('shift-range')?.by ?? 0));
  return options.mirror?.stripLength === true ? { ...reply, headers: unmeasured(reply.headers) } : reply;
}

function partial(headers: HeaderFields, content: Content, span: Span): Reply {
  return {
    status: 206,
    headers: {
      ...headers,
      'Content-Range': `bytes ${span.start}-${span.end - 1}/${content.size}`,
      'Content-Length': String(span.end - span.start),
    },
    content,
    span,
  };
}

function shifted({ start, end }: Span, by: number): Span {
  return { start: Math.min(Math.max(start + by, 0), end - 1), end };
}

function whole({ status, headers }: Pick<Answer, 'status' | 'headers'>, content: Content): Reply {
  const length = status === 304 ? {} : { 'Content-Length': String(content.size) };
  return { status, headers: { ...headers, ...length }, content, span: { start: 0, end: content.size } };
}

/** As the edge does it: no length, no ranges, a weak ETag. */
function compressed({ status, headers }: Pick<Answer, 'status' | 'headers'>, content: Content): Reply {
  const zipped = held(gzipSync(Buffer.concat([...content.chunks(0, content.size)]), { level: 1 }));
  const tag = String(headers['ETag'] ?? '').replace(/^(?=")/, 'W/');
  return {
    status,
    headers: {
      ...unmeasured(headers),
      'Content-Encoding': 'gzip',
      Vary: `${String(headers['Vary'] ?? 'Origin')}, Accept-Encoding`,
      ...(tag !== '' && { ETag: tag }),
    },
    content: zipped,
    span: { start: 0, end: zipped.size },
  };
}

function unmeasured(headers: HeaderFields): HeaderFields {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'Content-Length'));
}

function bytesOf(payload: Exclude<Payload, { kind: 'file' }>, due: Due): Buffer {
  if (payload.kind === 'none') return Buffer.alloc(0);
  if (payload.kind === 'text') return Buffer.from(payload.text);
  return Buffer.from(
    JSON.stringify(due.all('json').reduce((json, { rewrite }) => rewrite(json), payload.json)),
  );
}

function acceptsGzip(ask: Ask, { gzip = true }: HubOptions): boolean {
  return gzip && /\bgzip\b/.test(ask.headers['accept-encoding'] ?? '');
}
