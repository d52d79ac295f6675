/**
 * The opcodes of pickle protocols 0 to 5: what follows each one, and what it does to the stack.
 *
 * https://docs.python.org/3/library/pickletools.html; https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */
export interface Opcode {
  readonly argument: Argument;
  readonly effect: Effect;
}

/** A number of bytes, the bytes of a length that stands before the data, or lines. */
export type Argument =
  | { readonly kind: 'fixed'; readonly bytes: 0 | 1 | 2 | 4 | 8 }
  | { readonly kind: 'counted'; readonly bytes: 1 | 4 | 8; readonly text: boolean }
  | { readonly kind: 'line'; readonly text: boolean }
  | { readonly kind: 'lines' };

/**
 * `pop` values, then `push` values that are not known, which is all that matters here of most opcodes: `mark` pops as
 * far as the last mark instead. The others have a name, because what they do has to be known exactly.
 */
export type Effect = Move | { readonly [K in Named]: { readonly kind: K } }[Named];

interface Move {
  readonly kind: 'move';
  readonly pop: number | 'mark';
  readonly push: 0 | 1;
}

export type Named =
  | 'mark'
  | 'stop'
  | 'pop'
  | 'dup'
  | 'text'
  | 'bytes'
  | 'tuple1'
  | 'reduce'
  | 'put'
  | 'memoize'
  | 'get'
  | 'global'
  | 'inst'
  | 'stack-global'
  | 'extension'
  | 'frame'
  | 'protocol';

const none: Argument = { kind: 'fixed', bytes: 0 };
const fixed = (bytes: 1 | 2 | 4 | 8): Argument => ({ kind: 'fixed', bytes });
const counted = (bytes: 1 | 4 | 8, text = false): Argument => ({ kind: 'counted', bytes, text });
const line: Argument = { kind: 'line', text: false };
const textLine: Argument = { kind: 'line', text: true };
const lines: Argument = { kind: 'lines' };

const move = (pop: number | 'mark', push: 0 | 1): Effect => ({ kind: 'move', pop, push });
const push = move(0, 1);
const named = (kind: Named) => ({ kind }) as Effect;

const table: readonly (readonly [code: number | string, argument: Argument, effect: Effect])[] = [
  ['(', none, named('mark')],
  ['.', none, named('stop')],
  ['0', none, named('pop')],
  ['1', none, move('mark', 0)], // POP_MARK
  ['2', none, named('dup')],
  ['F', line, push], // FLOAT
  ['I', line, push], // INT
  ['J', fixed(4), push], // BININT
  ['K', fixed(1), push], // BININT1
  ['L', line, push], // LONG
  ['M', fixed(2), push], // BININT2
  ['N', none, push], // NONE
  ['P', line, push], // PERSID
  ['Q', none, move(1, 1)], // BINPERSID
  ['R', none, named('reduce')],
  ['S', textLine, named('text')], // STRING
  ['T', counted(4, true), named('text')], // BINSTRING
  ['U', counted(1, true), named('text')], // SHORT_BINSTRING
  ['V', textLine, named('text')], // UNICODE
  ['X', counted(4, true), named('text')], // BINUNICODE
  ['a', none, move(1, 0)], // APPEND
  ['b', none, move(1, 0)], // BUILD
  ['c', lines, named('global')],
  ['d', none, move('mark', 1)], // DICT
  ['}', none, push], // EMPTY_DICT
  ['e', none, move('mark', 0)], // APPENDS
  ['g', line, named('get')],
  ['h', fixed(1), named('get')], // BINGET
  ['i', lines, named('inst')],
  ['j', fixed(4), named('get')], // LONG_BINGET
  ['l', none, move('mark', 1)], // LIST
  [']', none, push], // EMPTY_LIST
  ['o', none, move('mark', 1)], // OBJ
  ['p', line, named('put')],
  ['q', fixed(1), named('put')], // BINPUT
  ['r', fixed(4), named('put')], // LONG_BINPUT
  ['s', none, move(2, 0)], // SETITEM
  ['t', none, move('mark', 1)], // TUPLE
  [')', none, push], // EMPTY_TUPLE
  ['u', none, move('mark', 0)], // SETITEMS
  ['G', fixed(8), push], // BINFLOAT
  // Protocol 2
  [0x80, fixed(1), named('protocol')],
  [0x81, none, move(2, 1)], // NEWOBJ
  [0x82, fixed(1), named('extension')],
  [0x83, fixed(2), named('extension')],
  [0x84, fixed(4), named('extension')],
  [0x85, none, named('tuple1')],
  [0x86, none, move(2, 1)], // TUPLE2
  [0x87, none, move(3, 1)], // TUPLE3
  [0x88, none, push], // NEWTRUE
  [0x89, none, push], // NEWFALSE
  [0x8a, counted(1), push], // LONG1
  [0x8b, counted(4), push], // LONG4
  // Protocol 3
  ['B', counted(4), named('bytes')],
  ['C', counted(1), named('bytes')],
  // Protocol 4
  [0x8c, counted(1, true), named('text')], // SHORT_BINUNICODE
  [0x8d, counted(8, true), named('text')], // BINUNICODE8
  [0x8e, counted(8), named('bytes')],
  [0x8f, none, push], // EMPTY_SET
  [0x90, none, move('mark', 0)], // ADDITEMS
  [0x91, none, move('mark', 1)], // FROZENSET
  [0x92, none, move(3, 1)], // NEWOBJ_EX
  [0x93, none, named('stack-global')],
  [0x94, none, named('memoize')],
  [0x95, fixed(8), named('frame')],
  // Protocol 5
  [0x96, counted(8), push], // BYTEARRAY8
  [0x97, none, push], // NEXT_BUFFER
  [0x98, none, move(1, 1)], // READONLY_BUFFER
];

const opcodes: (Opcode | undefined)[] = Array.from({ length: 256 });
for (const [code, argument, effect] of table) {
  opcodes[typeof code === 'string' ? code.charCodeAt(0) : code] = { argument, effect };
}

/** @returns undefined for a byte that is no opcode */
export function opcodeOf(code: number): Opcode | undefined {
  return opcodes[code];
}
