import type { Content } from '../bytes.ts';
import type { StoredObject, Target } from '../s3/stored.ts';
import { removeFormerUpload } from './former-upload.ts';
import { multipartWriter } from './s3-multipart.ts';
import { putWriter } from './s3-put.ts';
import type { Writer } from './sink.ts';

/** Writes an object in S3. */
export interface S3Writer extends Writer {
  /** After `finish`. */
  stored(): StoredObject;
}

/** What is written, and what may be used of earlier runs. */
export interface S3Writing {
  readonly content: Content;
  /** By which it is known again: the bundle's id, or the sha256 of a single file. */
  readonly id: string;
  /** Whether the id fixes every byte of the content, so that what was checked once need not be read again. */
  readonly fixed: boolean;
  /** In bytes. */
  readonly partSize: number;
  /** It is begun again: what earlier runs left has been seen to, and what is there now is another run's. */
  readonly fresh: boolean;
  /** Nothing of an earlier run is used, and nothing is left for a later one. */
  readonly force: boolean;
  /** Where this machine notes how far an upload has come; undefined for nowhere. */
  readonly stateFolder: string | undefined;
}

export async function s3Writer(target: Target, writing: S3Writing): Promise<S3Writer> {
  if (writing.content.size > writing.partSize) return multipartWriter(target, writing);
  await removeFormerUpload(target, writing.stateFolder); // of when it was sent in smaller parts
  return putWriter(target);
}
