import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Layout } from '../bundle/layout.ts';
import { readAt, writeAt } from '../disk.ts';
import { partLength } from '../parts.ts';
import { onDisk } from './disk-failure.ts';
import { beginJournal, continueJournal, type Journal } from './journal.ts';
import { requireRoom, roomIn } from './room.ts';
import type { Writer } from './sink.ts';

const NO_ROOM = 'write to another disk with -o, or leave files out with --exclude';

/** What stands beside an output while it is written. None of it is left when the bundle is complete. */
export function beside(output: string) {
  return { part: `${output}.part`, journal: `${output}.part.journal`, lock: `${output}.lock` };
}

/**
 * Writes a bundle to `output` through `<output>.part`.
 *
 * @param former an earlier run's journal, already found to be of this bundle and this part size
 * @throws ModelpackError `no-room` when the disk cannot hold it, before the first byte
 */
export async function fileWriter(
  output: string,
  layout: Layout,
  partSize: number,
  former: Journal | undefined,
): Promise<Writer> {
  const paths = beside(output);
  const resumed =
    former !== undefined && (await stat(paths.part).catch(() => undefined))?.size === layout.size;
  const done = new Set(resumed ? former.parts : []);
  const already = resumed ? await allocated(paths.part) : 0;
  requireRoom(output, await roomIn(dirname(output), output), layout.size - already, NO_ROOM);

  // The journal comes first: a partial file without one would be of no use.
  const journal = await onDisk(output, () =>
    resumed
      ? continueJournal(paths.journal, former)
      : beginJournal(paths.journal, layout.indexBytes, partSize),
  );
  const handle = await onDisk(output, () => open(paths.part, resumed ? 'r+' : 'w+'));
  if (!resumed) await onDisk(output, () => handle.truncate(layout.size));

  async function close(): Promise<void> {
    await handle.close();
    await journal.close();
  }

  return {
    reused: [...done].reduce((sum, number) => sum + partLength(number, partSize, layout.size), 0),
    has: (part) => done.has(part.number),
    readBack: (part, into) => readAt(handle, paths.part, into, part.start),
    async write(part, bytes) {
      await onDisk(output, () => writeAt(handle, bytes, part.start));
      await onDisk(output, () => journal.appendFile(`${part.number}\n`));
    },
    async finish() {
      await onDisk(output, () => handle.datasync());
      await close();
      await onDisk(output, () => rename(paths.part, output));
      await syncFolder(dirname(output));
      await rm(paths.journal, { force: true });
    },
    keep: close,
    async discard() {
      await close();
      await discardPartial(output);
    },
  };
}

/** Removes what a broken run left. */
export async function discardPartial(output: string): Promise<void> {
  const { part, journal } = beside(output);
  await rm(part, { force: true });
  await rm(journal, { force: true });
}

/** The blocks that a sparse file really has. `blocks` counts 512 bytes each, whatever the file system's are. */
async function allocated(path: string): Promise<number> {
  return (await stat(path)).blocks * 512;
}

/** A new name is durable once its folder is; some file systems refuse to sync a folder and need it not. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(join(folder, '.'), 'r');
  await handle.sync().catch(() => {});
  await handle.close();
}
