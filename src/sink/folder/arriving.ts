import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { writeAt } from '../../disk.ts';
import { onDisk } from '../disk-failure.ts';
import { temporaryName } from './names.ts';

/** The umask takes from it. */
const MODE = 0o644;

/**
 * A file that is written in any order, under a temporary name. It gets its own when both are true: all of its bytes
 * are written, and somebody has found them right. It is not synced: after a power cut the next run hashes it again.
 */
export interface Arriving {
  write(bytes: Uint8Array, start: number): Promise<void>;
  /** All of its bytes have been hashed, and are right; they need not be written yet. */
  approve(): Promise<void>;
  /** Removes what was written, unless it is complete. */
  abandon(): Promise<void>;
}

/**
 * @param size in bytes
 * @param shown for messages
 */
export function arriving(path: string, size: number, shown: string): Arriving {
  const temporary = join(dirname(path), temporaryName(basename(path)));
  let handle: Promise<FileHandle> | undefined;
  let left = size;
  let isWritten = false;
  let isRight = false;
  let isPlaced = false;

  async function write(bytes: Uint8Array, start: number): Promise<void> {
    // Exclusively: a link that somebody has put there is not followed.
    const file = await (handle ??= onDisk(shown, () => open(temporary, 'wx', MODE)));
    await onDisk(shown, () => writeAt(file, bytes, start));
    left -= bytes.length;
    if (left > 0) return;
    await onDisk(shown, () => file.close()); // a network file system tells only now that it is full
    isWritten = true;
    await placeIfReady();
  }

  async function approve(): Promise<void> {
    isRight = true;
    if (size === 0) await write(new Uint8Array(), 0);
    else await placeIfReady();
  }

  /** Ready only once: for whichever of the two comes last. */
  async function placeIfReady(): Promise<void> {
    if (!isWritten || !isRight) return;
    await onDisk(shown, () => rename(temporary, path));
    isPlaced = true;
  }

  async function abandon(): Promise<void> {
    if (isPlaced) return;
    const file = await handle?.catch(() => undefined);
    if (file === undefined) return;
    await file.close();
    await rm(temporary, { force: true });
  }

  return { write, approve, abandon };
}
