import { readFileSync } from 'node:fs';

import type { Content } from '../../src/bytes.ts';
import { readPickled, type Pickled } from '../../src/weights/file.ts';
import { windowsOf } from '../../src/weights/windows.ts';

/** The opcodes of a pickle, each character a byte; made by hand, because no pickler would make them. */
export function pickle(...opcodes: readonly string[]): Buffer {
  return Buffer.from(opcodes.join(''), 'latin1');
}

/** SHORT_BINUNICODE */
export function text(value: string): string {
  return `\x8c${String.fromCharCode(value.length)}${value}`;
}

/** Calls `system('id')` of the module that is written, in protocol 2. */
export function calling(module: string, name: string): Buffer {
  return pickle('\x80\x02', `c${module}\n${name}\n`, 'X\x02\0\0\0id', '\x85R.');
}

/** A file that Python made; `make.py` beside it says how. */
export function made(name: string): Buffer {
  return readFileSync(new URL(`../data/pickles/${name}`, import.meta.url));
}

/** A content in memory that tells what is read of it. */
export function held(bytes: Buffer): Content & { readonly reads: [start: number, length: number][] } {
  const reads: [number, number][] = [];
  return {
    size: bytes.length,
    reads,
    async read(into, start) {
      if (start + into.length > bytes.length) throw new RangeError('read beyond the end');
      reads.push([start, into.length]);
      bytes.copy(into, 0, start);
    },
  };
}

/** What a file with these bytes imports. */
export function look(bytes: Buffer, path = 'model.pkl'): Promise<Pickled | undefined> {
  return readPickled(windowsOf(held(bytes)), path);
}
