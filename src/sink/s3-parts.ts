import { createHash } from 'node:crypto';

import { open, type Content } from '../bytes.ts';
import { partLength } from '../parts.ts';
import { crc32, encodeCrc32 } from '../s3/crc32.ts';
import { isMd5, md5Of, unquoted, type SentPart } from '../s3/proof.ts';
import type { StoredPart } from '../s3/uploads.ts';
import type { FormerUpload } from './upload-journal.ts';

/** What is to be sent, and in parts of which size. */
export interface Sending {
  readonly content: Content;
  /** In bytes. */
  readonly partSize: number;
}

/** Whether parts in S3 are of those sizes that would be sent. */
export function fitsParts(stored: ReadonlyMap<number, StoredPart>, { content, partSize }: Sending): boolean {
  const parts = [...stored.values()];
  // One without parts spares nothing, and does not show that it is ours.
  return (
    parts.length > 0 &&
    parts.every(({ number, size }) => size > 0 && size === partLength(number, partSize, content.size))
  );
}

/** Whether the first of the parts holds the bytes that would be sent there. Each range is read once. */
export function comparer({ content, partSize }: Sending) {
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

/** A part that S3 has already, if it holds just these bytes. */
export function sameAs(there: StoredPart | undefined, bytes: Uint8Array): SentPart | undefined {
  if (there?.size !== bytes.length) return undefined;
  const { number, etag, crc32: stored } = there;
  const part = { number, length: bytes.length, crc32: crc32(bytes), etag, md5: undefined };
  if (stored !== undefined) return stored === encodeCrc32(part.crc32) ? part : undefined;
  if (!isMd5(etag)) return undefined;
  const md5 = md5Of(bytes);
  return unquoted(etag) === md5 ? { ...part, md5 } : undefined;
}

/**
 * The parts at the beginning that need neither be sent nor read again: this machine noted that it sent them and that
 * their bytes were right, and S3 has just these parts.
 *
 * @returns the parts, and where they end, in bytes
 */
export function provenParts(
  stored: ReadonlyMap<number, StoredPart>,
  former: FormerUpload | undefined,
  partSize: number,
): { readonly parts: readonly SentPart[]; readonly from: number } {
  const parts: SentPart[] = [];
  let from = 0;
  if (former === undefined) return { parts, from };
  for (let number = 1; ; number++) {
    const sent = former.parts.get(number);
    const there = stored.get(number);
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
