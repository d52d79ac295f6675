import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { codeOf, ModelpackError } from '../errors.ts';

/** Runs `action` on the output and says in the user's words what the operating system refused. */
export async function onDisk<T>(output: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw diskFailure(output, error);
  }
}

/** @throws ModelpackError `usage` for what cannot be a file that is written here */
export async function checkWritable(output: string): Promise<void> {
  await onDisk(output, async () => {
    const there = await stat(output).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
      return undefined;
    });
    if (there?.isDirectory()) {
      throw new ModelpackError('usage', `${output} is a folder`, { hint: 'name a file' });
    }
    await access(there === undefined ? dirname(output) : output, constants.W_OK);
  });
}

function diskFailure(output: string, cause: unknown): unknown {
  switch (codeOf(cause)) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new ModelpackError('no-room', `the disk filled up while writing ${output}`, {
        hint: 'make room and run the same command again: it goes on where it stopped',
        cause,
      });
    case 'ENOENT':
    case 'ENOTDIR':
      return new ModelpackError('usage', `${output}: its folder does not exist`, {
        hint: `mkdir -p ${dirname(output)}`,
        cause,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ModelpackError('usage', `${output} may not be written`, {
        hint: 'choose a folder that can be written',
        cause,
      });
    case 'ENAMETOOLONG':
      return new ModelpackError('usage', `${output}: the path is too long for this disk`, {
        hint: 'choose a folder with a shorter path',
        cause,
      });
    default:
      return cause;
  }
}
