import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import pRetry from 'p-retry';

import { messageOf, ModelpackError } from '../errors.ts';
import { MAX_PARTS } from '../parts.ts';
import type { SentPart } from '../s3/proof.ts';
import type { Target } from '../s3/stored.ts';
import { formatS3Url } from '../s3/url.ts';
import { lock, type Lock } from './lock.ts';

/** Which upload it is, and of what. */
export interface UploadHead {
  /** Undefined while it is begun: S3 may have made it, and the answer may have been lost. */
  readonly uploadId: string | undefined;
  /** When it was begun, in milliseconds since 1970. */
  readonly begun: number;
  /** Of what is sent: the bundle's id, or the sha256 of a single file. */
  readonly id: string;
  /** In bytes. */
  readonly partSize: number;
  /** Everything that the object is given besides its bytes, as one text; undefined where another machine began it. */
  readonly attributes: string | undefined;
}

/** What an earlier run noted. It is believed only where S3 says the same. */
export interface FormerUpload extends UploadHead {
  readonly parts: ReadonlyMap<number, SentPart>;
  /** All bytes before this one were checked. */
  readonly verified: number;
}

/**
 * What this machine knows of an upload that S3 does not tell: that it is ours, and how far its bytes were checked.
 * A file of JSON lines, the head first, appended to while parts are sent. Without one, because nothing may be written
 * here or another machine began, an upload is gone on with by its parts' checksums alone.
 */
export interface UploadJournal {
  readonly former: FormerUpload | undefined;
  begin(head: UploadHead, parts: readonly SentPart[], verified: number): Promise<void>;
  sent(part: SentPart): void;
  checked(position: number): void;
  /** Leaves it for the next run. */
  close(): Promise<void>;
  /** One that cannot be removed stays: it is believed no further than S3 says the same. */
  remove(): Promise<void>;
}

const none: UploadJournal = {
  former: undefined,
  begin: async () => {},
  sent() {},
  checked() {},
  close: async () => {},
  remove: async () => {},
};

/** @param folder for all journals; undefined for none */
export async function uploadJournal(
  folder: string | undefined,
  target: Pick<Target, 'client' | 'url' | 'run'>,
): Promise<UploadJournal> {
  if (folder === undefined) return none;
  const { run } = target;
  const where = formatS3Url(target.url);
  const path = await pathOf(folder, target);
  const uploads = dirname(path);
  let held: Lock | undefined;
  let made: string | undefined;
  try {
    made = await mkdir(uploads, { recursive: true, mode: 0o700 });
    held = await lockPatiently(`${path}.lock`, where);
  } catch (error) {
    // A disk that may not be written to is what fetching to S3 is for; it costs no more than some resuming.
    if (error instanceof ModelpackError) {
      run.report({ type: 'note', text: `${error.message}; both go on` });
    }
    return none;
  }
  let handle: FileHandle | undefined;
  let writing: Promise<void> = Promise.resolve();
  let verified = 0;

  function append(line: object): void {
    writing = writing.then(() => handle?.appendFile(`${JSON.stringify(line)}\n`)).catch(giveUp);
  }

  function giveUp(error: unknown): void {
    const text = `${path} cannot be written (${messageOf(error)}); a later run may have to send more again`;
    if (handle !== undefined) run.report({ type: 'note', text });
    void handle?.close();
    handle = undefined;
  }

  async function removeFile(name: string): Promise<void> {
    await rm(name, { force: true }).catch(() => {}); // a folder, or a disk that may not be written to any more
  }

  async function close(): Promise<void> {
    await writing;
    await handle?.close();
    handle = undefined;
    await held?.release();
    held = undefined;
  }

  return {
    former: await read(path),
    async begin(head, parts, from) {
      verified = from;
      await writing;
      await handle?.close();
      const lines = [{ journal: 1, ...head }, ...parts.map((part) => ({ part })), { verified }];
      try {
        handle = await open(`${path}.new`, 'w', 0o600);
        await handle.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
        await rename(`${path}.new`, path);
      } catch (error) {
        giveUp(error);
        await removeFile(`${path}.new`);
      }
    },
    sent: (part) => append({ part }),
    checked(position) {
      if (position > verified) append({ verified: (verified = position) });
    },
    close,
    async remove() {
      await close();
      await removeFile(path);
      await removeEmpty(uploads, made !== undefined && folder.startsWith(made) ? made : folder);
    },
  };
}

/** A run that was killed may take a moment to be gone. */
async function lockPatiently(path: string, where: string): Promise<Lock> {
  const patience = { retries: 10, minTimeout: 200, maxTimeout: 200 };
  return pRetry(() => lock(path, where), {
    ...patience,
    shouldRetry: ({ error }) => error instanceof ModelpackError,
  });
}

/** Removes a folder and those above it, up to `last`, as far as nothing else is in them. */
async function removeEmpty(folder: string, last: string): Promise<void> {
  const removed = await rmdir(folder).then(
    () => true,
    () => false,
  );
  if (removed && folder !== last) await removeEmpty(dirname(folder), last);
}

/** Whether an earlier run to this address left a journal. Looks, and makes nothing. */
export async function hasUploadJournal(
  folder: string | undefined,
  target: Pick<Target, 'client' | 'url'>,
): Promise<boolean> {
  if (folder === undefined) return false;
  const found = await stat(await pathOf(folder, target)).catch(() => undefined);
  return found?.isFile() === true;
}

async function pathOf(folder: string, { client, url }: Pick<Target, 'client' | 'url'>): Promise<string> {
  const { endpoint } = client.config;
  const server = endpoint === undefined ? 'aws' : JSON.stringify(await endpoint());
  const name = createHash('sha256')
    .update(`${server}\n${formatS3Url(url)}`)
    .digest('hex')
    .slice(0, 32);
  return join(folder, 'uploads', `${name}.jsonl`);
}

/** @returns undefined when there is none, or none that can be used */
async function read(path: string): Promise<FormerUpload | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const [head, ...lines] = text.split('\n').slice(0, -1).map(parse);
  if (!isHead(head)) return undefined;
  const parts = new Map<number, SentPart>();
  let verified = 0;
  for (const line of lines) {
    if (isSentPart(line?.['part'])) parts.set(line['part'].number, line['part']);
    if (isCount(line?.['verified'])) verified = Math.max(verified, line['verified']);
  }
  return { ...head, parts, verified };
}

/** Undefined for a line that a crash has torn. */
function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isHead(value: unknown): value is UploadHead {
  const { journal, uploadId, begun, id, partSize, attributes } = (value ?? {}) as Record<string, unknown>;
  const texts = [id, attributes ?? '', uploadId ?? ''].every((text) => typeof text === 'string');
  return journal === 1 && texts && isCount(begun) && isCount(partSize) && partSize > 0;
}

function isSentPart(value: unknown): value is SentPart {
  const { number, length, crc32, etag, md5 } = (value ?? {}) as Record<string, unknown>;
  const counts = [number, length, crc32].every(isCount) && (number as number) <= MAX_PARTS;
  return counts && typeof etag === 'string' && (md5 === undefined || typeof md5 === 'string');
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
