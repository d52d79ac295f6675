import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readPickled } from '../../src/weights/file.ts';
import { READ_LIMIT, windowsOf } from '../../src/weights/windows.ts';
import { foreignTar } from '../helpers/bundle.ts';
import { calling, held, look, made, pickle } from '../helpers/pickle.ts';
import { generatedTorch, stateDict } from '../servers/hub/models/torch.ts';
import { zip, type ZipFile } from '../servers/hub/models/zip.ts';
import { contentOf } from '../servers/hub/store/content.ts';

const MiB = 1024 ** 2;
const evil = calling('os', 'system');
const version: ZipFile = { name: 'archive/version', content: Buffer.from('3\n') };
const archive = (content: Buffer, more: Partial<ZipFile> = {}) =>
  zip([{ name: 'archive/data.pkl', content, ...more }, version]);

describe('a zip', () => {
  it.each([
    ['as it is', archive(evil)],
    ['deflated', archive(evil, { deflated: true })],
    // PyTorch's own reader finds members whatever the case.
    ['in other letters', zip([{ name: 'ARCHIVE/Data.PKL', content: evil }])],
    [
      'beside a harmless one',
      zip([
        { name: 'a/data.pkl', content: stateDict(1) },
        { name: 'b/data.pkl', content: evil },
      ]),
    ],
    ['in a zip', zip([{ name: 'model.pt', content: archive(evil) }])],
    ['in a deflated zip', zip([{ name: 'model.pt', content: archive(evil), deflated: true }])],
    // What torch.load takes for TorchScript is not unpickled by Python; other programs know no such rule.
    [
      'beside what makes it TorchScript',
      zip([
        { name: 'a/constants.pkl', content: pickle('\x80\x02).') },
        { name: 'a/data.pkl', content: evil },
      ]),
    ],
  ])('with a pickle %s is looked into', async (_, bytes) => {
    const unsafe = ['os.system'];
    expect(await look(bytes, 'model.pt')).toEqual({ imports: expect.arrayContaining(unsafe), unsafe });
  });

  it('of arrays is looked into whatever the names are', async () => {
    const array = made('objects.npy');
    const at = array.indexOf(Buffer.from('\x80\x04', 'latin1'));
    const bytes = Buffer.concat([array.subarray(0, at), evil]);
    expect(await look(zip([{ name: 'weights', content: bytes }]), 'arrays.npz')).toMatchObject({
      unsafe: ['os.system'],
    });
    expect(await look(bytes, 'array.npy')).toMatchObject({ unsafe: ['os.system'] });
  });

  it('without pickles has none', async () => {
    expect(await look(zip([version]), 'model.bin')).toBeUndefined();
    expect(await look(zip([]), 'model.bin')).toBeUndefined();
  });

  /** Changes a number that stands `back` bytes before the end. */
  function changed(back: number, value: number, bytes = archive(stateDict(1))): Buffer {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(value, copy.length - back);
    return copy;
  }

  const end = 22;
  const record = end + 20 + 56;
  const path = Buffer.from('\x75\x70\x04\0\x01\0\0\0', 'latin1');

  it.each([
    ['is cut off', archive(stateDict(1)).subarray(0, -1)],
    ['is cut off early', archive(stateDict(1)).subarray(0, 100)],
    ['is four bytes', Buffer.from('PK\x03\x04')],
    ['has a comment', Buffer.concat([changed(2, 1), Buffer.from('x')])],
    ['has bytes before it', Buffer.concat([archive(stateDict(1)), archive(stateDict(1))])],
    ['has two directories: another offset', changed(record - 48, 1)],
    ['has two directories: another length', changed(record - 40, 1)],
    ['has two directories: another number of files', changed(record - 32, 1)],
    ['has more files than its end says', changed(record - 32, 1, changed(end - 10, 1))],
    ['has a zip64 record elsewhere', changed(end + 20 - 8, 1)],
    ['has its names twice', archive(stateDict(1), { extra: path })],
    ['has a zero byte in a name', zip([{ name: 'archive/data.pkl\0.txt', content: evil }])],
    [
      'is nested too deep',
      zip([
        {
          name: 'a.pt',
          content: zip([{ name: 'b.pt', content: zip([{ name: 'c.pt', content: archive(evil) }]) }]),
        },
      ]),
    ],
  ])('that %s is not trusted', async (_, bytes) => {
    expect(await look(bytes, 'model.pt')).toMatchObject({ unread: expect.any(String) });
  });

  it('that unpacks to more than is looked at is not trusted', async () => {
    const bomb = Buffer.alloc(READ_LIMIT + 20);
    bomb.write('\x80\x04\x8e', 'latin1'); // BINBYTES8
    bomb.writeBigUInt64LE(BigInt(READ_LIMIT), 3);
    bomb.write('0cos\nsystem\n.', 11 + READ_LIMIT - 8, 'latin1');
    const bytes = archive(bomb, { deflated: true });
    expect(bytes.length).toBeLessThan(MiB);
    expect(await look(bytes, 'model.pt')).toMatchObject({
      unread: expect.stringMatching(/data\.pkl, which is too long/),
    });
  });

  it('of many members that unpack to more than is looked at is not trusted', async () => {
    const array = Buffer.alloc(READ_LIMIT / 8);
    array.write('\x80\x04\x8e', 'latin1'); // BINBYTES8
    array.writeBigUInt64LE(BigInt(array.length - 12), 3);
    array.write('.', array.length - 1);
    const files = Array.from({ length: 9 }, (_, i) => ({ name: `${i}.pkl`, content: array, deflated: true }));
    expect(await look(zip(files.slice(0, 7)), 'model.pt')).toEqual({ imports: [], unsafe: [] });
    expect(await look(zip(files), 'model.pt')).toMatchObject({ unread: expect.stringMatching(/too long/) });
  });

  it('with wrong bytes anywhere is read without failing', async () => {
    const bytes = made('torch.script.pt');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.nat(255),
        fc.nat(bytes.length),
        async (at, value, length) => {
          const copy = Buffer.from(bytes.subarray(0, length));
          if (at < length) copy.writeUInt8(value, at);
          const found = await look(copy, 'model.pt');
          const cutOff = length > 520 && length < bytes.length && at > 3;
          expect(cutOff && found?.unread === undefined).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('a file', () => {
  it.each([
    ['text', Buffer.from('hello\nworld\n')],
    ['text that begins with an opcode', Buffer.from('cat and dog\nbird\n')],
    ['GGML', Buffer.from('lmgg\x01\0\0\0')],
    ['zeros', Buffer.alloc(5000)],
    ['nothing', Buffer.alloc(0)],
    ['data that is compressed', Buffer.from('\x1f\x8b\x08\0\0\0\0\0', 'latin1')],
    ['data that is compressed by bzip2', Buffer.from('BZh91AY&SY')],
    ['a pickle of protocol 0 without imports', Buffer.from('(lp0\nI1\na.')],
  ])('of %s is none of our business', async (_, bytes) => {
    expect(await look(bytes, 'model.bin')).toBeUndefined();
  });

  it('that begins like something compressed may be a pickle all the same', async () => {
    const bytes = Buffer.concat([pickle('BZ\x01\0\0'), Buffer.alloc(0x15a), Buffer.from('cos\nsystem\n.')]);
    expect(await look(bytes, 'model.bin')).toMatchObject({ unsafe: ['os.system'] });
  });

  it('that a pickle is followed by weights in is read as far as the pickle', async () => {
    const bytes = Buffer.concat([pickle('\x80\x02N.'), Buffer.from('\0\0weights')]);
    expect(await look(bytes, 'model.bin')).toEqual({ imports: [], unsafe: [] });
  });

  it('of PyTorch before 1.6 has five pickles, and weights that may look like more', async () => {
    const legacy = made('torch.legacy.pt');
    const five = legacy.subarray(0, legacy.lastIndexOf('.') + 1);
    const weights = Buffer.from('cos\nsystem\n.');
    expect(await look(Buffer.concat([legacy, weights]), 'a.pt')).toMatchObject({ unsafe: [] });
    expect(await look(five.subarray(0, -20), 'a.pt')).toMatchObject({ unread: expect.any(String) });
  });

  it('that is a tar could be one of the first PyTorch, whose imports are not read', async () => {
    expect(await look(await foreignTar(), 'model.pt')).toMatchObject({
      unread: expect.stringContaining('is a tar'),
    });
  });
});

describe('little is read', () => {
  it('of a zip: its beginning and its end', async () => {
    const generated = generatedTorch(5 * MiB, 1);
    const content = held(Buffer.concat([...contentOf(generated).chunks(0, generated.size)]));
    expect(await readPickled(windowsOf(content), 'model.pt')).toMatchObject({ unsafe: [] });
    expect(content.reads).toEqual([
      [0, 67_584],
      [5 * MiB - 67_584, 67_584],
    ]);
  });

  it('of a pickle with 10 GB in it: what stands around them', async () => {
    const before = pickle('\x80\x04\x8e', '\0\0\0\x80\x02\0\0\0'); // BINBYTES8, of 10 GiB
    const size = before.length + 10 * 1024 * MiB + evil.length;
    let bytes = 0;
    const content = {
      size,
      async read(into: Uint8Array, start: number) {
        bytes += into.length;
        into.fill(0);
        if (start === 0) into.set(before);
        const at = size - evil.length - start;
        if (at >= 0 && at < into.length) into.set(evil, at);
      },
    };
    expect(await readPickled(windowsOf(content), 'model.pkl')).toMatchObject({ unsafe: ['os.system'] });
    expect(bytes).toBeLessThan(200_000);
  });

  it('and never more than 64 MiB: what would need more is not trusted', async () => {
    const small = pickle('N0', 'C\xfa', ' '.repeat(250), '0');
    let bytes = 0;
    const content = {
      size: 10 * 1024 * MiB,
      async read(into: Uint8Array, start: number) {
        bytes += into.length;
        for (let at = -(start % small.length); at < into.length; at += small.length) {
          into.set(small.subarray(Math.max(0, -at), into.length - at), Math.max(0, at));
        }
        if (start === 0) into.set([0x80, 4]);
      },
    };
    expect(await readPickled(windowsOf(content), 'model.pkl')).toMatchObject({
      unread: expect.stringContaining('too long'),
    });
    expect(bytes).toBeLessThanOrEqual(READ_LIMIT);
  });

  it('in any order, and always the right bytes', async () => {
    const bytes = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * 31) >>> 3));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(100_000))), async (places) => {
        const windows = windowsOf(held(bytes));
        for (const [start, wanted] of places) {
          const length = Math.min(wanted, bytes.length - start);
          const got = await windows.at(start, length);
          expect(got.equals(bytes.subarray(start, start + got.length)) && got.length >= length).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });
});
