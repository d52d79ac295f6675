import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { calling, look, made, pickle, text } from '../helpers/pickle.ts';
import { zip } from '../servers/hub/models/zip.ts';

const ordered = ['collections.OrderedDict'];
const arrays = ['numpy._core.multiarray._reconstruct', 'numpy.ndarray', 'numpy.dtype'];
const scalar = ['numpy._core.multiarray.scalar'];
const tensors = ['torch._utils._rebuild_tensor_v2', 'torch.FloatStorage'];
const state = [...ordered, ...tensors, 'torch.HalfStorage', 'torch.LongStorage'];
const loader = 'torch.storage._load_from_bytes';
const linear = 'torch.nn.modules.linear.Linear';

describe('what Python pickled', () => {
  it.each([
    ['protocol-0.pkl', ['_codecs.encode', '__builtin__.set', ...ordered, ...arrays, ...scalar]],
    ['protocol-1.pkl', ['_codecs.encode', '__builtin__.set', ...ordered, ...arrays, ...scalar]],
    ['protocol-2.pkl', ['_codecs.encode', '__builtin__.set', ...ordered, ...arrays, ...scalar]],
    ['protocol-3.pkl', ['builtins.set', ...ordered, ...arrays, ...scalar]],
    ['protocol-4.pkl', [...ordered, ...arrays, ...scalar]],
    ['protocol-5.pkl', [...ordered, 'numpy._core.numeric._frombuffer', 'numpy.dtype', ...scalar]],
    ['torch.zip.pt', state],
    ['torch.legacy.pt', state],
    ['torch-1.7.zip.pt', state],
    ['torch-1.7.legacy.pt', state],
    ['torch-1.7.script.pt', ['__torch__.Net', `__torch__.${linear}`, ...tensors, ...ordered]],
    [
      'torch.script.pt',
      ['__torch__.Net', `__torch__.${linear}`, ...tensors, ...ordered, 'torch.jit._pickle.restore_type_tag'],
    ],
    ['state.pkl', [...ordered, tensors[0], loader, tensors[1], 'torch.HalfStorage', 'torch.LongStorage']],
    ['objects.npy', [...arrays, ...ordered]],
    ['objects.npz', [...arrays, 'collections.Counter']],
  ])('%s is read, and harmless', async (name, imports) => {
    expect(await look(made(name), name)).toEqual({ imports, unsafe: [] });
  });

  it.each(['torch.module.pt', 'torch-1.7.module.pt'])(
    '%s is a whole module, with its class',
    async (name) => {
      expect(await look(made(name), name)).toMatchObject({ unsafe: ['__main__.Net', linear] });
    },
  );

  it.each(['numbers.npy', 'numbers.npz', 'three.safetensors'])('%s has nothing to unpickle', async (name) => {
    expect(await look(made(name), name)).toBeUndefined();
  });

  it('joblib keeps arrays between opcodes: not all of it is read', async () => {
    expect(await look(made('arrays.joblib'), 'arrays.joblib')).toEqual({
      imports: ['joblib.numpy_pickle.NumpyArrayWrapper', 'numpy.ndarray', 'numpy.dtype'],
      unsafe: ['joblib.numpy_pickle.NumpyArrayWrapper'],
      unread: 'has arrays of joblib in it, behind which imports are not read',
    });
    expect(await look(made('compressed.joblib'), 'model.joblib')).toEqual({
      imports: [],
      unsafe: [],
      unread: 'is compressed, so that its imports are not read',
    });
  });
});

const four = '\x80\x04';
const long = 'x'.repeat(300);
const load = 'ctorch.storage\n_load_from_bytes\n';
/** BINBYTES */
const data = (value: Buffer) =>
  `B${String.fromCharCode(value.length & 0xff, value.length >> 8)}\0\0${value.toString('latin1')}`;
const archive = zip([{ name: 'archive/data.pkl', content: calling('os', 'system') }]);

describe('what is pickled to do harm', () => {
  const hidden: [what: string, bytes: Buffer, unsafe: string[]][] = [
    ['GLOBAL', calling('os', 'system'), ['os.system']],
    ['GLOBAL without a signature', pickle("cos\nsystem\n(S'id'\ntR."), ['os.system']],
    ['GLOBAL behind harmless opcodes', pickle('(lp0\n0', 'cposix\nsystem\n.'), ['posix.system']],
    ['INST', pickle("(S'id'\nios\nsystem\n."), ['os.system']],
    ['STACK_GLOBAL', pickle(four, text('os'), text('system'), '\x93.'), ['os.system']],
    [
      'STACK_GLOBAL with other spellings of a text',
      pickle(four, 'X\x02\0\0\0os', '\x8d\x06\0\0\0\0\0\0\0system', '\x93', 'Vnt\n', "S'system'\n", '\x93.'),
      ['os.system', 'nt.system'],
    ],
    [
      'names that were remembered',
      pickle(four, text('system'), '\x94', '0', text('os'), '\x94', '0', 'h\x01', 'h\x00', '\x93.'),
      ['os.system'],
    ],
    [
      'a name that was remembered in place of another',
      pickle(
        four,
        text('OrderedDict'),
        'q\x05',
        text('eval'),
        'q\x05',
        '00',
        text('builtins'),
        'g5\n',
        '\x93.',
      ),
      ['builtins.eval'],
    ],
    [
      'MEMOIZE behind numbers that were used before',
      pickle(four, text('a'), 'p9\n', text('os'), '\x94', text('system'), '\x94', 'h\x01', 'h\x02', '\x93.'),
      ['os.system'],
    ],
    [
      'harmless names on top that are taken away',
      pickle(four, text('os'), text('system'), '(', text('collections'), text('OrderedDict'), '1', '\x93.'),
      ['os.system'],
    ],
    ['a name twice', pickle(four, text('code'), '2', '\x93.'), ['code.code']],
    ['builtins of Python 2', calling('__builtin__', 'eval'), ['__builtin__.eval']],
    ['getattr', calling('builtins', 'getattr'), ['builtins.getattr']],
    [
      'an attribute of what is harmless',
      calling('collections', 'OrderedDict.fromkeys'),
      ['collections.OrderedDict.fromkeys'],
    ],
    ['a module inside a harmless one', calling('torch', 'os.system'), ['torch.os.system']],
    ['bytes that are computed and unpickled', calling('torch.storage', '_load_from_bytes'), [loader]],
    ['bytes of protocol 2, which are computed', made('state-2.pkl'), [loader]],
    ['a pickle in a pickle', pickle(four, load, data(calling('os', 'system')), '\x85R.'), ['os.system']],
    [
      'a pickle in a pickle in a pickle',
      pickle(four, load, data(pickle(four, load, data(calling('os', 'system')), '\x85R.')), '\x85R.'),
      ['os.system'],
    ],
    ['a zip in a pickle', pickle(four, load, data(archive), '\x85R.'), ['os.system']],
    [
      'a pickle in a pickle, when the function was remembered',
      pickle(four, load, '\x940', data(calling('os', 'system')), '\x940', 'h\x00h\x01\x85R.'),
      ['os.system'],
    ],
    ['a function that unpickles and is given away', pickle(four, ']', load, 'a.'), [loader]],
    [
      'a function that unpickles and is called by another',
      pickle(
        four,
        'ctorch._tensor\n_rebuild_from_type_v2\n(',
        load,
        'N',
        data(Buffer.from('x')),
        '\x85',
        'NtR.',
      ),
      [loader],
    ],
    [
      'a function that unpickles and is called by INST',
      pickle('(', "S'x'\n", 'itorch.storage\n_load_from_bytes\n.'),
      [loader],
    ],
    [
      'a function that unpickles and is called by OBJ',
      pickle(four, '(', load, data(Buffer.from('x')), 'o.'),
      [loader],
    ],
    ['torch.load', calling('torch', 'load'), ['torch.load']],
    ['what only sounds like TorchScript', calling('__torch__x', 'system'), ['__torch__x.system']],
    ['an attribute of a class of TorchScript', calling('__torch__', 'Net.system'), ['__torch__.Net.system']],
    [
      'a computed name',
      pickle(four, text('os'), 'c_codecs\nencode\n', text('flfgrz'), text('rot13'), '\x86R', '\x93.'),
      ['os.?'],
    ],
    ['a name with escapes', pickle(four, "S'o\\x73'\n", text('system'), '\x93.'), ['?.system']],
    ['a name that is too long to be one', pickle(four, text('os'), `V${long}\n`, '\x93.'), ['os.?']],
    ['a number of copyreg', pickle('\x80\x02\x82\x05.'), ['copyreg.extension 5']],
    ['a second pickle', Buffer.concat([pickle('\x80\x02N.'), calling('os', 'system')]), ['os.system']],
    ['a pickle that breaks off', calling('os', 'system').subarray(0, -1), ['os.system']],
    ['import and nothing else', pickle('\x80\x02cantigravity\nx\n'), ['antigravity.x']],
  ];

  it.each(hidden)('is found: %s', async (_, bytes, unsafe) => {
    expect((await look(bytes))?.unsafe).toEqual(unsafe);
  });

  const odd: [what: string, bytes: Buffer, unread: RegExp][] = [
    [
      'an opcode that is not whole in its frame',
      pickle(four, '\x95\x0a', '\0'.repeat(7), 'NNNNNNN', text('os'), '.'),
      /frame/,
    ],
    [
      'frames in each other',
      pickle(four, '\x95\x20', '\0'.repeat(7), '\x95', '\0'.repeat(8), 'N'.repeat(40), '.'),
      /frames/,
    ],
    ['a memo number with a sign', pickle(four, text('os'), 'p+1\n', '.'), /unusual/],
    ['a memo number with a zero byte', pickle(four, text('os'), 'p1\0x\n', '.'), /unusual/],
    ['more values than are looked at', pickle(four, 'N'.repeat(2 ** 20 + 1), '.'), /too much/],
    ['more marks than are looked at', pickle(four, '('.repeat(2 ** 20 + 1), '.'), /too much/],
    ['an unknown opcode', pickle(four, 'N\xff.'), /unknown opcode 0xff at byte 3/],
    ['no STOP', pickle(four, 'N'), /ends in the middle/],
    ['an empty stack', pickle(four, 'R.'), /stack/],
    ['a mark that is missing', pickle(four, 't.'), /mark/],
    ['what was not remembered', pickle(four, 'h\x01.'), /remember/],
    ['text that is longer than the file', pickle(four, 'X\xff\xff\xff\xffos'), /ends in the middle/],
    ['bytes that are longer than any file', pickle(four, '\x8e', '\xff'.repeat(8)), /ends in the middle/],
  ];

  it.each(odd)('is not trusted when it has %s', async (_, bytes, unread) => {
    expect(await look(bytes)).toMatchObject({ imports: [], unread: expect.stringMatching(unread) });
  });

  it('is bounded by the number of imports', async () => {
    const many = Array.from({ length: 10_001 }, (_, i) => `cm\nn${i}\n0`);
    const found = await look(pickle('\x80\x02', ...many, 'N.'));
    expect(found).toMatchObject({ unread: expect.stringContaining('more than 10000') });
    expect(found?.imports).toHaveLength(10_000);
  });
});

describe('any bytes', () => {
  it('are read without failing, and never beyond their end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, signed) => {
        const found = await look(Buffer.concat([Buffer.from(signed ? [0x80, 4] : []), bytes]));
        expect(signed ? found : 'anything').toBeDefined();
      }),
      { numRuns: 2000 },
    );
  });

  /** Opcodes that leave the stack as they found it, whatever stands before and behind them. */
  const neutral = fc.oneof(
    fc.constantFrom(
      'N0',
      ']0',
      '}0',
      ')0',
      '(1',
      '(0',
      'K\x010',
      'J\x01\x02\x03\x040',
      'I5\n0',
      'L5L\n0',
      'F1.5\n0',
      'Pid\n0',
    ),
    fc.constantFrom(
      '(NNt0',
      '(NNl0',
      'N\x850',
      'NN\x860',
      'N200',
      'ccollections\nOrderedDict\n)R0',
      `G${'c'.repeat(8)}0`,
    ),
    fc.string({ maxLength: 40 }).map((value) => `${text(value.replaceAll(/[^ -~]/g, 'c'))}0`),
    fc.string({ maxLength: 40 }).map((value) => `V${value.replaceAll(/[^ -~]/g, 'c')}\n0`),
    fc.integer({ min: 10, max: 255 }).map((key) => `Nq${String.fromCharCode(key)}0`),
  );

  it('between the parts of an import do not hide it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(neutral), fc.array(neutral), fc.array(neutral), async (a, b, c) => {
        const import_ = [text('os'), 'q\x01', ...b, text('system'), 'q\x02', ...c, '00h\x01h\x02\x93'];
        const found = await look(pickle(four, ...a, ...import_, '.'));
        expect(found?.unsafe).toEqual(['os.system']);
        expect(found?.unread).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it.each(['protocol-0.pkl', 'protocol-5.pkl', 'torch.legacy.pt'])(
    'of %s, cut off anywhere, add no import',
    async (name) => {
      const bytes = made(name);
      const whole = await look(bytes);
      for (let length = 0; length < bytes.length; length += 7) {
        const found = await look(bytes.subarray(0, length));
        expect(whole?.imports).toEqual(expect.arrayContaining([...(found?.imports ?? [])]));
      }
    },
  );
});
