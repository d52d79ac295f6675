import { join } from 'node:path';

import type { Layout } from '../../bundle/layout.ts';
import type { Run } from '../../events.ts';
import { onDisk } from '../disk-failure.ts';
import { lock } from '../lock.ts';
import { requireRoom, roomIn } from '../room.ts';
import { openFolders, parentOf, type Folders } from './folders.ts';
import type { PlacedFile, Placement } from './layout.ts';
import { LOCK_NAME } from './names.ts';
import { findRight, removeLeftovers, sizeThere } from './survey.ts';
import { folderWriter, type FolderWriter } from './writer.ts';

/** A folder that nobody else unpacks into meanwhile. */
export interface FolderDestination extends AsyncDisposable {
  /** Absolute, without links. */
  readonly path: string;
  /** Files that are not there as they should be. */
  readonly missing: readonly PlacedFile[];
  /**
   * @param layout of a bundle of what is missing
   * @throws ModelpackError `no-room`, before anything is written
   */
  begin(layout: Layout): Promise<FolderWriter>;
}

/**
 * Opens a folder for a placement, and looks what of it is there already.
 *
 * @throws ModelpackError `usage` when another run writes to it, or something stands where a file or folder must be
 */
export async function folderDestination(
  folder: string,
  placement: Placement,
  run: Run,
): Promise<FolderDestination> {
  const folders = await openFolders(folder);
  const held = await lockOf(folders, folder);
  let isFinished = false;

  async function close(): Promise<void> {
    await held.release();
    if (!isFinished) await folders.unmake();
  }

  try {
    for (const { path } of placement.references) await sizeThere(folders, path); // nothing in its way
    const right = await findRight(folders, placement.files, run);
    const missing = placement.files.filter((file) => !right.has(file));
    return {
      path: folders.root,
      missing,
      async begin(layout) {
        await removeLeftovers(folders, [...placement.files, ...placement.references]);
        await checkRoom(folders, missing);
        for (const path of placement.folders) await folders.make(path);
        for (const { path } of [...missing, ...placement.references]) await folders.make(parentOf(path));
        const writer = folderWriter(folders, layout, missing, placement.references);
        return { ...writer, finish: () => writer.finish().then(() => void (isFinished = true)) };
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function lockOf(folders: Folders, folder: string) {
  try {
    return await onDisk(folder, () => lock(join(folders.root, LOCK_NAME), folder));
  } catch (error) {
    await folders.unmake();
    throw error;
  }
}

async function checkRoom(folders: Folders, missing: readonly PlacedFile[]): Promise<void> {
  const output = folders.shown('');
  const room = await roomIn(folders.root, output);
  const needed = missing.reduce((sum, { size }) => sum + Math.ceil(size / room.block) * room.block, 0);
  requireRoom(output, room, needed, 'unpack to another disk, or fewer files with --only');
}
