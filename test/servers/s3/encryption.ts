import { randomBytes } from 'node:crypto';

import { S3Error } from './errors.ts';

/** Server-side encryption as asked for. The bytes on disk stay as they are: only the headers can be seen from outside. */
export interface Encryption {
  readonly algorithm: string;
  readonly kmsKeyId?: string;
  readonly bucketKey?: string;
}

const PREFIX = 'x-amz-server-side-encryption';

export function readEncryption(headers: Readonly<Record<string, string>>): Encryption | undefined {
  if (`${PREFIX}-customer-algorithm` in headers) {
    throw new S3Error('NotImplemented', {
      message: 'Keys provided by the client (SSE-C) are not implemented',
    });
  }
  const algorithm = headers[PREFIX];
  const kmsKeyId = headers[`${PREFIX}-aws-kms-key-id`];
  const bucketKey = headers[`${PREFIX}-bucket-key-enabled`];
  if (kmsKeyId !== undefined && !algorithm?.startsWith('aws:kms')) {
    throw new S3Error('InvalidArgument', { message: `${PREFIX}-aws-kms-key-id needs ${PREFIX}: aws:kms` });
  }
  if (algorithm === undefined) return undefined;
  if (!['AES256', 'aws:kms', 'aws:kms:dsse'].includes(algorithm)) {
    throw new S3Error('InvalidEncryptionAlgorithmError');
  }
  return {
    algorithm,
    ...(kmsKeyId !== undefined && { kmsKeyId }),
    ...(bucketKey !== undefined && { bucketKey }),
  };
}

export function encryptionHeaders(encryption: Encryption | undefined): Record<string, string> {
  if (!encryption) return {};
  const { algorithm, kmsKeyId, bucketKey } = encryption;
  return {
    [PREFIX]: algorithm,
    ...(kmsKeyId !== undefined && { [`${PREFIX}-aws-kms-key-id`]: kmsKeyId }),
    ...(bucketKey !== undefined && { [`${PREFIX}-bucket-key-enabled`]: bucketKey }),
  };
}

/** Under KMS an ETag is no MD5 of the content: a client that compares the two must find that out here. */
export function etagUnder(encryption: Encryption | undefined, md5: string): string {
  return encryption?.algorithm.startsWith('aws:kms') ? randomBytes(16).toString('hex') : md5;
}
