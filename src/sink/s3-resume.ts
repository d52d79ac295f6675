import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

import { open, type Content } from '../bytes.ts';
import { messageOf, ModelpackError } from '../errors.ts';
import { partLength } from '../parts.ts';
import { encodeCrc32 } from '../s3/crc32.ts';
import type { Checksums } from '../s3/multipart.ts';
import { nameBehind } from '../s3/object.ts';
import { isMd5, unquoted, type SentPart } from '../s3/proof.ts';
import type { Target } from '../s3/stored.ts';
import {
  abortUpload,
  storedParts,
  unfinishedUploads,
  type StoredPart,
  type Unfinished,
} from '../s3/uploads.ts';
import { formatS3Url } from '../s3/url.ts';
import { formatCount, formatSize } from '../size.ts';
import type { FormerUpload, UploadHead } from './upload-journal.ts';

/** An upload that can be gone on with. */
export interface Resumed {
  readonly uploadId: string;
  readonly checksums: Checksums;
  /** The parts that S3 has, to be compared with the bytes when they pass. */
  readonly stored: ReadonlyMap<number, StoredPart>;
  /** Whether this machine noted that it began it, and with which attributes. */
  readonly recorded: boolean;
}

/** What is to be uploaded. */
export interface Wanted extends Omit<UploadHead, 'uploadId' | 'begun'> {
  readonly content: Content;
  /** Nothing of an earlier run is used. */
  readonly fresh: boolean;
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
  const { client, run } = target;
  const notes: string[] = [];
  const ours: (Resumed & { readonly size: number; readonly upload: Unfinished; readonly fits: boolean })[] =
    [];
  const holdsOurs = comparer(wanted);

  for (const upload of await candidates(target, former, notes)) {
    const stored = await storedParts(client, upload, run).catch(unlessRefused(notes));
    if (stored === undefined) continue;
    const size = [...stored.values()].reduce((sum, part) => sum + part.size, 0);
    const recorded = isRecorded(upload, stored, former);
    if (!recorded && !(await holdsOurs(stored))) {
      notes.push(stranger(upload, stored.size, size));
      continue;
    }
    const { algorithm = 'CRC32', type } = upload.checksum;
    const alike = recorded ? isSame(former!, wanted) : isTold(target);
    const fits = !wanted.fresh && alike && fitsParts(stored, wanted) && algorithm === 'CRC32';
    const checksums = type === 'COMPOSITE' ? 'composite' : 'full';
    ours.push({ uploadId: upload.uploadId, checksums, stored, recorded, size, upload, fits });
  }

  const best = ours.filter(({ fits }) => fits).toSorted((a, b) => b.size - a.size)[0];
  for (const { upload, size } of ours.filter((each) => each !== best)) {
    await abortUpload(client, upload, run).then(
      () => notes.push(`removed an unfinished upload to ${formatS3Url(upload.url)} (${formatSize(size)})`),
      unlessRefused(notes),
    );
  }
  return { best, notes };
}

/** The unfinished uploads to the key, and the one that the journal names even if S3 may not be asked for them. */
async function candidates(
  target: Target,
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
    const checksum = { algorithm: undefined, type: undefined };
    uploads.push({ url, uploadId, initiated: undefined, checksum });
  }
  return uploads;
}

/**
 * Not to be allowed to look, or a server that has no such list, is no reason not to upload. Anything else will keep the
 * upload from being begun too.
 */
function unlessRefused(notes: string[]): (error: unknown) => undefined {
  return (error) => {
    const refused = error instanceof ModelpackError && ['AccessDenied', 'NotImplemented', 'MethodNotAllowed'];
    if (refused === false || !refused.includes(nameBehind(error))) throw error;
    notes.push(`${messageOf(error)}; what an earlier run left in S3 is neither used nor removed`);
    return undefined;
  };
}

function isRecorded(
  { uploadId, initiated }: Unfinished,
  stored: ReadonlyMap<number, StoredPart>,
  former: FormerUpload | undefined,
): boolean {
  if (former === undefined) return false;
  if (former.uploadId !== undefined) return former.uploadId === uploadId;
  // The run ended before it knew the id of the upload that it had begun.
  const apart = Math.abs((initiated?.getTime() ?? Number.NaN) - former.begun);
  return stored.size === 0 && apart < BEGUN_WITHIN_MS;
}

function isSame(former: FormerUpload, { id, partSize, attributes }: Wanted): boolean {
  return former.id === id && former.partSize === partSize && former.attributes === attributes;
}

/**
 * Whether an upload that was begun elsewhere can be known to have the attributes that are wanted. S3 tells them when it
 * has become an object, which must then be one that may be replaced, and never tells tags or the alias of a key.
 */
function isTold({ attributes: { tags, sseKmsKeyId }, noClobber }: Target): boolean {
  return Object.keys(tags).length === 0 && sseKmsKeyId === undefined && !noClobber;
}

function fitsParts(stored: ReadonlyMap<number, StoredPart>, { content, partSize }: Wanted): boolean {
  return [...stored.values()].every(
    ({ number, size }) => size > 0 && size === partLength(number, partSize, content.size),
  );
}

/** Whether the first of the parts holds the bytes that would be sent there. Each range is read once. */
function comparer({ content, partSize }: Wanted) {
  const digests = new Map<string, Promise<{ crc32: string; md5: string }>>();

  async function digest(start: number, end: number): Promise<{ crc32: string; md5: string }> {
    const md5 = createHash('md5');
    let crc = 0;
    for await (const chunk of open(content, start, end)) {
      md5.update(chunk);
      crc = crc32(chunk, crc);
    }
    return { crc32: encodeCrc32(crc), md5: md5.digest('hex') };
  }

  return async (stored: ReadonlyMap<number, StoredPart>): Promise<boolean> => {
    const first = [...stored.values()].toSorted((a, b) => a.number - b.number)[0];
    if (first === undefined || first.size === 0) return false;
    const { number, size } = first;
    // Where a part of another size begins is known of the first one only.
    if (number > 1 && size !== partLength(number, partSize, content.size)) return false;
    const start = (number - 1) * partSize;
    if (start + size > content.size || !tells(first)) return false;
    const key = `${start}-${size}`;
    const ours = digests.get(key) ?? digest(start, start + size);
    digests.set(key, ours);
    return first.crc32 === undefined
      ? unquoted(first.etag) === (await ours).md5
      : first.crc32 === (await ours).crc32;
  };
}

function tells({ crc32: crc, etag }: StoredPart): boolean {
  return crc !== undefined || isMd5(etag);
}

function stranger({ url, initiated }: Unfinished, parts: number, size: number): string {
  const since = initiated === undefined ? '' : ` of ${initiated.toISOString().slice(0, 16)}Z`;
  const what = `there is an unfinished upload${since} to ${formatS3Url(url)} (${formatCount(parts, 'part')}, ${formatSize(size)})`;
  return `${what} that is not known to be ours; to remove it: modelpack uploads ${formatS3Url(url)} --abort`;
}

/**
 * The parts at the beginning that need neither be sent nor read again: this machine noted that it sent them and that
 * their bytes were right, and S3 has just these parts.
 *
 * @returns the parts, and where they end, in bytes
 */
export function provenParts(
  resumed: Resumed | undefined,
  former: FormerUpload | undefined,
  partSize: number,
): { readonly parts: readonly SentPart[]; readonly from: number } {
  const parts: SentPart[] = [];
  let from = 0;
  if (resumed?.recorded !== true || former === undefined) return { parts, from };
  for (let number = 1; ; number++) {
    const sent = former.parts.get(number);
    const there = resumed.stored.get(number);
    if (sent === undefined || there === undefined || !isSamePart(sent, there)) break;
    const end = (number - 1) * partSize + sent.length;
    if (end > former.verified) break;
    parts.push(sent);
    from = end;
  }
  return { parts, from };
}

function isSamePart(sent: SentPart, { size, etag, crc32: crc }: StoredPart): boolean {
  return size === sent.length && etag === sent.etag && (crc === undefined || crc === encodeCrc32(sent.crc32));
}
