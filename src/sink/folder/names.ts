import { createHash } from 'node:crypto';

/** In the folder while a run writes to it. */
export const LOCK_NAME = '.modelpack.lock';

const temporary = /^\.modelpack-[0-9a-f]{16}\.part$/;

/**
 * The name of a file until it is right. Always the same for one file, so that the next run knows it again; of fixed
 * length, since the file's own may be as long as a name can be.
 */
export function temporaryName(name: string): string {
  return `.modelpack-${createHash('sha256').update(name).digest('hex').slice(0, 16)}.part`;
}

export function isTemporary(name: string): boolean {
  return temporary.test(name);
}

/** Whether a file that is to be unpacked has a name that unpacking needs itself. */
export function isReserved(path: string): boolean {
  return path === LOCK_NAME || path.startsWith(`${LOCK_NAME}/`) || path.split('/').some(isTemporary);
}
