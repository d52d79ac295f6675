import { statfs } from 'node:fs/promises';

import { ModelpackError } from '../errors.ts';
import { formatSize } from '../size.ts';
import { onDisk } from './disk-failure.ts';

/** What a disk has to give, in bytes. */
export interface Room {
  readonly free: number;
  /** Every file takes whole ones of these. */
  readonly block: number;
}

/** @param folder on the disk; `output` is for messages */
export async function roomIn(folder: string, output: string): Promise<Room> {
  const { bavail, bsize } = await onDisk(output, () => statfs(folder));
  return { free: bavail * bsize, block: bsize };
}

/**
 * Refuses to begin what the disk cannot hold.
 *
 * @param needed in bytes, besides what is there already
 * @throws ModelpackError `no-room`
 */
export function requireRoom(output: string, { free }: Room, needed: number, hint: string): void {
  if (needed <= free) return;
  throw new ModelpackError(
    'no-room',
    `${output} needs ${formatSize(needed)} more, the disk has ${formatSize(free)} free`,
    { hint },
  );
}
