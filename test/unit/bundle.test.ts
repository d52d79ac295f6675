import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { bundleOf, type Bundle } from '../../src/bundle/bundle.ts';
import { checkOf } from '../../src/bundle/check.ts';
import { decodeIndex, encodeIndex, idOf } from '../../src/bundle/contents.ts';
import { encodeHeader } from '../../src/bundle/header.ts';
import { layOut, layOutAgain, type LayoutModel } from '../../src/bundle/layout.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

interface Made {
  readonly models: LayoutModel[];
  readonly contents: Map<string, Buffer>;
}

function make(models: Record<string, Record<string, Buffer>>): Made {
  const contents = new Map<string, Buffer>();
  const made = Object.entries(models).map(([name, files]) => ({
    name,
    source: `hf:${name}`,
    revision: 'c'.repeat(40),
    ref: 'main',
    files: Object.entries(files).map(([path, bytes]) => {
      contents.set(`${name}/${path}`, bytes);
      return { path, size: bytes.length, sha256: sha256(bytes) };
    }),
  }));
  return { models: made, contents };
}

async function bundle({ models, contents }: Made): Promise<Bundle> {
  return bundleOf(await layOut(models), async (member, into, start) => {
    into.set(contents.get(member.path)!.subarray(start, start + into.length));
  });
}

async function bytesOf(packed: Bundle, start = 0, end = packed.size): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of packed.open(start, end)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const file = fc.tuple(
  fc.stringMatching(/^[a-z0-9_é🤗]{1,120}(\/[a-z.]{1,90}x){0,2}$/u),
  fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
);
const files = fc.uniqueArray(file, {
  minLength: 1,
  maxLength: 12,
  selector: ([path]) => path.split('/')[0]!,
});

describe('layout', () => {
  it('puts the index first, then files by ascending size, ties by path in byte order', async () => {
    const { layout } = await bundle(
      make({
        'b/m': { big: Buffer.alloc(900), z: Buffer.alloc(3) },
        'a/m': { y: Buffer.alloc(3), none: Buffer.alloc(0) },
      }),
    );
    expect(layout.members.map(({ path }) => path)).toEqual([
      'modelpack.json',
      'a/m/none',
      'a/m/y',
      'b/m/z',
      'b/m/big',
    ]);
    expect(layout.index.models.map(({ name }) => name)).toEqual(['a/m', 'b/m']);
  });

  it('gives the same id whatever the order of models and files', async () => {
    const one = make({ a: { x: Buffer.from('1'), y: Buffer.from('2') }, b: { z: Buffer.from('3') } });
    const models = one.models.toReversed().map((model) => ({ ...model, files: model.files.toReversed() }));
    expect((await layOut(models)).indexBytes).toEqual((await layOut(one.models)).indexBytes);
  });

  it('has offsets at which the bytes of the files stand, and the size it said', async () => {
    await fc.assert(
      fc.asyncProperty(files, async (list) => {
        const made = make({ 'org/model': Object.fromEntries(list) });
        const packed = await bundle(made);
        const bytes = await bytesOf(packed);
        expect(bytes.length).toBe(packed.index.size);
        for (const { path, offset, size } of packed.index.models[0]!.files) {
          expect(bytes.subarray(offset, offset + size)).toEqual(made.contents.get(`org/model/${path}`));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('reads any range as the same bytes', async () => {
    const packed = await bundle(
      make({ m: { a: Buffer.alloc(700, 1), b: Buffer.alloc(513, 2), e: Buffer.alloc(0) } }),
    );
    const whole = await bytesOf(packed);
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.size), fc.nat(packed.size), async (a, b) => {
        const [start, end] = a < b ? [a, b] : [b, a];
        expect(await bytesOf(packed, start, end)).toEqual(whole.subarray(start, end));
      }),
    );
  });

  it('uses a pax record for a size that ustar cannot hold, and a plain header up to it', async () => {
    expect((await encodeHeader('m/f', 8 ** 11 - 1)).length).toBe(512);
    const header = await encodeHeader('m/f', 8 ** 11);
    expect(header.length).toBe(1536);
    expect(header.toString('latin1')).toContain(' size=8589934592\n');
  });

  it.each([
    ['../x', '".." segment'],
    ['a/../../x', '".." segment'],
    ['./x', 'segment'],
    ['/etc/x', 'absolute'],
    ['C:\\x', 'backslash'],
    ['C:x', 'drive'],
    ['a\\..\\b', 'backslash'],
    ['a//b', 'empty segment'],
    ['a/', 'empty segment'],
    ['', 'empty'],
    ['a\u0000b', 'control'],
    ['a\u001b[2Jb', 'control'],
    ['a\ud800b', 'Unicode'],
    ['x'.repeat(256), 'too long'],
  ])('refuses the path %j', async (path, why) => {
    const models = [{ name: 'm', source: 'hf:m', files: [{ path, size: 1, sha256: '0'.repeat(64) }] }];
    await expect(layOut(models)).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringContaining(why),
    });
  });

  it('refuses two files at one path, and a file where a folder must be', async () => {
    const models = (...paths: string[]) =>
      paths.map((path) => ({
        name: 'm',
        source: `hf:${path}`,
        files: [{ path, size: 1, sha256: '0'.repeat(64) }],
      }));
    await expect(layOut(models('a', 'a'))).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('name=source'),
    });
    await expect(layOut(models('a', 'a/b'))).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('index', () => {
  it('survives encoding, and only its one spelling is read', async () => {
    const { layout } = await bundle(make({ m: { a: Buffer.from('hello') } }));
    const index = decodeIndex(layout.indexBytes, 'x.tar');
    expect(encodeIndex(index)).toEqual(layout.indexBytes);
    expect(idOf(layout.indexBytes)).toBe(layout.id);
    expect((await layOutAgain(index, 'x.tar')).id).toBe(layout.id);
    const loose = Buffer.from(JSON.stringify(index, null, 1));
    expect(() => decodeIndex(loose, 'x.tar')).toThrow('not well formed');
  });

  it('is refused when its offsets are not those of the format', async () => {
    const { layout } = await bundle(make({ m: { a: Buffer.from('hello') } }));
    const text = layout.indexBytes
      .toString()
      .replace(/"offset":(\d+)/, (_, n: string) => `"offset":${Number(n) + 512}`);
    await expect(layOutAgain(decodeIndex(Buffer.from(text), 'x.tar'), 'x.tar')).rejects.toMatchObject({
      code: 'integrity',
    });
  });

  it('never throws anything but an integrity error, whatever the bytes', () => {
    const value = fc.oneof(
      fc.uint8Array().map((b) => Buffer.from(b)),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(value, (bytes) => {
        try {
          decodeIndex(bytes, 'x');
        } catch (error) {
          expect(error).toMatchObject({ name: 'ModelpackError', code: 'integrity' });
        }
      }),
    );
  });

  it('names a newer format', () => {
    const bytes = Buffer.from('{"format":"modelpack/2"}\n');
    expect(() => decodeIndex(bytes, 'x')).toThrow('modelpack/2');
  });
});

describe('check', () => {
  const made = make({
    m: { a: Buffer.alloc(700, 1), b: Buffer.alloc(1024, 2), e: Buffer.alloc(0), f: Buffer.alloc(1, 9) },
  });

  it('passes right bytes in chunks of any size, each file once, and gives the sha256 of the whole', async () => {
    const packed = await bundle(made);
    const whole = await bytesOf(packed);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1 }), async (sizes) => {
        const seen: string[] = [];
        const onFile = ({ path }: { path: string }) => seen.push(path);
        const check = checkOf(packed.layout, { where: 'x', onFile, digest: true });
        for (let at = 0, i = 0; at < whole.length; i++) {
          const next = Math.min(whole.length, at + sizes[i % sizes.length]!);
          check.update(whole.subarray(at, next));
          at = next;
        }
        expect(check.finish()).toBe(sha256(whole));
        expect(seen).toEqual(['m/e', 'm/f', 'm/a', 'm/b']);
      }),
    );
  });

  it('finds any flipped byte', async () => {
    const packed = await bundle(made);
    const whole = await bytesOf(packed);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= flip;
        const check = checkOf(packed.layout, { where: 'x' });
        expect(() => check.update(bytes)).toThrow(expect.objectContaining({ code: 'integrity' }));
      }),
    );
  });

  it('goes on from any place that it said was verified, and finds any flipped byte of the rest', async () => {
    const packed = await bundle(made);
    const whole = await bytesOf(packed);
    const place = fc.nat(whole.length - 1);
    await fc.assert(
      fc.asyncProperty(
        place,
        place,
        place,
        fc.integer({ min: 1, max: 255 }),
        async (stop, back, at, flip) => {
          const seen = new Set<string>();
          const onFile = ({ path }: { path: string }) => seen.add(path);
          const first = checkOf(packed.layout, { where: 'x', onFile });
          first.update(whole.subarray(0, stop));
          expect(first.verified).toBeLessThanOrEqual(stop);

          const from = Math.max(0, first.verified - back);
          const second = checkOf(packed.layout, { where: 'x', onFile, from });
          second.update(whole.subarray(from));
          expect(second.finish()).toBeUndefined();
          expect(seen.size).toBe(4);

          const damaged = Buffer.from(whole);
          damaged[at]! ^= flip;
          const third = checkOf(packed.layout, { where: 'x', from });
          const { offset = 0, size = 0 } =
            packed.layout.members.find(({ start, end }) => start <= at && at < end) ?? {};
          // Of a file that the first run has checked, nothing is checked again.
          if (at < from || (offset < from && at < offset + size)) return;
          expect(() => third.update(damaged.subarray(from))).toThrow(
            expect.objectContaining({ code: 'integrity' }),
          );
        },
      ),
    );
  });

  it('finds missing bytes at the end', async () => {
    const packed = await bundle(made);
    const check = checkOf(packed.layout, { where: 'x' });
    check.update(await bytesOf(packed, 0, packed.size - 1));
    expect(() => check.finish()).toThrow('corrupt');
  });

  it('checks the git blob sha1 where one is known', async () => {
    const packed = await bundle(make({ m: { a: Buffer.from('hello') } }));
    const right = createHash('sha1').update('blob 5\0hello').digest('hex');
    const whole = await bytesOf(packed);
    checkOf(packed.layout, { where: 'x', blobSha1: () => right }).update(whole);
    const wrong = checkOf(packed.layout, { where: 'x', blobSha1: () => '0'.repeat(40) });
    expect(() => wrong.update(whole)).toThrow('git blob sha1');
  });
});
