import type { Bytes } from './bytes.ts';
import { ModelpackError } from './errors.ts';
import type { Run } from './events.ts';

/** What can only be had from its first byte on, made readable at any place. */
export interface Sequence {
  /**
   * Fills all of `into` with the bytes from `start` on.
   *
   * @throws ModelpackError `integrity` when it ends before; whatever the stream throws
   */
  read(into: Uint8Array, start: number, run: Run): Promise<void>;
}

interface Wanted {
  readonly into: Uint8Array;
  readonly start: number;
  readonly run: Run;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The bytes go to the read that stands first in the stream, and the others wait for their turn: the parts of a
 * transfer, which are asked for in order, take one pass and no memory. What has passed already is read by another pass.
 *
 * @param what for messages
 * @param begin makes a pass; its chunks are used up before the next one is asked for
 */
export function inSequence(what: string, begin: (run: Run) => Bytes): Sequence {
  const wanted: Wanted[] = [];
  let pass: AsyncIterator<Uint8Array> | undefined;
  /** Bytes that have arrived and were not asked for yet; the first of them stands at `position`. */
  let rest: Uint8Array = new Uint8Array();
  let position = 0;
  let serving = false;

  async function read(into: Uint8Array, start: number, run: Run): Promise<void> {
    if (into.length === 0) return;
    await new Promise<void>((done, failed) => {
      wanted.push({ into, start, run, done, failed });
      void serve();
    });
  }

  async function serve(): Promise<void> {
    if (serving) return;
    serving = true;
    await Promise.resolve(); // all that are asked for at once are here before the first is chosen
    for (let next = take(); next !== undefined; next = take()) {
      await fill(next).then(next.done, next.failed);
    }
    serving = false;
  }

  /** The first that lies ahead; else the first of all. */
  function take(): Wanted | undefined {
    const ahead = wanted.filter(({ start }) => start >= position);
    const first = (ahead.length > 0 ? ahead : wanted).toSorted((a, b) => a.start - b.start)[0];
    if (first !== undefined) wanted.splice(wanted.indexOf(first), 1);
    return first;
  }

  async function fill({ into, start, run }: Wanted): Promise<void> {
    try {
      run.signal.throwIfAborted();
      if (pass === undefined || start < position) await restart(run);
      await skip(start - position);
      for (let filled = 0; filled < into.length;) {
        const chunk = await pull(into.length - filled);
        into.set(chunk, filled);
        filled += chunk.length;
      }
    } catch (error) {
      await end();
      throw error;
    }
  }

  async function restart(run: Run): Promise<void> {
    await end();
    pass = begin(run)[Symbol.asyncIterator]();
    rest = new Uint8Array();
    position = 0;
  }

  async function end(): Promise<void> {
    const ended = pass;
    pass = undefined;
    await ended?.return?.();
  }

  async function skip(count: number): Promise<void> {
    for (let left = count; left > 0;) left -= (await pull(left)).length;
  }

  /** The next bytes, at least one and at most `limit`. */
  async function pull(limit: number): Promise<Uint8Array> {
    while (rest.length === 0) {
      const next = await pass!.next();
      if (next.done === true) {
        throw new ModelpackError('integrity', `${what} ends at byte ${position}, more was announced`);
      }
      rest = next.value;
    }
    const chunk = rest.subarray(0, limit);
    rest = rest.subarray(chunk.length);
    position += chunk.length;
    return chunk;
  }

  return { read };
}
