import type { Cursor } from '../cursor.ts';
import type { Literal } from './machine.ts';
import type { Argument } from './opcodes.ts';

/** In bytes. A longer name is taken for unknown; the longest of a known import has 60. */
const LONGEST_NAME = 256;

/** What follows an opcode: a number, texts (undefined where they are too long for a name), or where bytes stand. */
export type Read = number | readonly (string | undefined)[] | Literal;

export async function readArgument(
  cursor: Cursor,
  argument: Exclude<Argument, { kind: 'fixed' }>,
): Promise<Read> {
  switch (argument.kind) {
    case 'counted': {
      const length = argument.bytes === 8 ? cursor.uint64() : cursor.uint(argument.bytes);
      if (argument.text && length <= LONGEST_NAME) {
        await cursor.ensure(length);
        return [cursor.bytes(length).toString()];
      }
      const start = cursor.position;
      cursor.skip(length);
      return argument.text ? [undefined] : { kind: 'bytes', start, length };
    }
    case 'line': {
      const line = await cursor.line(LONGEST_NAME);
      return [argument.text ? unescaped(line) : line?.toString()];
    }
    case 'lines': {
      const first = (await cursor.line(LONGEST_NAME))?.toString();
      return [first, (await cursor.line(LONGEST_NAME))?.toString()];
    }
  }
}

/** The number is there already. */
export function readNumber(cursor: Cursor, bytes: 0 | 1 | 2 | 4 | 8): number {
  if (bytes === 8) return cursor.uint64();
  return bytes === 0 ? 0 : cursor.uint(bytes);
}

/** Text between quotes or bare. One with escapes is taken for unknown: nobody writes names so, except to hide them. */
function unescaped(line: Buffer | undefined): string | undefined {
  const string = line?.toString('latin1');
  if (string === undefined || string.includes('\\')) return undefined;
  return /^\s*(['"])(.*)\1\s*$/s.exec(string)?.[2] ?? string;
}
