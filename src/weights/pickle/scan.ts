import type { Cursor } from '../cursor.ts';
import { Malformed, Unreadable } from '../failure.ts';
import { readArgument, readNumber, type Read } from './arguments.ts';
import { Frames } from './frames.ts';
import type { Import, Imports } from './imports.ts';
import { loader, Machine, type Literal, type Value } from './machine.ts';
import { opcodeOf, type Effect } from './opcodes.ts';

/** Digits of a number in the memo. */
const LONGEST_NUMBER = 15;
/** The newest protocol there is. */
const PROTOCOL = 5;

/** What tensors that are pickled without torch.save call: it unpickles the bytes that it is given. */
const LOADER = { module: 'torch.storage', name: '_load_from_bytes' } as const;

/**
 * Reads one pickle up to its STOP, and notes what it imports. Nothing is executed, and no value is made but the texts
 * that STACK_GLOBAL takes its names from: these are followed through the stack and the memo as an unpickler would do.
 *
 * Where an unpickler goes on, this does so in the same way. Where one stops, this may go on and note more.
 *
 * @param within is given the places of pickles in the pickle
 * @throws Malformed where an unpickler stops; what was noted before has been imported then
 * @throws Unreadable when it holds or needs more than is looked at
 */
export async function scanPickle(
  cursor: Cursor,
  imports: Imports,
  within: (place: Literal) => Promise<void>,
): Promise<void> {
  const machine = new Machine();
  const frames = new Frames();
  for (;;) {
    if (!cursor.has()) await cursor.ensure();
    const position = cursor.position;
    const code = cursor.uint(1);
    const opcode = opcodeOf(code);
    if (opcode === undefined) {
      throw new Malformed(`has an unknown opcode 0x${code.toString(16)} at byte ${position}`);
    }
    const { argument, effect } = opcode;
    // Nearly all arguments are at hand: only the others are waited for.
    const value =
      argument.kind === 'fixed' ? readNumber(cursor, argument.bytes) : await readArgument(cursor, argument);
    frames.pass(position, cursor.position);
    if (effect.kind === 'stop') {
      machine.pop();
      return;
    }
    if (effect.kind === 'frame') frames.begin(cursor.position, Number(value), cursor.left);
    else if (effect.kind === 'reduce') {
      const place = reduce(machine, imports);
      if (place !== undefined) await within(place);
    } else apply(effect, value, machine, imports);
  }
}

/** @returns the bytes that are unpickled by the call */
function reduce(machine: Machine, imports: Imports): Literal | undefined {
  const given = machine.pop();
  const called = machine.pop();
  machine.push(undefined);
  if (called === loader && typeof given === 'object' && given.kind === 'arguments') return given;
  // It may be called with anything then.
  if (called === loader || given === loader) imports.distrust(LOADER);
  return undefined;
}

function apply(
  effect: Exclude<Effect, { kind: 'stop' | 'frame' | 'reduce' }>,
  value: Read,
  machine: Machine,
  imports: Imports,
): void {
  switch (effect.kind) {
    case 'move':
      if (effect.pop === 'mark' ? machine.dropMark() : machine.drop(effect.pop)) imports.distrust(LOADER);
      if (effect.push === 1) machine.push(undefined);
      break;
    case 'text':
      machine.push(texts(value)[0]);
      break;
    case 'bytes':
      machine.push(value as Literal);
      break;
    case 'tuple1': {
      const only = machine.pop();
      if (only === loader) imports.distrust(LOADER);
      machine.push(typeof only === 'object' ? { ...only, kind: 'arguments' } : undefined);
      break;
    }
    case 'global':
      imported(written(texts(value)), machine, imports);
      break;
    case 'inst': {
      machine.dropMark();
      const called = written(texts(value));
      imported(called, machine, imports);
      if (machine.pop() === loader) imports.distrust(LOADER);
      machine.push(undefined);
      break;
    }
    case 'stack-global': {
      const name = nameIn(machine.pop());
      imported({ module: nameIn(machine.pop()), name }, machine, imports);
      break;
    }
    case 'extension':
      // What copyreg.add_extension made of this number is known only where it is loaded.
      imported({ module: 'copyreg', name: `extension ${Number(value)}` }, machine, imports);
      break;
    case 'protocol':
      if (Number(value) > PROTOCOL) throw new Malformed(`is of protocol ${Number(value)}`);
      break;
    case 'put':
      machine.put(key(value));
      break;
    case 'get':
      machine.get(key(value));
      break;
    case 'memoize':
      machine.memoize();
      break;
    case 'mark':
      machine.mark();
      break;
    case 'pop':
      machine.dropAny();
      break;
    case 'dup':
      machine.push(machine.top());
      break;
  }
}

function imported(found: Import, machine: Machine, imports: Imports): void {
  imports.add(found);
  machine.push(found.module === LOADER.module && found.name === LOADER.name ? loader : undefined);
}

function nameIn(value: Value): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function texts(value: Read): readonly (string | undefined)[] {
  return Array.isArray(value) ? (value as readonly (string | undefined)[]) : [];
}

/** Names as GLOBAL and INST have them. A module is a file somewhere: what cannot be its path is never imported. */
function written([module, name]: readonly (string | undefined)[]): Import {
  if (/^[\p{L}\p{N}_.-]+$/u.test(module ?? '')) return { module, name };
  throw new Malformed('imports what cannot be a module');
}

/** Of the memo. Python reads more spellings of a number; no pickler writes them. */
function key(value: Read): number {
  if (typeof value === 'number') return value;
  const [digits = ''] = texts(value);
  if (digits.length <= LONGEST_NUMBER && /^\d+$/.test(digits)) return Number(digits);
  // It takes blanks, signs, and whatever stands behind a zero byte.
  if (/^[\s\d_+-]/.test(digits)) throw new Unreadable('numbers what it remembers in an unusual way');
  throw new Malformed('has no number where one is needed');
}
