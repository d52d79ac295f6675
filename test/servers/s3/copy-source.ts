import type { Call } from './call.ts';
import { type Algorithm, ALGORITHMS } from './checksums.ts';
import { checkCopySource } from './conditions.ts';
import { S3Error } from './errors.ts';
import type { StoredObject } from './store.ts';
import { cutAt, decode } from './target.ts';

const MAX_COPY_BYTES = 5 * 1024 ** 3;

export interface CopySource {
  readonly bucket: string;
  readonly object: StoredObject;
}

/** The object that x-amz-copy-source names, as bucket/key, percent-encoded, with or without a slash before it. */
export function findSource({ request, store, rules }: Call): CopySource {
  const { headers } = request;
  const [path, query] = cutAt((headers['x-amz-copy-source'] ?? '').replace(/^\//, ''), '?');
  if (query !== '') throw new S3Error('NotImplemented', { message: 'There are no versions here' });
  const [bucket, key] = cutAt(decode(path), '/');
  if (bucket === '' || key === '') {
    throw new S3Error('InvalidArgument', { message: 'Copy Source must mention the source bucket and key' });
  }
  const object = store.object(bucket, key);
  if (rules.conditionalReads) checkCopySource(headers, object);
  return { bucket, object };
}

export function checkCopySize(size: number): void {
  if (size <= MAX_COPY_BYTES) return;
  throw new S3Error('InvalidRequest', { message: `The copy source is larger than ${MAX_COPY_BYTES} bytes` });
}

/** The copy has the checksum asked for, else one of the kind its source has. */
export function readCopyAlgorithm({ request, rules }: Call, source: StoredObject): Algorithm | undefined {
  if (!rules.checksums) return undefined;
  const wanted = request.headers['x-amz-checksum-algorithm']?.toUpperCase();
  if (wanted === undefined) return source.checksum?.algorithm;
  const algorithm = ALGORITHMS.find((candidate) => candidate === wanted);
  if (algorithm) return algorithm;
  throw new S3Error('InvalidRequest', { message: `Checksum algorithm provided is unsupported: ${wanted}` });
}
