import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { inSequence } from '../../src/sequence.ts';

const run = { signal: new AbortController().signal, report: () => {} };
const bytes = Buffer.from(Array.from({ length: 1000 }, (_, at) => (at * 7) % 251));

/** A stream of these bytes in chunks, that counts its passes and the bytes it gave. */
function stream(chunk = 64, failures: number[] = []) {
  const seen = { passes: 0, given: 0, ended: 0 };
  const sequence = inSequence('x.bin', async function* pass() {
    seen.passes++;
    const failAt = failures.shift();
    try {
      for (let at = 0; at < bytes.length; at += chunk) {
        if (failAt !== undefined && at >= failAt) throw new Error(`broken at ${failAt}`);
        const piece = bytes.subarray(at, at + chunk);
        seen.given += piece.length;
        yield piece;
      }
    } finally {
      seen.ended++;
    }
  });
  async function read(start: number, length: number): Promise<Buffer> {
    const into = Buffer.alloc(length);
    await sequence.read(into, start, run);
    return into;
  }
  return { seen, read };
}

describe('a stream that is read at any place', () => {
  it('takes one pass for parts that are asked for in order, several at once', async () => {
    const { seen, read } = stream();
    const parts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((part) => read(part * 100, 100));
    expect(Buffer.concat(await Promise.all(parts))).toEqual(bytes);
    expect(seen).toMatchObject({ passes: 1, given: 1000 });
  });

  it('does so too when they come in disorder at one moment', async () => {
    const { seen, read } = stream();
    const [second, first] = await Promise.all([read(500, 500), read(0, 500)]);
    expect(Buffer.concat([first, second])).toEqual(bytes);
    expect(seen.passes).toBe(1);
  });

  it('skips what nobody asks for', async () => {
    const { seen, read } = stream();
    expect(await read(900, 100)).toEqual(bytes.subarray(900));
    expect(seen.passes).toBe(1);
  });

  it('begins anew for what has passed, and ends the pass before', async () => {
    const { seen, read } = stream();
    await read(500, 10);
    expect(await read(0, 10)).toEqual(bytes.subarray(0, 10));
    expect(seen).toMatchObject({ passes: 2, ended: 1 });
  });

  it('fails where it ends too early, and can be read again', async () => {
    const { read } = stream();
    await expect(read(990, 20)).rejects.toMatchObject({
      code: 'integrity',
      message: 'x.bin ends at byte 1000, more was announced',
    });
    expect(await read(10, 5)).toEqual(bytes.subarray(10, 15));
  });

  it('fails only the read during which it broke', async () => {
    const { seen, read } = stream(64, [300]);
    const [first, second] = await Promise.allSettled([read(0, 400), read(400, 600)]);
    expect(first).toMatchObject({ status: 'rejected', reason: new Error('broken at 300') });
    expect(second).toMatchObject({ status: 'fulfilled', value: bytes.subarray(400) });
    expect(seen.passes).toBe(2);
  });

  it('begins nothing for a run that was aborted', async () => {
    let passes = 0;
    const sequence = inSequence('x', async function* pass() {
      passes++;
      yield bytes;
    });
    const aborted = { ...run, signal: AbortSignal.abort(new Error('enough')) };
    await expect(sequence.read(Buffer.alloc(1), 0, aborted)).rejects.toThrow('enough');
    expect(passes).toBe(0);
  });

  it('gives every read its bytes, in whatever order they come', async () => {
    const place = fc.tuple(fc.nat(999), fc.nat(300)).map(([start, length]) => ({
      start,
      length: Math.min(length, bytes.length - start),
    }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(place, { maxLength: 12 }),
        fc.integer({ min: 1, max: 400 }),
        async (all, chunk) => {
          const { read } = stream(chunk);
          const got = await Promise.all(all.map(({ start, length }) => read(start, length)));
          expect(got).toEqual(all.map(({ start, length }) => bytes.subarray(start, start + length)));
        },
      ),
      { numRuns: 100 },
    );
  });
});
