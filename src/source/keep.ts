import { randomUUID } from 'node:crypto';
import { open, rm, statfs, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { MiB } from '../bytes.ts';
import { readAt } from '../disk.ts';

/** A place for the bytes of one file. */
export interface Kept {
  /** Where the bytes are in memory: all of them. */
  readonly memory: Buffer | undefined;
  write(bytes: Uint8Array, at: number): Promise<void>;
  read(into: Uint8Array, start: number): Promise<void>;
}

/** Keeps what was read for its hash until it is wanted again. */
export interface Keeper extends AsyncDisposable {
  /**
   * @param size in bytes
   * @param onDisk whether a disk may hold it
   * @returns undefined when there is no room
   */
  place(size: number, onDisk: boolean): Promise<Kept | undefined>;
}

/** In memory, for all files together. */
const MEMORY = 32 * MiB;

/**
 * @param folder for what memory has no room for: one file without a name, so that nothing is left of it however this
 * process ends; undefined for memory alone
 */
export function keeper(folder: string | undefined): Keeper {
  let room = MEMORY;
  let file: Promise<FileHandle | undefined> | undefined;
  let end = 0;
  let unwritten = 0;

  async function onDisk(size: number): Promise<Kept | undefined> {
    const handle = await (file ??= openUnnamed(folder!));
    const { bavail, bsize } = await statfs(folder!).catch(() => ({ bavail: 0, bsize: 0 }));
    if (handle === undefined || bavail * bsize < unwritten + size) return undefined;
    const offset = end;
    let reached = 0;
    end += size;
    unwritten += size;
    return {
      memory: undefined,
      async write(bytes, at) {
        const { bytesWritten } = await handle.write(bytes, 0, bytes.length, offset + at);
        if (bytesWritten < bytes.length) throw new Error('the disk is full');
        unwritten -= Math.max(0, at + bytes.length - reached);
        reached = Math.max(reached, at + bytes.length);
      },
      read: (into, start) => readAt(handle, 'the temporary file', into, offset + start),
    };
  }

  return {
    async place(size, mayBeOnDisk) {
      if (size > room) return mayBeOnDisk && folder !== undefined ? onDisk(size) : undefined;
      room -= size;
      return inMemory(Buffer.allocUnsafeSlow(size));
    },
    async [Symbol.asyncDispose]() {
      await (await file)?.close();
    },
  };
}

function inMemory(memory: Buffer): Kept {
  return {
    memory,
    async write(bytes, at) {
      memory.set(bytes, at);
    },
    async read(into, start) {
      into.set(memory.subarray(start, start + into.length));
    },
  };
}

/** On a read-only file system there is none: then it is read again. */
async function openUnnamed(folder: string): Promise<FileHandle | undefined> {
  const path = join(folder, `modelpack-${randomUUID()}`);
  const handle = await open(path, 'wx+', 0o600).catch(() => undefined);
  await rm(path, { force: true });
  return handle;
}
