import { Cursor } from './cursor.ts';
import { Malformed, Unreadable } from './failure.ts';
import { HEAD, isArraysName, isJoblibName, isPickleName, signatureOf } from './formats.ts';
import { objectsIn } from './numpy.ts';
import { Imports } from './pickle/imports.ts';
import type { Literal } from './pickle/machine.ts';
import { scanPickle } from './pickle/scan.ts';
import { zipMembers } from './zip.ts';
import { part, type Windows } from './windows.ts';

/** What a file does when it is loaded by the library that its name belongs to. */
export interface Pickled {
  /** All that is imported, as `module.name`, in the order in which it was found. `?` stands for what is computed. */
  readonly imports: readonly string[];
  /** Those of them that are not known to be harmless. */
  readonly unsafe: readonly string[];
  /** Why there may be more imports: what could not be read. */
  readonly unread?: string;
}

/** Files in each other: a torch archive in one that was packed by somebody is 2. */
const DEEPEST = 3;

/** With this number a file of PyTorch before 1.6 begins; it is five pickles, and then the weights. torch/serialization.py */
const TORCH = Buffer.from('\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.', 'latin1');
const TORCH_PICKLES = 5;

/**
 * Reads what a file imports when it is loaded, without loading it.
 *
 * @param path of the file: its name says who would load it
 * @returns undefined when nothing in it is unpickled
 * @throws only what `windows` throws
 */
export async function readPickled(windows: Windows, path: string): Promise<Pickled | undefined> {
  const imports = new Imports();
  const reading = { imports, found: false };
  try {
    await readFile(windows, path, reading, 1);
  } catch (error) {
    if (!(error instanceof Malformed) && !(error instanceof Unreadable)) throw error;
    const { message } = error;
    const found = { imports: imports.all(), unsafe: imports.unsafe() };
    return { ...found, unread: found.imports.includes(JOBLIB) ? JOBLIB_UNREAD : message };
  }
  return reading.found ? { imports: imports.all(), unsafe: imports.unsafe() } : undefined;
}

/** joblib writes the numbers of an array between the opcodes. */
const JOBLIB = 'joblib.numpy_pickle.NumpyArrayWrapper';
const JOBLIB_UNREAD = 'has arrays of joblib in it, behind which imports are not read';

interface Reading {
  readonly imports: Imports;
  /** Whether there was a pickle. */
  found: boolean;
}

async function readFile(windows: Windows, path: string, reading: Reading, depth: number): Promise<void> {
  const head = (await windows.at(0, Math.min(HEAD, windows.size))).subarray(0, HEAD);
  const signature = signatureOf(head);
  switch (signature) {
    case 'zip':
      return readZip(windows, path, reading, depth);
    case 'array': {
      const start = await objectsIn(windows);
      return start === undefined ? undefined : readPickles(windows, start, reading, depth);
    }
    case 'tar':
      throw new Unreadable('is a tar, the format of PyTorch before 0.2, of which the imports are not read');
    case 'compressed':
      if (isJoblibName(path)) throw new Unreadable('is compressed, so that its imports are not read');
      return readPickles(windows, 0, reading, depth); // others take even these bytes for opcodes
    case 'pickle':
    case 'unknown':
      return readPickles(windows, 0, reading, depth);
  }
}

async function readZip(windows: Windows, path: string, reading: Reading, depth: number): Promise<void> {
  if (depth > DEEPEST) throw new Unreadable('has too many zips in each other');
  for await (const member of zipMembers(windows)) {
    // Other names are never unpickled: they are tensors, code and versions.
    if (!isArraysName(path) && !isPickleName(member.name)) continue;
    try {
      await member.read((content) => readFile(content, member.name, reading, depth + 1));
    } catch (error) {
      throw within(member.name, error);
    }
  }
}

/** What a failure is about, when that is a file in a file. */
function within(name: string, error: unknown): unknown {
  const message = `has ${name}, which ${(error as Error).message}`;
  if (error instanceof Malformed) return new Malformed(message, { cause: error });
  return error instanceof Unreadable ? new Unreadable(message, { cause: error }) : error;
}

/**
 * Reads pickles that follow each other, as PyTorch wrote them before 1.6; anything may stand behind the last one.
 *
 * A file that has not even the signature of a pickle may be one of protocol 0 or 1. It is one if it imports something:
 * an unpickler runs until it stops, too.
 */
async function readPickles(windows: Windows, start: number, reading: Reading, depth: number): Promise<void> {
  const head = (await windows.at(start, Math.min(64, windows.size - start))).subarray(0, 64);
  const isTorch = head.includes(TORCH);
  const isPickle = signatureOf(head) === 'pickle';
  const most = isTorch ? TORCH_PICKLES : Number.POSITIVE_INFINITY;
  const cursor = new Cursor(windows, start);

  /** A tensor that was pickled without torch.save is a file of PyTorch in the pickle. */
  async function inBytes(place: Literal): Promise<void> {
    if (depth > DEEPEST) throw new Unreadable('has too many pickles in each other');
    await readFile(part(windows, place.start, place.length), 'tensor.pt', reading, depth + 1);
  }

  for (let read = 0; cursor.left > 0 && read < most; read++) {
    const before = reading.imports.size;
    try {
      await scanPickle(cursor, reading.imports, inBytes);
    } catch (error) {
      const harmless = error instanceof Malformed && reading.imports.size === before;
      const needed = isTorch || (isPickle && read === 0);
      if (harmless && !needed) return;
      throw error;
    } finally {
      reading.found ||= isPickle || reading.imports.size > before;
    }
  }
}
