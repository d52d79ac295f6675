import type { S3Client } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';

import type { Run } from '../events.ts';
import { abortUpload, storedParts, unfinishedUploads } from '../s3/uploads.ts';
import { formatS3Url, type S3Url } from '../s3/url.ts';

export interface UploadsOptions {
  readonly client: S3Client;
  /** The bucket, and with what the keys begin; an empty key is all of them. */
  readonly prefix: S3Url;
  /** Remove them. */
  readonly abort: boolean;
  /** Only those that were begun at least so many seconds ago. */
  readonly olderThan: number;
  /** Uploads looked at at once. */
  readonly jobs: number;
  readonly run: Run;
}

/** The document of `uploads --json`. Sizes are bytes. */
export interface UploadsResult {
  readonly schema: 'modelpack.uploads/1';
  readonly location: string;
  readonly uploads: readonly UploadRow[];
  /** Of all their parts: what is billed. */
  readonly size: number;
}

export interface UploadRow {
  readonly location: string;
  readonly key: string;
  readonly uploadId: string;
  /** ISO 8601; null where the server does not tell. */
  readonly initiated: string | null;
  readonly parts: number;
  readonly size: number;
  readonly aborted: boolean;
}

/**
 * Lists the multipart uploads that were begun and neither completed nor removed, and removes them if that is wanted.
 *
 * @throws ModelpackError `refused`, `not-found`, `network`
 */
export async function listUploads(options: UploadsOptions): Promise<UploadsResult> {
  const { client, prefix, abort, olderThan, jobs, run } = options;
  const limit = pLimit(jobs);
  const latest = Date.now() - olderThan * 1000;
  const rows: Promise<UploadRow | undefined>[] = [];

  for await (const upload of unfinishedUploads(client, prefix, run)) {
    const { url, uploadId, initiated } = upload;
    // By the clock of S3, which may be ahead of ours: without an age all of them are meant.
    if (olderThan > 0 && (initiated?.getTime() ?? 0) > latest) continue;
    const row = limit(async () => {
      const stored = await storedParts(client, upload, run);
      if (stored === undefined) return undefined; // completed or removed meanwhile
      if (abort) await abortUpload(client, upload, run);
      return {
        location: formatS3Url(url),
        key: url.key,
        uploadId,
        initiated: initiated?.toISOString() ?? null,
        parts: stored.size,
        size: [...stored.values()].reduce((sum, part) => sum + part.size, 0),
        aborted: abort,
      };
    });
    row.catch(() => {}); // awaited below; until then nobody may take it for unhandled
    rows.push(row);
  }

  const uploads = (await Promise.all(rows)).filter((row) => row !== undefined);
  const size = uploads.reduce((sum, upload) => sum + upload.size, 0);
  return { schema: 'modelpack.uploads/1', location: formatS3Url(prefix), uploads, size };
}
