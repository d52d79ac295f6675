import { readBody } from './body-file.ts';
import type { Checksum } from './checksums.ts';
import type { Encryption } from './encryption.ts';
import type { Store } from './store.ts';

export interface ObjectView {
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** x-amz-meta-*, without the prefix. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly storageClass: string;
  readonly checksum?: Checksum;
  readonly sse?: Encryption;
}

export interface UploadView {
  readonly key: string;
  readonly uploadId: string;
  readonly parts: number;
  /** In the order in which they came. */
  readonly partNumbers: readonly number[];
}

/** What a test sees of the server from behind, without a request. */
export interface S3Contents {
  object(bucket: string, key: string): ObjectView | undefined;
  /** For small objects; throws like openBody. */
  body(bucket: string, key: string): Promise<Buffer>;
  /** Throws when there is no such object. */
  openBody(bucket: string, key: string): AsyncIterable<Buffer>;
  /** Sorted. */
  keysOf(bucket: string): string[];
  /** The multipart uploads that are neither completed nor aborted. */
  uploads(bucket?: string): UploadView[];
}

export function inspect(store: Store): S3Contents {
  function openBody(bucket: string, key: string): AsyncIterable<Buffer> {
    const { files, size } = store.object(bucket, key);
    return readBody(files, 0, size);
  }
  return {
    object: (bucket, key) => viewObject(store, bucket, key),
    openBody,
    async body(bucket, key) {
      const chunks: Buffer[] = [];
      for await (const chunk of openBody(bucket, key)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    keysOf: (bucket) => [...store.bucket(bucket).keys()].toSorted(),
    uploads: (bucket) =>
      [...store.uploads.values()]
        .filter((upload) => bucket === undefined || upload.bucket === bucket)
        .map(({ key, id, parts }) => ({
          key,
          uploadId: id,
          parts: parts.size,
          partNumbers: [...parts.keys()],
        })),
  };
}

function viewObject(store: Store, bucket: string, key: string): ObjectView | undefined {
  const object = store.buckets.get(bucket)?.get(key);
  if (!object) return undefined;
  const { size, etag, attributes, tags, checksum } = object;
  return {
    size,
    etag,
    metadata: attributes.metadata,
    tags: Object.fromEntries(tags),
    contentType: attributes.headers['content-type'] ?? '',
    storageClass: attributes.storageClass,
    ...(checksum && { checksum }),
    ...(attributes.encryption && { sse: attributes.encryption }),
  };
}
