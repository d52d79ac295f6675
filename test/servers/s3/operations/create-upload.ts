import { readAttributes } from '../attributes.ts';
import type { Call } from '../call.ts';
import { type Algorithm, ALGORITHMS, type ChecksumType, supportsType } from '../checksums.ts';
import { encryptionHeaders } from '../encryption.ts';
import { S3Error } from '../errors.ts';
import { receiveDocument } from '../receive.ts';
import { type Reply, xmlReply } from '../reply.ts';
import type { Upload } from '../store.ts';
import { readTagsHeader } from '../tags.ts';

export async function createMultipartUpload(call: Call): Promise<Reply> {
  const { request, store, rules } = call;
  const { bucket, key, headers } = request;
  store.bucket(bucket);
  const attributes = readAttributes(headers, rules);
  const tags = readTagsHeader(headers['x-amz-tagging']);
  const checksum = rules.checksums ? readChecksumChoice(headers) : undefined;
  await receiveDocument(call);
  store.bucket(bucket);
  const { id } = store.begin({
    bucket,
    key,
    initiated: call.now(),
    attributes,
    tags,
    ...(checksum && { checksum }),
  });
  return xmlReply(
    'InitiateMultipartUploadResult',
    { Bucket: bucket, Key: key, UploadId: id },
    {
      ...(checksum && {
        'x-amz-checksum-algorithm': checksum.algorithm,
        'x-amz-checksum-type': checksum.type,
      }),
      ...encryptionHeaders(attributes.encryption),
    },
  );
}

export function abortMultipartUpload({ request, store }: Call): Reply {
  store.abort(store.upload(request.bucket, request.key, request.query.get('uploadId') ?? ''));
  return { status: 204 };
}

function readChecksumChoice(headers: Readonly<Record<string, string>>): Upload['checksum'] {
  const algorithm = headers['x-amz-checksum-algorithm']?.toUpperCase();
  const type = headers['x-amz-checksum-type']?.toUpperCase();
  if (algorithm === undefined) {
    if (type === undefined) return undefined;
    throw new S3Error('InvalidRequest', { message: 'x-amz-checksum-type needs an x-amz-checksum-algorithm' });
  }
  if (!isAlgorithm(algorithm)) {
    throw new S3Error('InvalidRequest', {
      message: `Checksum algorithm provided is unsupported: ${algorithm}`,
    });
  }
  const chosen = type ?? (supportsType(algorithm, 'COMPOSITE') ? 'COMPOSITE' : 'FULL_OBJECT');
  if (!isType(chosen)) {
    throw new S3Error('InvalidRequest', { message: 'Value for x-amz-checksum-type is invalid' });
  }
  if (supportsType(algorithm, chosen)) return { algorithm, type: chosen };
  throw new S3Error('InvalidRequest', {
    message: `The ${chosen} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm`,
  });
}

function isAlgorithm(name: string): name is Algorithm {
  return (ALGORITHMS as readonly string[]).includes(name);
}

function isType(name: string): name is ChecksumType {
  return name === 'FULL_OBJECT' || name === 'COMPOSITE';
}
