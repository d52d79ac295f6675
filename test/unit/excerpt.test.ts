import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { bundleIn, bundleOf, type Bundle } from '../../src/bundle/bundle.ts';
import { checkOf } from '../../src/bundle/check.ts';
import { excerptOf } from '../../src/bundle/excerpt.ts';
import { layOut, type LayoutModel } from '../../src/bundle/layout.ts';

type Files = Readonly<Record<string, Buffer>>;

interface Range {
  readonly start: number;
  readonly end: number;
}

function modelOf(files: Files): LayoutModel {
  const described = Object.entries(files).map(([path, bytes]) => ({
    path,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }));
  return { name: 'm', source: 'hf:m', revision: 'c'.repeat(40), files: described };
}

async function planned(files: Files): Promise<Bundle> {
  return bundleOf(await layOut([modelOf(files)]), async ({ path }, into, start) => {
    into.set(files[path.slice('m/'.length)]!.subarray(start, start + into.length));
  });
}

async function bytesOf(content: Bundle): Promise<Buffer> {
  const bytes = Buffer.alloc(content.size);
  await content.read(bytes, 0);
  return bytes;
}

/** The bundle of `files` as it stands somewhere, and the ranges of it that were read. */
async function stored(files: Files): Promise<{ bundle: Bundle; reads: Range[] }> {
  const whole = await planned(files);
  const bytes = await bytesOf(whole);
  const reads: Range[] = [];
  const content = {
    size: bytes.length,
    async read(into: Uint8Array, start: number) {
      reads.push({ start, end: start + into.length });
      into.set(bytes.subarray(start, start + into.length));
    },
  };
  return { bundle: bundleIn(content, whole.layout), reads };
}

const name = fc.stringMatching(/^[a-z_é🤗]{1,110}$/u);
const content = fc.uint8Array({ maxLength: 1200 }).map((bytes) => Buffer.from(bytes));
const files = fc.dictionary(name, content, { minKeys: 1, maxKeys: 12, noNullPrototype: true });

describe('an excerpt', () => {
  it('is the bundle of its files: any range of it, and every check', async () => {
    const cases = fc.tuple(
      files,
      fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      fc.nat(),
      fc.nat(),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([all, choice, a, b]) => {
        const wanted = Object.fromEntries(Object.entries(all).filter((_, i) => choice[i]));
        const { bundle } = await stored(all);
        const excerpt = await excerptOf(bundle, (path) => Object.hasOwn(wanted, path.slice('m/'.length)));
        const expected =
          Object.keys(wanted).length === 0 ? bundleOf(await layOut([]), fail) : await planned(wanted);
        expect(excerpt.id).toBe(expected.id);
        const bytes = await bytesOf(expected);
        const check = checkOf(excerpt.layout, { where: 'x', digest: true });
        check.update(await bytesOf(excerpt));
        expect(check.finish()).toBe(createHash('sha256').update(bytes).digest('hex'));
        const [start, end] = [a % (bytes.length + 1), b % (bytes.length + 1)].toSorted((x, y) => x - y);
        const range = Buffer.alloc(end! - start!);
        await excerpt.read(range, start!);
        expect(range).toEqual(bytes.subarray(start, end));
      }),
      { numRuns: 100 },
    );
  });

  it('reads neighbours as one range, and nothing of the files that are not wanted', async () => {
    const sizes = { a: 1000, b: 2000, c: 3000, d: 4000, e: 5000 };
    const { bundle, reads } = await stored(
      Object.fromEntries(Object.entries(sizes).map(([path, size]) => [path, Buffer.alloc(size, path)])),
    );
    const excerpt = await excerptOf(bundle, (path) => ['m/a', 'm/b', 'm/d'].includes(path));
    expect(reads).toEqual([]);
    await bytesOf(excerpt);
    const member = (path: string) => bundle.layout.members.find((each) => each.path === path)!;
    expect(reads).toEqual([
      { start: member('m/a').start, end: member('m/b').end },
      { start: member('m/d').start, end: member('m/d').end },
    ]);
  });

  it('of everything is the bundle itself', async () => {
    const { bundle } = await stored({ a: Buffer.from('a'), b: Buffer.from('b') });
    expect(await excerptOf(bundle, () => true)).toBe(bundle);
  });
});

function fail(): never {
  throw new Error('there is no file to read');
}
