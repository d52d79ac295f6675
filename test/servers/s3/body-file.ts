import { rmSync } from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const READ_BYTES = 1024 * 1024;
const WRITE_BYTES = 1024 * 1024;

/** Bytes of one upload or part on disk. Objects and their copies share it; the last one to let go deletes it. */
export class BodyFile {
  readonly path: string;
  readonly size: number;
  #holders = 1;

  constructor(path: string, size: number) {
    this.path = path;
    this.size = size;
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
    // A turn later, so that an answer that is about to read it can still take hold.
    setImmediate(() => {
      if (this.#holders === 0) void remove(this.path);
    });
  }
}

// A test that fails before it closes its server leaves no gigabytes behind.
const leftovers = new Set<string>();
process.once('exit', () => {
  for (const path of leftovers) rmSync(path, { recursive: true, force: true });
});

/** A folder of its own below `parent`, removed whole at the end; its state would not survive the process anyway. */
export class BodyFolder {
  readonly path: string;
  #count = 0;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(parent = tmpdir()): Promise<BodyFolder> {
    await mkdir(parent, { recursive: true });
    const folder = new BodyFolder(await mkdtemp(join(parent, 's3-server-')));
    leftovers.add(folder.path);
    return folder;
  }

  async write(): Promise<BodyWriter> {
    const path = join(this.path, `${this.#count++}`);
    return new BodyWriter(path, await open(path, 'wx'));
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
    leftovers.delete(this.path);
  }
}

/** Gathers the small buffers of the network into large writes, one of them under way while the next one fills. */
export class BodyWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  #gathered: Uint8Array[] = [];
  #gatheredSize = 0;
  #size = 0;
  #underWay: Promise<void> = Promise.resolve();

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#gathered.push(bytes);
    this.#gatheredSize += bytes.length;
    this.#size += bytes.length;
    if (this.#gatheredSize >= WRITE_BYTES) await this.#flush();
  }

  async finish(): Promise<BodyFile> {
    await this.#flush();
    await this.#underWay;
    await this.#file.close();
    return new BodyFile(this.#path, this.#size);
  }

  async discard(): Promise<void> {
    await this.#underWay.catch(() => {});
    await this.#file.close().catch(() => {});
    await remove(this.#path);
  }

  async #flush(): Promise<void> {
    await this.#underWay;
    const buffers = this.#gathered;
    this.#gathered = [];
    this.#gatheredSize = 0;
    if (buffers.length === 0) return;
    this.#underWay = writeAll(this.#file, buffers);
    // Whoever awaits it next sees the failure; this only keeps Node from calling it unhandled until then.
    this.#underWay.catch(() => {});
  }
}

/** The bytes from `start` to before `end` of files laid end to end. They stay on disk until the reader is done. */
export async function* readBody(
  files: readonly BodyFile[],
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  for (const file of files) file.hold();
  try {
    let offset = 0;
    for (const file of files) {
      const from = Math.max(0, start - offset);
      const to = Math.min(file.size, end - offset);
      if (from < to) yield* readFile(file, from, to);
      offset += file.size;
    }
  } finally {
    for (const file of files) file.release();
  }
}

async function* readFile(file: BodyFile, from: number, to: number): AsyncGenerator<Buffer> {
  const handle = await open(file.path);
  try {
    for (let at = from; at < to;) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, to - at));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw new Error(`${file.path} is shorter than ${file.size} bytes`);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

// A write to a disk may stop short; the rest is written in order after it.
async function writeAll(file: FileHandle, buffers: readonly Uint8Array[]): Promise<void> {
  const { bytesWritten } = await file.writev(buffers);
  let skip = bytesWritten;
  for (const buffer of buffers) {
    const rest = buffer.subarray(Math.min(skip, buffer.length));
    skip -= buffer.length - rest.length;
    if (rest.length > 0) await file.writeFile(rest);
  }
}

async function remove(path: string): Promise<void> {
  // Nothing waits for it: what cannot be deleted now goes with the folder.
  await rm(path, { force: true }).catch(() => {});
}
