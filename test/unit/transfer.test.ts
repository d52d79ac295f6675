import { setTimeout as delay } from 'node:timers/promises';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Check } from '../../src/bundle/check.ts';
import { GiB, KiB, MiB, type Content } from '../../src/bytes.ts';
import type { Run } from '../../src/events.ts';
import { MAX_PARTS, partSizeFor, partsOf, type Part } from '../../src/parts.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { transfer, type TransferOptions } from '../../src/transfer.ts';

type Stage = 'read' | 'write' | 'readBack' | 'check';

interface Stand {
  readonly content: Content;
  readonly sink: Sink;
  readonly check: Check;
  readonly source: Buffer;
  /** What the sink was given, each byte at its place. */
  readonly written: Buffer;
  /** Numbers of parts, in the order of their calls. */
  readonly calls: Record<Stage, number[]>;
  /** Every block of memory that was seen. */
  readonly memory: Set<ArrayBufferLike>;
  /** What the check was given, in order. */
  checked(): Buffer;
  /** Calls that have begun and not ended, and the most there ever were. */
  readonly now: { active: number; most: number };
}

interface StandOptions {
  readonly size: number;
  readonly partSize: number;
  /** In the middle of every read and write; may take its time, and may throw. */
  readonly during?: (
    stage: Exclude<Stage, 'check'>,
    number: number,
    signal?: AbortSignal,
  ) => Promise<void> | void;
  /** Before every check; may throw. */
  readonly onCheck?: (number: number) => void;
  /** Parts that an earlier run left. */
  readonly left?: ReadonlySet<number>;
}

/** A content and a sink in memory, which know what happens to them. */
function stand(options: StandOptions): Stand {
  const { size, partSize, during = () => {}, onCheck = () => {}, left = new Set() } = options;
  const source = Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) % 251));
  const written = Buffer.alloc(size);
  const calls: Stand['calls'] = { read: [], write: [], readBack: [], check: [] };
  const memory = new Set<ArrayBufferLike>();
  const now = { active: 0, most: 0 };
  const checked: Buffer[] = [];

  async function call(
    stage: Exclude<Stage, 'check'>,
    part: Pick<Part, 'number'>,
    bytes: Uint8Array,
    work: () => void,
    signal?: AbortSignal,
  ): Promise<void> {
    calls[stage].push(part.number);
    memory.add(bytes.buffer);
    now.most = Math.max(now.most, ++now.active);
    try {
      await during(stage, part.number, signal);
      work();
    } finally {
      now.active--;
    }
  }

  const numberAt = (start: number) => start / partSize + 1;
  return {
    source,
    written,
    calls,
    memory,
    now,
    checked: () => Buffer.concat(checked),
    content: {
      size,
      read: (into, start, signal) =>
        call(
          'read',
          { number: numberAt(start) },
          into,
          () => into.set(source.subarray(start, start + into.length)),
          signal,
        ),
    },
    sink: {
      has: ({ number }) => left.has(number),
      readBack: (part, into) =>
        call('readBack', part, into, () => into.set(source.subarray(part.start, part.end))),
      write: (part, bytes, signal) =>
        call('write', part, bytes, () => written.set(bytes, part.start), signal),
    },
    check: {
      verified: 0,
      update(chunk) {
        const number = calls.check.length + 1;
        calls.check.push(number);
        onCheck(number);
        checked.push(Buffer.from(chunk));
      },
      finish: () => 'the hash',
    },
  };
}

function runWith(signal = new AbortController().signal): Run {
  return { signal, report() {} };
}

function moving(on: Stand, options: Omit<TransferOptions, 'run'> & { run?: Run }) {
  return transfer(on.content, on.sink, { check: on.check, run: runWith(), ...options });
}

/** A wait that the signal cuts short, as every real read and write has. */
async function untilAborted(signal?: AbortSignal): Promise<never> {
  await delay(10_000, undefined, signal && { signal }).catch(() => {});
  throw signal?.reason ?? new Error('never aborted');
}

const sizes = fc.record({
  size: fc.nat({ max: 300 }),
  partSize: fc.integer({ min: 1, max: 60 }),
  jobs: fc.integer({ min: 1, max: 9 }),
  waits: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 30 }),
});

describe('transfer', () => {
  it('moves every byte once and checks them in order, however long each part takes', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, async ({ size, partSize, jobs, waits }) => {
        let step = 0;
        const on = stand({
          size,
          partSize,
          during: () => delay(waits[step++ % waits.length]),
        });
        expect(await moving(on, { partSize, jobs })).toBe('the hash');
        const numbers = partsOf(size, partSize).map(({ number }) => number);
        expect(on.written).toEqual(on.source);
        expect(on.checked()).toEqual(on.source);
        expect(on.calls.check).toEqual(numbers);
        expect(on.calls.read.toSorted((a, b) => a - b)).toEqual(numbers);
        expect(on.calls.write.toSorted((a, b) => a - b)).toEqual(numbers);
        expect(on.memory.size).toBeLessThanOrEqual(Math.min(jobs, numbers.length));
      }),
      { numRuns: 60 },
    );
  });

  it('works without a check, and returns nothing then', async () => {
    const on = stand({ size: 100, partSize: 10 });
    const options = { partSize: 10, jobs: 3, run: runWith() };
    expect(await transfer(on.content, on.sink, options)).toBeUndefined();
    expect(on.written).toEqual(on.source);
  });

  it('takes as much memory as its jobs have parts, and no more than the content', async () => {
    const many = stand({ size: 1000, partSize: 10, during: () => delay(1) });
    await moving(many, { partSize: 10, jobs: 4 });
    expect([...many.memory].map(({ byteLength }) => byteLength)).toEqual([10, 10, 10, 10]);
    const few = stand({ size: 15, partSize: 10 });
    await moving(few, { partSize: 10, jobs: 256 });
    expect(few.memory.size).toBe(2);
    const small = stand({ size: 7, partSize: 16 * MiB });
    await moving(small, { partSize: 16 * MiB, jobs: 8 });
    expect([...small.memory].map(({ byteLength }) => byteLength)).toEqual([7]);
  });

  it('has exactly as many parts under way as jobs', async () => {
    const on = stand({
      size: 200,
      partSize: 10,
      during: () => delay(5),
    });
    await moving(on, { partSize: 10, jobs: 5 });
    expect(on.now).toEqual({ active: 0, most: 5 });
  });

  it('checks the bytes of a part while it is written', async () => {
    const order: string[] = [];
    const on = stand({
      size: 10,
      partSize: 10,
      async during(stage) {
        if (stage === 'write') await delay(20);
        order.push(stage);
      },
      onCheck: () => void order.push('check'),
    });
    await moving(on, { partSize: 10, jobs: 1 });
    expect(order).toEqual(['read', 'check', 'write']);
  });

  it('checks the parts that an earlier run left, and neither reads nor writes them', async () => {
    const on = stand({ size: 95, partSize: 10, left: new Set([1, 4, 10]) });
    await moving(on, { partSize: 10, jobs: 3 });
    expect(on.calls.readBack).toEqual([1, 4, 10]);
    expect(on.calls.read.toSorted((a, b) => a - b)).toEqual([2, 3, 5, 6, 7, 8, 9]);
    expect(on.calls.write.toSorted((a, b) => a - b)).toEqual([2, 3, 5, 6, 7, 8, 9]);
    expect(on.checked()).toEqual(on.source);
  });

  it('of nothing writes nothing, and still ends the check', async () => {
    const on = stand({ size: 0, partSize: 10 });
    expect(await moving(on, { partSize: 10, jobs: 8 })).toBe('the hash');
    expect(on.calls).toEqual({ read: [], write: [], readBack: [], check: [] });
  });

  it.each<Stage>(['read', 'write', 'readBack', 'check'])(
    'throws the first failure, of a %s, when everything under way has ended',
    async (failing) => {
      const on = stand({
        size: 400,
        partSize: 10,
        left: new Set(failing === 'readBack' ? [5] : []),
        async during(stage, number, signal) {
          if (stage === failing && number === 5) throw new Error(`${failing} 5 failed`);
          // The others notice late, and fail with something of their own.
          await delay(number > 5 ? 30 : 1);
          if (signal?.aborted) throw new Error('a later failure');
        },
        onCheck(number) {
          if (failing === 'check' && number === 5) throw new Error('check 5 failed');
        },
      });
      await expect(moving(on, { partSize: 10, jobs: 4 })).rejects.toThrow(`${failing} 5 failed`);
      expect(on.now.active).toBe(0);
      const begun = Math.max(...on.calls.read);
      expect(begun).toBeLessThan(10);
      await delay(50);
      expect(Math.max(...on.calls.read)).toBe(begun);
      expect(on.now.active).toBe(0);
    },
  );

  it('throws the first of all failures, whatever fails and when', async () => {
    const failure = fc.record({
      stage: fc.constantFrom<Stage>('read', 'write', 'check'),
      number: fc.integer({ min: 1, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(failure, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 6 }),
        async (failures, jobs) => {
          const thrown: Error[] = [];
          const fail = (stage: Stage, number: number) => {
            if (!failures.some((one) => one.stage === stage && one.number === number)) return;
            const error = new Error(`${stage} ${number}`);
            thrown.push(error);
            throw error;
          };
          const on = stand({
            size: 200,
            partSize: 10,
            async during(stage, number) {
              await delay((number * (stage === 'read' ? 7 : 5)) % 4);
              fail(stage, number);
            },
            onCheck: (number) => fail('check', number),
          });
          const moved = moving(on, { partSize: 10, jobs });
          const error = await moved.catch((reason: unknown) => reason);
          expect(error).toBe(thrown[0]);
          expect(on.now.active).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('does not write a part that could not be read, nor check anything behind a gap', async () => {
    const on = stand({
      size: 100,
      partSize: 10,
      during(stage, number) {
        if (stage === 'read' && number === 3) throw new Error('unreadable');
      },
    });
    await expect(moving(on, { partSize: 10, jobs: 2 })).rejects.toThrow('unreadable');
    expect(on.calls.write).not.toContain(3);
    expect(on.calls.check.length).toBeLessThanOrEqual(2);
  });

  it('throws what finishing the check throws', async () => {
    const on = stand({ size: 100, partSize: 10 });
    const check: Check = {
      ...on.check,
      finish() {
        throw new Error('bytes are missing');
      },
    };
    await expect(moving(on, { partSize: 10, jobs: 2, check })).rejects.toThrow('bytes are missing');
  });

  it('when the run is aborted cuts every read and write short and throws the reason', async () => {
    const stop = new AbortController();
    const reason = new Error('Ctrl-C');
    const signals: AbortSignal[] = [];
    const on = stand({
      size: 400,
      partSize: 10,
      async during(_, number, signal) {
        if (signal !== undefined) signals.push(signal);
        if (number > 4) await untilAborted(signal);
      },
    });
    const moved = moving(on, { partSize: 10, jobs: 3, run: runWith(stop.signal) });
    setTimeout(() => stop.abort(reason), 30);
    await expect(moved).rejects.toBe(reason);
    expect(on.now.active).toBe(0);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(Math.max(...on.calls.read)).toBe(7);
  });

  it('begins nothing when the run is aborted already', async () => {
    const on = stand({ size: 400, partSize: 10 });
    const run = runWith(AbortSignal.abort(new Error('Ctrl-C')));
    await expect(moving(on, { partSize: 10, jobs: 3, run })).rejects.toThrow('Ctrl-C');
    expect(on.calls).toEqual({ read: [], write: [], readBack: [], check: [] });
  });
});

describe('partsOf', () => {
  it('covers the size without gap or overlap, in equal parts but the last', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000 }), fc.integer({ min: 1, max: 500 }), (size, partSize) => {
        const parts = partsOf(size, partSize);
        expect(parts.map(({ number }) => number)).toEqual(parts.map((_, index) => index + 1));
        expect(parts.map(({ start }) => start)).toEqual(parts.map((_, index) => index * partSize));
        expect(parts.slice(1).map(({ start }) => start)).toEqual(parts.slice(0, -1).map(({ end }) => end));
        expect(parts.at(-1)?.end ?? 0).toBe(size);
      }),
    );
  });
});

describe('partSizeFor', () => {
  it.each([
    [0, 16 * MiB, 16 * MiB],
    [10 * GiB, 16 * MiB, 16 * MiB],
    [MAX_PARTS * 16 * MiB, 16 * MiB, 16 * MiB],
    [MAX_PARTS * 16 * MiB + 1, 16 * MiB, 17 * MiB],
    [MAX_PARTS * 5 * MiB + 1, 5 * MiB, 6 * MiB],
    [48 * 1024 * GiB, 16 * MiB, 5034 * MiB],
    [1000, 10 * KiB, 10 * KiB],
  ])('of %i bytes, %i wanted, is %i', (size, wanted, expected) => {
    expect(partSizeFor(size, wanted)).toBe(expected);
  });

  it('never needs more than 10,000 parts, and whole MiB where it grows', () => {
    const size = fc.nat({ max: 48 * 1024 * GiB });
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: GiB }), (bytes, wanted) => {
        const partSize = partSizeFor(bytes, wanted);
        expect(Math.ceil(bytes / partSize)).toBeLessThanOrEqual(MAX_PARTS);
        expect(partSize === wanted || (partSize > wanted && partSize % MiB === 0)).toBe(true);
      }),
    );
  });
});
