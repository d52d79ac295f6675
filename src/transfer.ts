import { setMaxListeners } from 'node:events';

import type { Check } from './bundle/check.ts';
import type { Content } from './bytes.ts';
import type { Run } from './events.ts';
import { partsOf, type Part } from './parts.ts';
import type { Sink } from './sink/sink.ts';

export interface TransferOptions {
  /** Of a part, in bytes; the last one may be smaller. */
  readonly partSize: number;
  /** Parts under way at once. Memory is this many parts. */
  readonly jobs: number;
  /** Sees every byte once, in order. */
  readonly check?: Check | undefined;
  /** Told of every part that the sink has taken. */
  readonly onWritten?: ((part: Part) => void) | undefined;
  readonly run: Run;
}

/**
 * Moves a content to a sink, part by part: several at once and in any order, while the hashes are computed in
 * order and in passing. Retries belong to the content and to the sink; this gives up at the first failure.
 *
 * @returns what the check found in the end: sha256 of all bytes, hex, or undefined
 * @throws what content, sink or check threw first; everything under way has ended by then
 */
export async function transfer(
  content: Content,
  sink: Sink,
  options: TransferOptions,
): Promise<string | undefined> {
  const { partSize, jobs, check, onWritten, run } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  setMaxListeners(0, signal); // every request listens; Node would take that for a leak
  const parts = partsOf(content.size, partSize).filter(({ end }) => end > (sink.from ?? 0));
  const queue = parts.values();
  let lastChecked: Promise<void> = Promise.resolve();

  /** The first failure stops everything; it is the one that is thrown in the end. */
  function fail(error: unknown): never {
    stop.abort(error);
    throw error;
  }

  async function work(): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(Math.min(partSize, content.size));
    for (let next = queue.next(); next.done !== true && !signal.aborted; next = queue.next()) {
      const part = next.value;
      const bytes = buffer.subarray(0, part.end - part.start);
      const before = lastChecked;
      const filled = fill(part, bytes).catch(fail);
      const checked = filled
        .then(() => before)
        .then(() => {
          signal.throwIfAborted();
          if (check === undefined) return;
          check.update(bytes);
          sink.checked?.(check.verified);
        })
        .catch(fail);
      // Set before the first wait, so that checks queue up in the order of the parts.
      lastChecked = checked.catch(() => {});
      const written = filled.then(() => put(part, bytes)).catch(fail);
      await Promise.allSettled([checked, written]);
    }
  }

  async function fill(part: Part, into: Buffer): Promise<void> {
    if (sink.has(part)) await sink.readBack(part, into);
    else await content.read(into, part.start, signal);
  }

  async function put(part: Part, bytes: Uint8Array): Promise<void> {
    if (sink.has(part)) return;
    await sink.write(part, bytes, signal);
    onWritten?.(part);
  }

  await Promise.all(Array.from({ length: Math.max(1, Math.min(jobs, parts.length)) }, work));
  run.signal.throwIfAborted();
  stop.signal.throwIfAborted();
  return check?.finish();
}
