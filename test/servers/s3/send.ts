import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

import type { S3Fault } from './fault.ts';
import type { S3LogEntry } from './log.ts';
import type { Content, Reply } from './reply.ts';

export interface Delivery {
  readonly response: ServerResponse;
  readonly entry: S3LogEntry;
  readonly fault: S3Fault;
}

/** Sends an answer, spoiled as the fault says. */
export async function send(reply: Reply, { response, entry, fault }: Delivery): Promise<void> {
  const { status, headers, content, code } = reply;
  if (fault.loseResponse) {
    response.destroy();
    return;
  }
  entry.status = status;
  if (code !== undefined) entry.code = code;
  const hasContent = content && status !== 204 && status !== 304;
  // A HEAD answer announces the size of the object, but never that of an error it does not show.
  const announces = hasContent && (entry.method !== 'HEAD' || code === undefined);
  response.writeHead(status, {
    ...headers,
    ...(announces && { 'content-length': content.size }),
    ...fault.headers,
  });
  if (!hasContent || content.size === 0 || entry.method === 'HEAD') {
    response.end();
    return;
  }
  const { cutResponseAfter = Number.POSITIVE_INFINITY, corruptBody } = fault;
  const intact = corruptBody && entry.operation === 'GetObject' ? corrupted(content) : content.read();
  const cut = cutResponseAfter < content.size;
  if (cut) response.flushHeaders(); // also when not one byte of the body follows
  const bytes = counted(cut ? firstBytes(intact, cutResponseAfter) : intact, entry);
  await pipeline(bytes, response, { end: !cut });
  // Unlike destroy, this lets the bytes written so far reach the client.
  if (cut) response.socket?.destroySoon();
}

async function* counted(chunks: AsyncIterable<Uint8Array>, entry: S3LogEntry): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    entry.bytesOut += chunk.length;
    yield chunk;
  }
}

async function* firstBytes(chunks: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let left = limit;
  for await (const chunk of chunks) {
    if (left > 0) yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

async function* corrupted({ size, read }: Content): AsyncGenerator<Uint8Array> {
  const target = Math.floor(size / 2);
  let offset = 0;
  for await (const chunk of read()) {
    const at = target - offset;
    offset += chunk.length;
    yield at >= 0 && at < chunk.length ? flipped(chunk, at) : chunk;
  }
}

function flipped(chunk: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(chunk);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}
