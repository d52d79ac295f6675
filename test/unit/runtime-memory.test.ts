import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Member } from '../../src/runtime/contents.ts';
import { Filling, hold, memoryFor, rangesFrom, viewOf } from '../../src/runtime/memory.ts';
import { availableIn } from '../../src/runtime/room.ts';
import { noise } from '../helpers/sending.ts';

const MiB = 1024 ** 2;

/** Files with gaps between them, and bytes that they are cut from. */
const files = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 400_000 }), fc.integer({ min: 0, max: 3 * MiB })), {
    maxLength: 12,
  })
  .map((made) => {
    let end = 512;
    return made.map(([gap, size], i): Member => {
      const offset = end + gap;
      end = offset + size;
      return { path: `m/${i}`, model: 'm', offset, size, sha256: '' };
    });
  });
const whole = noise(42 * MiB, 4);

describe('the memory of files', () => {
  it('is filled by ranges that cover what the head does not have, however they arrive', () => {
    const cases = fc.tuple(
      files,
      fc.integer({ min: 512, max: 8 * MiB }),
      fc.integer({ min: 1, max: 3 * MiB }),
    );
    fc.assert(
      fc.property(cases, ([members, headSize, chunk]) => {
        const head = Buffer.alloc(headSize);
        whole.copy(head);
        const held = hold(members, head);
        const ranges = rangesFrom(headSize, held);
        let before = 0;
        for (const range of ranges.toReversed()) {
          const filling = new Filling(range);
          while (filling.missing > 0) {
            const { position, missing } = filling;
            filling.take(whole.subarray(position, position + Math.min(chunk, missing)));
          }
          expect(range.end - range.start).toBeLessThanOrEqual(8 * MiB);
          expect(Math.floor(range.start / (8 * MiB))).toBe(Math.floor((range.end - 1) / (8 * MiB)));
        }
        for (const { start, end } of ranges) {
          expect(start).toBeGreaterThanOrEqual(Math.max(before, headSize));
          before = end;
        }
        for (const [i, { offset, size }] of members.entries())
          expect(whole.subarray(offset, offset + size).equals(viewOf(held[i]!))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('is not taken twice for what is in the head', () => {
    const member = (offset: number, size: number): Member => ({
      path: `${offset}`,
      model: 'm',
      offset,
      size,
      sha256: '',
    });
    const [inside, across, beyond] = [member(512, 100), member(1024, 1025), member(4096, 7)];
    const head = Buffer.alloc(2048);
    expect(memoryFor([inside, across, beyond], head)).toBe(1025 + 7);
    expect(hold([inside], head)[0]!.buffer).toBe(head.buffer);
  });
});

describe('the memory that is left', () => {
  it.each<[what: string, limits: Partial<Parameters<typeof availableIn>[0]>, left: number]>([
    ['of the function', { lambda: 512 * MiB }, 412 * MiB],
    ['of the control group, where it is less', { lambda: 512 * MiB, group: 300 * MiB }, 200 * MiB],
    ['of the machine', { free: 50 * MiB }, 50 * MiB],
    ['of a group without a limit', { group: 2 ** 63 }, 8192 * MiB],
    ['of a process that has more than it may have', { lambda: 64 * MiB }, 0],
  ])('%s', (_, limits, left) => {
    const none = { lambda: undefined, group: undefined, free: 8192 * MiB, resident: 100 * MiB };
    expect(availableIn({ ...none, ...limits })).toBe(left);
  });
});
