import { MiB } from '../bytes.ts';
import { openDisk } from '../disk.ts';
import { Changed } from './errors.ts';
import type { Origin, Traffic } from './origin.ts';

const HEAD = MiB;

/** A bundle on disk. */
export async function openFile(path: string, traffic: Traffic): Promise<Origin> {
  const disk = await openDisk(path);

  async function read(into: Uint8Array, start: number): Promise<void> {
    traffic.requests++;
    await disk.read(into, start);
    traffic.bytes += into.length;
  }

  try {
    const head = Buffer.alloc(Math.min(HEAD, disk.size));
    await read(head, 0);
    return {
      location: path,
      size: disk.size,
      head,
      atOnce: 4, // the threads of libuv's pool
      async read({ pieces }, run) {
        for (const { at, into } of pieces) {
          run.signal.throwIfAborted();
          await read(into, at);
        }
      },
      async finish() {
        if (await disk.changed()) throw new Changed(path);
      },
      [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose](),
    };
  } catch (error) {
    await disk[Symbol.asyncDispose]();
    throw error;
  }
}
