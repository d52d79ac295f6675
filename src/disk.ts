import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open as openFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { open, type Content, type Stored } from './bytes.ts';
import { codeOf, ModelpackError } from './errors.ts';
import { shellWord } from './printable.ts';

/** A file on disk, open for reading at any place. */
export interface DiskFile extends Stored {
  readonly path: string;
  readonly identity: string;
  /** Whether it was written to, or replaced, since it was opened. */
  changed(): Promise<boolean>;
}

/** Which file it is and when it was last written: what changes when its content does. */
export function identityOf({ ino, size, mtimeNs }: BigIntStats): string {
  return [ino, size, mtimeNs].join(':');
}

/** @throws ModelpackError `not-found`, or `usage` for a folder and what may not be read */
export async function openDisk(path: string): Promise<DiskFile> {
  const handle = await openFile(path, 'r').catch((error: unknown) => Promise.reject(unreadable(path, error)));
  const before = await handle.stat({ bigint: true });
  if (!before.isFile()) {
    await handle.close();
    throw new ModelpackError('usage', `${path} is no file`, { hint: 'name a file' });
  }
  return {
    path,
    location: path,
    size: Number(before.size),
    identity: identityOf(before),
    async changed() {
      return identityOf(await stat(path, { bigint: true })) !== identityOf(before);
    },
    read: (into, start) => readAt(handle, path, into, start),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/**
 * Fills all of `into` from byte `start` of an open file.
 *
 * @throws ModelpackError `integrity` when the file ends before
 */
export async function readAt(
  handle: FileHandle,
  path: string,
  into: Uint8Array,
  start: number,
): Promise<void> {
  for (let filled = 0; filled < into.length;) {
    const { bytesRead } = await handle.read(into, filled, into.length - filled, start + filled);
    if (bytesRead === 0) {
      throw new ModelpackError('integrity', `${path} ends at byte ${start + filled}, more was expected`, {
        hint: 'it was cut off or is being written: make or fetch it again',
      });
    }
    filled += bytesRead;
  }
}

/** Writes all of `bytes` from byte `start` of an open file on. */
export async function writeAt(handle: FileHandle, bytes: Uint8Array, start: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, start + written);
    written += bytesWritten;
  }
}

/**
 * Writes a small file in one step: at `path` is what was there before, or all of `content`.
 *
 * @param mode of the file; what a new one has by default
 */
export async function replaceFile(path: string, content: string | Uint8Array, mode = 0o666): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    const file = await openFile(beside, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/**
 * The hash of a whole content, hex.
 *
 * @param prefix hashed before it: git's `blob <size>\0`
 */
export async function hashOf(content: Content, algorithm: 'sha256' | 'sha1', prefix = ''): Promise<string> {
  const hash = createHash(algorithm).update(prefix);
  for await (const chunk of open(content)) hash.update(chunk);
  return hash.digest('hex');
}

/** What the operating system said, for a path that was to be read. */
export function unreadable(path: string, cause: unknown): unknown {
  const code = codeOf(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new ModelpackError('not-found', `there is no ${path}`, {
      hint: `check the path: ls ${shellWord(dirname(path))}`,
      cause,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new ModelpackError('refused', `${path} may not be read`, {
      hint: 'check its owner and mode: ls -l',
      cause,
    });
  }
  if (code === 'EISDIR') return new ModelpackError('usage', `${path} is a folder`, { cause });
  return cause;
}
