import { join } from 'node:path';

import pLimit from 'p-limit';

import { membersBetween } from '../../bundle/bundle.ts';
import type { Layout } from '../../bundle/layout.ts';
import type { Part } from '../../parts.ts';
import type { Writer } from '../sink.ts';
import { arriving, type Arriving } from './arriving.ts';
import type { Folders } from './folders.ts';
import type { Reference } from './hub-cache.ts';
import type { PlacedFile } from './layout.ts';

/** Small files written at once: more than one, for each takes several calls to the system. */
const WRITES = 16;

/** Writes the files of a bundle into folders that are there. What is finished stays, however the run ends. */
export interface FolderWriter extends Writer {
  /** The hash of a member, named by its path in the tar, was checked and is right. */
  approve(member: string): void;
}

/** @param layout of a bundle that holds `files` and nothing else */
export function folderWriter(
  folders: Folders,
  layout: Layout,
  files: readonly PlacedFile[],
  references: readonly Reference[],
): FolderWriter {
  const arrivals = new Map(files.map((file) => [file.member, arrivalOf(folders, file.path, file.size)]));
  const limit = pLimit(WRITES);
  const approvals: Promise<void>[] = [];
  let failure: { readonly cause: unknown } | undefined;

  async function write(part: Part, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const pieces: Promise<void>[] = [];
    for (const { path, offset, size } of membersBetween(layout, part.start, part.end)) {
      const from = Math.max(part.start, offset);
      const to = Math.min(part.end, offset + size);
      const arrival = from < to ? arrivals.get(path) : undefined;
      if (arrival === undefined) continue;
      const piece = bytes.subarray(from - part.start, to - part.start);
      pieces.push(limit(() => writePiece(arrival, piece, from - offset, signal)));
    }
    await Promise.all(pieces);
    throwFailure();
  }

  /** Never rejects: all pieces have ended when one has failed, and none is begun after that. */
  async function writePiece(arrival: Arriving, piece: Uint8Array, start: number, signal: AbortSignal) {
    if (failure !== undefined || signal.aborted) return;
    await arrival.write(piece, start).catch(fail);
  }

  function approve(member: string): void {
    const approval = arrivals.get(member)?.approve() ?? Promise.resolve();
    approvals.push(approval.catch(fail));
  }

  function fail(cause: unknown): void {
    failure ??= { cause };
  }

  function throwFailure(): void {
    if (failure !== undefined) throw failure.cause;
  }

  async function end(): Promise<void> {
    await Promise.all(approvals);
    for (const arrival of arrivals.values()) await arrival.abandon();
  }

  return {
    reused: 0,
    has: () => false,
    readBack: () => Promise.reject(new Error('nothing of a folder is read back')),
    write,
    approve,
    async finish() {
      await Promise.all(approvals);
      throwFailure();
      for (const reference of references) await writeReference(folders, reference);
    },
    keep: end,
    discard: end,
  };
}

async function writeReference(folders: Folders, { path, content }: Reference): Promise<void> {
  const bytes = Buffer.from(content);
  const arrival = arrivalOf(folders, path, bytes.length);
  try {
    await arrival.write(bytes, 0);
    await arrival.approve();
  } finally {
    await arrival.abandon();
  }
}

function arrivalOf(folders: Folders, path: string, size: number): Arriving {
  return arriving(join(folders.root, path), size, folders.shown(path));
}
