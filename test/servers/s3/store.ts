import { randomBytes } from 'node:crypto';

import type { Attributes } from './attributes.ts';
import type { BodyFile, BodyFolder } from './body-file.ts';
import type { Algorithm, Checksum, ChecksumType } from './checksums.ts';
import { S3Error } from './errors.ts';

export interface StoredObject {
  readonly key: string;
  /** Without quotes. */
  readonly etag: string;
  readonly size: number;
  readonly modified: number;
  /** The files that hold the bytes, in order. */
  readonly files: readonly BodyFile[];
  readonly attributes: Attributes;
  readonly tags: Tags;
  readonly checksum?: Checksum;
  /** Only of objects that came as a multipart upload. */
  readonly parts?: readonly ObjectPart[];
}

export type Tags = ReadonlyMap<string, string>;

export interface ObjectPart {
  readonly number: number;
  readonly size: number;
  readonly checksum?: PartChecksum;
}

export interface PartChecksum {
  readonly algorithm: Algorithm;
  readonly value: string;
}

export interface UploadedPart extends ObjectPart {
  readonly etag: string;
  readonly modified: number;
  readonly file: BodyFile;
}

export interface Upload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiated: number;
  readonly attributes: Attributes;
  readonly tags: Tags;
  readonly checksum?: { readonly algorithm: Algorithm; readonly type: ChecksumType };
  readonly parts: Map<number, UploadedPart>;
}

/** What a completed upload answered, so that a client that lost the answer can ask again. */
export interface Completion {
  readonly bucket: string;
  readonly key: string;
  readonly answer: string;
}

type Bucket = Map<string, StoredObject>;

export class Store {
  readonly folder: BodyFolder;
  readonly buckets = new Map<string, Bucket>();
  readonly uploads = new Map<string, Upload>();
  readonly completions = new Map<string, Completion>();
  #uploadCount = 0;

  constructor(folder: BodyFolder) {
    this.folder = folder;
  }

  bucket(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (!bucket) throw new S3Error('NoSuchBucket', { details: { BucketName: name } });
    return bucket;
  }

  find(bucket: string, key: string): StoredObject | undefined {
    return this.bucket(bucket).get(key);
  }

  object(bucket: string, key: string): StoredObject {
    const object = this.find(bucket, key);
    if (!object) throw new S3Error('NoSuchKey', { details: { Key: key } });
    return object;
  }

  put(bucket: string, object: StoredObject): void {
    const objects = this.bucket(bucket);
    release(objects.get(object.key));
    objects.set(object.key, object);
  }

  delete(bucket: string, key: string): void {
    const objects = this.bucket(bucket);
    release(objects.get(key));
    objects.delete(key);
  }

  deleteBucket(name: string): void {
    if (this.bucket(name).size > 0) throw new S3Error('BucketNotEmpty', { details: { BucketName: name } });
    for (const upload of this.uploads.values()) {
      if (upload.bucket === name) this.abort(upload);
    }
    this.buckets.delete(name);
  }

  /** Ids sort by age, which the markers of ListMultipartUploads rely on. */
  begin(upload: Omit<Upload, 'id' | 'parts'>): Upload {
    const age = (this.#uploadCount++).toString(36).padStart(8, '0');
    const begun = { ...upload, id: `${age}${randomBytes(24).toString('base64url')}`, parts: new Map() };
    this.uploads.set(begun.id, begun);
    return begun;
  }

  upload(bucket: string, key: string, id: string): Upload {
    this.bucket(bucket);
    const upload = this.uploads.get(id);
    if (upload?.bucket === bucket && upload.key === key) return upload;
    throw new S3Error('NoSuchUpload', { details: { UploadId: id } });
  }

  putPart(upload: Upload, part: UploadedPart): void {
    if (!this.uploads.has(upload.id)) throw new S3Error('NoSuchUpload', { details: { UploadId: upload.id } });
    upload.parts.get(part.number)?.file.release();
    upload.parts.set(part.number, part);
  }

  abort(upload: Upload): void {
    this.uploads.delete(upload.id);
    for (const part of upload.parts.values()) part.file.release();
  }

  /** Makes the object of an upload visible and forgets the parts it did not list. */
  complete(upload: Upload, object: StoredObject, answer: string): void {
    for (const file of object.files) file.hold();
    this.abort(upload);
    this.put(upload.bucket, object);
    this.completions.set(upload.id, { bucket: upload.bucket, key: upload.key, answer });
  }
}

function release(object: StoredObject | undefined): void {
  for (const file of object?.files ?? []) file.release();
}
