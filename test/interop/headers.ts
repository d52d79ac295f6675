import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';

import fc from 'fast-check';

import { ModelpackError } from '../../src/errors.ts';
import { headerCheck } from '../../src/weights/safetensors.ts';
import type { Bench } from './bench.ts';

const COUNT = 5_000;

function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 20, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
}

/** A file of a few tensors, a part of which may be wrong. */
const files = fc
  .record({
    tensors: fc.array(
      fc.record({
        shape: fc.array(fc.oneof(mostly(2, 2 ** 40), fc.nat(4)), { maxLength: 3 }),
        type: fc.oneof(
          fc.constantFrom(['U8', 1], ['BF16', 2], ['F32', 4], ['C64', 8], ['F8_E8M0', 1]),
          mostly(['BOOL', 1], ['F5', 1]),
        ),
        shift: mostly(0, 1, -1),
        room: mostly(0, 1, -1),
      }),
      { maxLength: 4 },
    ),
    // A blank is taken by the library, but not allowed by the format.
    before: mostly('', 'x'),
    behind: fc.oneof(fc.constantFrom('', '   ', '\n'), mostly('', 'x', '{}')),
    metadata: fc.oneof(fc.constantFrom(undefined, {}, { a: 'b' }, null), mostly<unknown>({}, { a: 1 }, 'a')),
    data: mostly(0, 1, -1),
    length: mostly(0, 1, -1),
    cut: mostly(0, 5),
  })
  .map(({ tensors, before, behind, metadata, data, length, cut }) => {
    let at = 0;
    const entries = tensors.map(({ shape, type: [dtype, bytes], shift, room }, i) => {
      const size =
        Math.min(
          1000,
          shape.reduce((product, n) => product * n, bytes as number),
        ) + room;
      const offsets = [at + shift, at + shift + size];
      at += size;
      return [`t${i}`, { dtype, shape, data_offsets: offsets }];
    });
    const named = metadata === undefined ? [] : [['__metadata__', metadata]];
    const json = Buffer.from(
      `${before}${JSON.stringify(Object.fromEntries([...named, ...entries]))}${behind}`,
    );
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(BigInt(json.length + length));
    const whole = Buffer.concat([head, json, Buffer.alloc(Math.max(0, at + data))]);
    return whole.subarray(0, whole.length - cut);
  });

/** What the format's own library takes is taken, and nothing else. */
export async function safetensorsHeaders(bench: Bench): Promise<string> {
  const made = fc.sample(files, { numRuns: COUNT, seed: 1 });
  const path = await bench.path('files');
  await writeFile(path, made.map((bytes) => `${bytes.toString('base64')}\n`).join(''));
  const verdicts = (await bench.python(['headers.py', path])).trim().split('\n');
  for (const [i, bytes] of made.entries()) {
    assert.equal(isRight(bytes) ? 'right' : 'wrong', verdicts[i], bytes.toString('latin1'));
  }
  const right = verdicts.filter((verdict) => verdict === 'right').length;
  return `${right} right and ${made.length - right} wrong headers, as the real safetensors says`;
}

function isRight(bytes: Buffer): boolean {
  const check = headerCheck(bytes.length, 'x');
  try {
    check.update(bytes);
    check.finish();
    return true;
  } catch (error) {
    if (error instanceof ModelpackError) return false;
    throw error;
  }
}
