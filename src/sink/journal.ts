import { open, readFile, type FileHandle } from 'node:fs/promises';

import { decodeIndex, type Index } from '../bundle/contents.ts';

/**
 * What a broken run leaves beside its partial file: one line of JSON, then the number of each part that was
 * written, a line each. Appended to, never rewritten, so a torn last line loses one part.
 */
export interface Journal {
  readonly index: Index;
  readonly partSize: number;
  readonly parts: ReadonlySet<number>;
  /** Of its whole lines, in bytes. */
  readonly length: number;
}

interface Head {
  readonly journal: 1;
  readonly partSize: number;
  readonly index: string;
}

/** @returns undefined when there is none, or none that can be used */
export async function readJournal(path: string): Promise<Journal | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const lines = text?.split('\n');
  if (lines === undefined || lines.length < 2) return undefined;
  try {
    const { journal, partSize, index } = JSON.parse(lines[0]!) as Head;
    if (journal !== 1 || !Number.isSafeInteger(partSize) || partSize <= 0) return undefined;
    const numbers = lines.slice(1, -1).map(Number);
    return {
      partSize,
      index: decodeIndex(Buffer.from(index), path),
      length: Buffer.byteLength(text!.slice(0, text!.lastIndexOf('\n') + 1)),
      parts: new Set(numbers.filter((number) => Number.isInteger(number) && number > 0)),
    };
  } catch {
    return undefined; // of another version, or torn in its first line: the run starts over
  }
}

/** Begins a journal; the returned handle takes the part numbers. */
export async function beginJournal(path: string, indexBytes: Buffer, partSize: number): Promise<FileHandle> {
  const head: Head = { journal: 1, partSize, index: indexBytes.toString() };
  const handle = await open(path, 'w');
  await handle.appendFile(`${JSON.stringify(head)}\n`);
  return handle;
}

/** Goes on with one, without its last line if that is torn. */
export async function continueJournal(path: string, { length }: Journal): Promise<FileHandle> {
  const handle = await open(path, 'a');
  await handle.truncate(length);
  return handle;
}
