import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';

import type { HeaderFields } from '../answer/answer.ts';
import type { Due } from '../faults.ts';
import type { HubLogEntry } from './log.ts';
import type { Reply } from './reply.ts';

/** How a body ends before its end. */
interface Cut {
  readonly after: number;
  readonly how: 'reset' | 'hang-up' | 'stall' | 'short';
}

/** Long enough for loopback to deliver what was written; an RST overtakes bytes still in the kernel. */
const DELIVERY_MS = 25;

/** Writes the reply at the pace of the client; returns when it is sent, or the connection is gone. */
export async function send(
  response: ServerResponse,
  reply: Reply,
  due: Due,
  entry: HubLogEntry,
): Promise<void> {
  const empty = due.one('empty') !== undefined;
  const cut = cutOf(due);
  entry.status = reply.status;
  response.writeHead(reply.status, onWire(reply.headers, { empty, chunked: cut?.how === 'short' }));
  if (response.req.method !== 'HEAD' && !empty) {
    // Node holds headers back until the first byte, which may be long in coming.
    if (cut !== undefined || due.one('throttle') !== undefined) response.flushHeaders();
    const { start, end } = reply.span;
    const stop = Math.min(end, start + (cut?.after ?? Infinity));
    await writeBody(response, reply.content.chunks(start, stop), due, entry);
    if (cut !== undefined && cut.how !== 'short' && stop < end) return breakOff(response, cut);
  }
  if (response.destroyed) return;
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.end(() => {
      entry.complete = true;
      resolve();
    });
  });
}

/** An empty value takes a common header away. */
function onWire(
  headers: HeaderFields,
  { empty, chunked }: { empty: boolean; chunked: boolean },
): OutgoingHttpHeaders {
  const fields = Object.entries(headers)
    .filter(([name, value]) => value !== '' && !(chunked && name === 'Content-Length'))
    .map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]);
  return { ...Object.fromEntries(fields), ...(empty && { 'Content-Length': '0' }) };
}

function cutOf(due: Due): Cut | undefined {
  const cuts = [...due.all('reset'), ...due.all('stall'), ...due.all('hang-up'), ...due.all('short')];
  return cuts.map(({ kind, after = 0 }) => ({ how: kind, after })).toSorted((a, b) => a.after - b.after)[0];
}

async function writeBody(
  response: ServerResponse,
  chunks: Iterable<Buffer>,
  due: Due,
  entry: HubLogEntry,
): Promise<void> {
  const pace = due.one('throttle')?.bytesPerSecond;
  for (const chunk of pace === undefined ? chunks : sliced(chunks, Math.ceil(pace / 20))) {
    if (pace !== undefined) await setTimeout((chunk.length / pace) * 1000);
    if (response.destroyed) return;
    const full = !response.write(chunk);
    entry.bytes += chunk.length;
    if (full) await drained(response);
  }
}

function* sliced(chunks: Iterable<Buffer>, length: number): Generator<Buffer> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += length) yield chunk.subarray(at, at + length);
  }
}

/** Room to write again, or no connection to write to. */
function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

async function breakOff(response: ServerResponse, { how }: Cut): Promise<void> {
  if (how === 'stall') return closed(response);
  await setTimeout(DELIVERY_MS);
  if (how === 'reset') response.socket?.resetAndDestroy();
  else response.socket?.destroy();
}

/** Resolves when the other side gives up, or the server closes all connections. */
export function closed(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    response.once('close', resolve);
  });
}
