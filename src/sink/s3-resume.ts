import { messageOf } from '../errors.ts';
import type { Checksums } from '../s3/multipart.ts';
import { reasonBehind } from '../s3/object.ts';
import type { Target } from '../s3/stored.ts';
import {
  abortUpload,
  storedParts,
  unfinishedUploads,
  type StoredPart,
  type Unfinished,
} from '../s3/uploads.ts';
import { formatS3Url, type S3Url } from '../s3/url.ts';
import { formatCount, formatSize } from '../size.ts';
import { comparer, fitsParts, type Sending } from './s3-parts.ts';
import type { FormerUpload, UploadHead } from './upload-journal.ts';

/** An upload that can be gone on with. */
export interface Resumed {
  readonly uploadId: string;
  readonly checksums: Checksums;
  /** The parts that S3 has, to be compared with the bytes when they pass. */
  readonly stored: ReadonlyMap<number, StoredPart>;
  /** Whether this machine noted what it sent to it. */
  readonly recorded: boolean;
  /** Whether this machine began it, with the attributes that are wanted. */
  readonly attributesKnown: boolean;
}

/** Where it is looked for uploads. */
type Asked = Pick<Target, 'client' | 'url' | 'run'>;

/** What is to be uploaded. */
export interface Wanted extends Sending, Pick<UploadHead, 'id' | 'attributes'> {
  /** Nothing of an earlier run is used. */
  readonly force: boolean;
}

/** An upload as it was found. */
interface Found {
  readonly upload: Unfinished;
  readonly stored: ReadonlyMap<number, StoredPart>;
  /** Of its parts, in bytes. */
  readonly size: number;
}

/** An upload with no parts, begun so long before or after our journal says that we began one, is not ours. */
const BEGUN_WITHIN_MS = 60_000;

/**
 * Looks for an unfinished upload to go on with. Those that are ours and of no use are removed; of others it is said
 * that they are there. An upload is ours when this machine's journal names it, or when one of its parts holds the very
 * bytes that are to be sent.
 *
 * @returns the one to go on with, and what the user should know once it is sure that there will be an upload
 */
export async function resumable(
  target: Target,
  wanted: Wanted,
  former: FormerUpload | undefined,
): Promise<{ readonly best: Resumed | undefined; readonly notes: readonly string[] }> {
  const { client, url, run } = target;
  const notes: string[] = [];
  const usable: (Resumed & Found)[] = [];
  const useless: Found[] = [];
  const strangers: Found[] = [];
  const holdsOurs = comparer(wanted);

  for (const upload of await candidates(target, former, notes)) {
    const stored = await storedParts(client, upload, run).catch(unlessRefused(notes));
    if (stored === undefined) continue;
    const size = [...stored.values()].reduce((sum, part) => sum + part.size, 0);
    const found = { upload, stored, size };
    const recorded = isRecorded(upload, stored, former);
    if (!recorded && !(await holdsOurs(stored))) {
      strangers.push(found);
      continue;
    }
    const attributesKnown = recorded && former!.attributes !== undefined;
    const checksums = checksumsOf(found, target.checksums);
    const fits =
      !wanted.force &&
      checksums !== undefined &&
      fitsParts(stored, wanted) &&
      (!recorded || (former!.id === wanted.id && former!.partSize === wanted.partSize)) &&
      (attributesKnown ? former!.attributes === wanted.attributes : isTold(target, upload));
    if (!fits) useless.push(found);
    else usable.push({ ...found, uploadId: upload.uploadId, checksums, recorded, attributesKnown });
  }

  const [best, ...others] = usable.toSorted((a, b) => b.size - a.size);
  for (const { upload, size } of [...useless, ...others]) {
    const removed = await abortUpload(client, upload, run).then(() => true, unlessRefused(notes));
    const what = `an unfinished upload to ${formatS3Url(url)} that is of no use any more (${formatSize(size)})`;
    if (removed === true) notes.push(`removed ${what}`);
  }
  if (strangers.length > 0) notes.push(toldOf(url, strangers));
  return { best, notes };
}

/**
 * Removes what S3 began for a request whose answer was lost.
 *
 * @param begun when it was asked, in milliseconds since 1970
 * @param answered the upload of which the answer came
 */
export async function removeUnanswered(target: Asked, begun: number, answered?: string): Promise<void> {
  const { client, run } = target;
  for (const upload of await candidates(target, undefined, [])) {
    if (upload.uploadId === answered || !isBegunAt(begun, upload)) continue;
    const stored = await storedParts(client, upload, run).catch(unlessRefused([]));
    if (stored?.size === 0) await abortUpload(client, upload, run).catch(unlessRefused([]));
  }
}

/** The unfinished uploads to the key, and the one that the journal names even if S3 may not be asked for them. */
async function candidates(
  target: Asked,
  former: FormerUpload | undefined,
  notes: string[],
): Promise<readonly Unfinished[]> {
  const { client, url, run } = target;
  const uploads: Unfinished[] = [];
  try {
    for await (const upload of unfinishedUploads(client, url, run)) {
      if (upload.url.key === url.key) uploads.push(upload);
    }
  } catch (error) {
    unlessRefused(notes)(error);
  }
  const { uploadId } = former ?? {};
  if (uploadId !== undefined && !uploads.some((upload) => upload.uploadId === uploadId)) {
    const untold = { initiated: undefined, storageClass: undefined };
    uploads.push({ url, uploadId, ...untold, checksum: { algorithm: undefined, type: undefined } });
  }
  return uploads;
}

/**
 * Not to be allowed to look, or a server that has no such list, is no reason not to upload. Anything else will keep the
 * upload from being begun too.
 */
function unlessRefused(notes: string[]): (error: unknown) => undefined {
  return (error) => {
    const { name, status } = reasonBehind(error);
    if (name !== 'AccessDenied' && status !== 405 && status !== 501) throw error;
    notes.push(`${messageOf(error)}; what an earlier run left in S3 is neither used nor removed`);
    return undefined;
  };
}

function isRecorded(
  upload: Unfinished,
  stored: ReadonlyMap<number, StoredPart>,
  former: FormerUpload | undefined,
): boolean {
  if (former === undefined) return false;
  if (former.uploadId !== undefined) return former.uploadId === upload.uploadId;
  // The run ended before it knew the id of the upload that it had begun.
  return stored.size === 0 && isBegunAt(former.begun, upload);
}

function isBegunAt(begun: number, { initiated }: Unfinished): boolean {
  return Math.abs((initiated?.getTime() ?? Number.NaN) - begun) < BEGUN_WITHIN_MS;
}

/**
 * By which checksums an upload can be gone on with: those that it was begun with, as far as the server tells. Without
 * its type, that of the parts is sure to be taken.
 *
 * @param wanted whether any may be sent
 * @returns undefined when there are none that would do
 */
function checksumsOf({ upload, stored }: Found, wanted: boolean): Checksums | undefined {
  const { algorithm, type } = upload.checksum;
  const told = [...stored.values()].some(({ crc32: crc }) => crc !== undefined);
  // MinIO, which does not list the algorithm, takes no part without it.
  if (!wanted) return (algorithm === undefined && !told) || type === 'FULL_OBJECT' ? 'none' : undefined;
  if (algorithm === undefined) {
    if (stored.size === 0) return undefined; // nothing tells, and there is nothing to gain
    return told ? 'composite' : 'none';
  }
  if (algorithm !== 'CRC32') return undefined;
  return type === 'FULL_OBJECT' ? 'full' : 'composite';
}

/**
 * Whether an upload that was begun elsewhere can be known to have the attributes that are wanted. S3 tells most of them
 * when it has become an object, which must then be one that may be replaced, and never tells the values of tags or the
 * alias of a key.
 */
function isTold({ attributes, noClobber }: Target, { storageClass }: Unfinished): boolean {
  const { tags, sseKmsKeyId, storageClass: wanted = 'STANDARD' } = attributes;
  const sameClass = storageClass === undefined || storageClass === wanted;
  return Object.keys(tags).length === 0 && sseKmsKeyId === undefined && sameClass && !noClobber;
}

function toldOf(url: S3Url, strangers: readonly Found[]): string {
  const parts = strangers.reduce((sum, { stored }) => sum + stored.size, 0);
  const size = strangers.reduce((sum, found) => sum + found.size, 0);
  const [oldest] = strangers.flatMap(({ upload }) => upload.initiated ?? []).toSorted((a, b) => +a - +b);
  const since = oldest === undefined ? '' : `, since ${oldest.toISOString().slice(0, 16)}Z`;
  const uploads = `${formatCount(strangers.length, 'unfinished upload')} to ${formatS3Url(url)}`;
  const what = `${uploads} (${formatCount(parts, 'part')}, ${formatSize(size)}${since})`;
  return `left alone, as not known to be ours: ${what}; to remove: modelpack uploads ${formatS3Url(url)} --abort`;
}
