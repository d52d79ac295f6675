import type { StoredObject, Target } from '../s3/stored.ts';
import { multipartWriter } from './s3-multipart.ts';
import { putWriter } from './s3-put.ts';
import type { Writer } from './sink.ts';

/** Writes an object in S3. */
export interface S3Writer extends Writer {
  /** After `finish`. */
  stored(): StoredObject;
}

/** @param size of the object, `partSize` of a part, in bytes */
export async function s3Writer(target: Target, size: number, partSize: number): Promise<S3Writer> {
  return size <= partSize ? putWriter(target) : multipartWriter(target, size);
}
