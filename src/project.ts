import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';

import type { Config } from './config/config.ts';
import { readConfig } from './config/read.ts';
import { unreadable } from './disk.ts';
import { codeOf, ModelpackError } from './errors.ts';
import { decodeLock } from './lock/decode.ts';
import { encodeLock } from './lock/encode.ts';
import type { Lock } from './lock/lock.ts';
import { isPath } from './source/folder.ts';
import { splitName } from './source/sources.ts';
import { isS3Url } from './s3/url.ts';
import { replaceFile } from './disk.ts';

/** A configuration, and the lock beside it. */
export interface Project {
  /** As it may be shown and opened from the working directory. */
  readonly path: string;
  readonly config: Config;
  readonly lockPath: string;
  /** A path of the configuration, which is relative to its folder. */
  readonly place: (path: string) => string;
  /** A source of the configuration, for the working directory. */
  readonly reference: (asked: string) => string;
  /** @returns undefined where there is none */
  readLock(): Promise<Lock | undefined>;
  writeLock(lock: Lock): Promise<void>;
}

export const CONFIG_NAMES = ['modelpack.yaml', 'modelpack.yml', 'modelpack.json'] as const;

/**
 * The configuration of a name, or the one in `cwd` or a folder above it, up to where a repository begins.
 *
 * @returns undefined when none is named and none is found
 * @throws ModelpackError `not-found` for a name, `usage` for two in one folder and for a file that cannot be read
 */
export async function findProject(named: string | undefined, cwd: string): Promise<Project | undefined> {
  const found = named ?? (await findConfig(cwd));
  if (found === undefined) return undefined;
  const path = relative(cwd, resolve(cwd, found));
  const text = await readFile(resolve(cwd, found), 'utf8').catch((error: unknown) =>
    Promise.reject(unreadable(path, error)),
  );
  const folder = dirname(path);
  const lockPath = join(folder, `${basename(path, extname(path))}.lock`);
  const place = (inside: string) => (isAbsolute(inside) ? inside : join(folder, inside));
  return {
    path,
    config: readConfig(text, path),
    lockPath,
    place: (inside) => (isS3Url(inside) ? inside : place(inside)),
    reference(asked) {
      const { name, reference } = splitName(asked);
      if (!isPath(reference) || isAbsolute(reference) || reference.startsWith('~')) return asked;
      const moved = place(reference).split(sep).join('/');
      const spelled = isPath(moved) ? moved : `./${moved}`;
      return name === undefined ? spelled : `${name}=${spelled}`;
    },
    async readLock() {
      try {
        return await decodeLock(await readFile(lockPath, 'utf8'), lockPath);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error instanceof ModelpackError ? error : unreadable(lockPath, error);
      }
    },
    writeLock: (lock) => replaceFile(lockPath, encodeLock(lock)),
  };
}

/** The configuration in `cwd` or a folder above it, as `cwd` has it. */
export async function findConfig(cwd: string): Promise<string | undefined> {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const here: string[] = [];
    for (const name of CONFIG_NAMES) if (await isThere(join(folder, name))) here.push(name);
    if (here.length > 1)
      throw new ModelpackError('usage', `there are ${here.join(' and ')}`, {
        hint: 'keep one, or name it: --config modelpack.yaml',
      });
    if (here.length === 1) return relative(cwd, join(folder, here[0]!));
    if (dirname(folder) === folder || (await isThere(join(folder, '.git')))) return undefined;
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
