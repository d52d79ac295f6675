import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Bundle, Former } from '../bundle/bundle.ts';
import { idOf, encodeIndex } from '../bundle/contents.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { readBundle } from '../bundle/read.ts';
import { openDisk, type DiskFile } from '../disk.ts';
import { onDisk } from './disk-failure.ts';
import { beside, discardPartial, fileWriter } from './file.ts';
import { readJournal, type Journal } from './journal.ts';
import { lock } from './lock.ts';
import type { Destination } from './sink.ts';

export interface FileDestinationOptions {
  /** Replace what is no bundle, and use nothing of an earlier run. */
  readonly force: boolean;
  /** Only look; the destination may then be in use by another run. */
  readonly readOnly: boolean;
  readonly run: Run;
}

/** @throws ModelpackError `usage` when `output` is no bundle, or another run writes it */
export async function fileDestination(output: string, options: FileDestinationOptions): Promise<Destination> {
  const { force, readOnly, run } = options;
  const paths = beside(output);
  await refuseFolder(output);
  const held = readOnly ? undefined : await onDisk(output, () => lock(paths.lock, output));
  const opened: DiskFile[] = [];

  async function openIfThere(path: string): Promise<DiskFile | undefined> {
    const disk = await openDisk(path).catch((error: unknown) => {
      if (error instanceof ModelpackError && error.code === 'not-found') return undefined;
      throw error;
    });
    if (disk !== undefined) opened.push(disk);
    return disk;
  }

  async function close(): Promise<void> {
    for (const disk of opened) await disk[Symbol.asyncDispose]();
    await held?.release();
  }

  try {
    const there = await openIfThere(output);
    const existing = there && (await bundleThere(there, output, force, run));
    const journal = force ? undefined : await readJournal(paths.journal);
    const partial = journal && (await openIfThere(paths.part));
    const resumable = journal && partial ? journal : undefined;
    return {
      location: () => output,
      digest: true,
      minPartSize: 1,
      former: force ? undefined : formerOf(existing, resumable, partial),
      async find(bundle, check) {
        if (force || existing?.id !== bundle.id) return undefined;
        const files = bundle.layout.members.length - 1;
        run.report({ type: 'transfer', verb: 'verify', to: output, total: bundle.size, reused: 0, files });
        try {
          for await (const chunk of existing.open()) {
            run.signal.throwIfAborted();
            check.update(chunk);
            run.report({ type: 'bytes', count: chunk.length, from: 'disk' });
          }
          const sha256 = check.finish() ?? null;
          await discardPartial(output); // of a run towards another bundle
          return { sha256 };
        } catch (error) {
          if (!(error instanceof ModelpackError) || error.code !== 'integrity') throw error;
          run.report({ type: 'note', text: `${error.message}; it is fetched again` });
          return undefined;
        }
      },
      // Its small files are on this machine: reading them is no transfer.
      recall: async () => undefined,
      begin(bundle, { partSize, fresh }) {
        const same = resumable?.partSize === partSize && idOf(encodeIndex(resumable.index)) === bundle.id;
        return fileWriter(output, bundle.layout, partSize, same && !fresh ? resumable : undefined);
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function refuseFolder(output: string): Promise<void> {
  const isFolder =
    output.endsWith('/') || (await stat(output).catch(() => undefined))?.isDirectory() === true;
  if (!isFolder) return;
  throw new ModelpackError('usage', `${output} is a folder`, {
    hint: `name a file in it: -o ${join(output, 'models.tar')}`,
  });
}

function formerOf(
  existing: Bundle | undefined,
  journal: Journal | undefined,
  partial: DiskFile | undefined,
): Former | undefined {
  if (existing !== undefined) return { index: existing.index, content: existing };
  return journal && partial && { index: journal.index, content: partial };
}

/** The bundle that a file holds. One that is cut off or damaged is there to be replaced. */
async function bundleThere(disk: DiskFile, output: string, force: boolean, run: Run) {
  try {
    const bundle = await readBundle(disk, output);
    if (bundle !== undefined || force) return bundle;
  } catch (error) {
    if (!(error instanceof ModelpackError) || error.code !== 'integrity') throw error;
    run.report({ type: 'note', text: `${error.message}; it is replaced` });
    return undefined;
  }
  throw new ModelpackError('usage', `${output} exists and is no bundle`, {
    hint: 'choose another name with -o, or replace it with --force',
  });
}
