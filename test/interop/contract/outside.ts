import { createHash } from 'node:crypto';

import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';

import { credentials, region } from '../servers/server.ts';

export const bucket = 'models';

/** What a server holds, seen past modelpack. */
export interface Outside extends Disposable {
  readonly client: S3Client;
  /** Makes the bucket. */
  begin(): Promise<void>;
  put(key: string, body: string | Uint8Array): Promise<void>;
  /** @returns undefined when there is none */
  object(key: string): Promise<ObjectOutside | undefined>;
  tags(key: string): Promise<Readonly<Record<string, string>>>;
  /** The ids of its unfinished uploads. */
  uploads(key: string): Promise<string[]>;
  abort(key: string, uploadId: string): Promise<void>;
}

export interface ObjectOutside {
  readonly size: number;
  readonly sha256: string;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly storageClass: string;
}

// The SDK warns of old versions of Node, as often as it is asked not to; it looks when a client is made.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

export function lookFromOutside(endpoint: string, secret: string = credentials.secret): Outside {
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: credentials.id, secretAccessKey: secret },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
  });
  const at = (key: string) => ({ Bucket: bucket, Key: key });
  return {
    client,
    [Symbol.dispose]: () => client.destroy(),
    async begin() {
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
    },
    async put(key, body) {
      await client.send(new PutObjectCommand({ ...at(key), Body: body }));
    },
    async object(key) {
      const head = await client.send(new HeadObjectCommand(at(key))).catch(unlessMissing);
      if (head === undefined) return undefined;
      const { Body, ContentLength: size = 0 } = await client.send(new GetObjectCommand(at(key)));
      const hash = createHash('sha256');
      for await (const chunk of Body as AsyncIterable<Buffer>) hash.update(chunk);
      const { ETag: etag = '', Metadata: metadata = {}, StorageClass: storageClass = 'STANDARD' } = head;
      return { size, sha256: hash.digest('hex'), etag, metadata, storageClass };
    },
    async tags(key) {
      const { TagSet: tags = [] } = await client.send(new GetObjectTaggingCommand(at(key)));
      return Object.fromEntries(tags.map(({ Key: name = '', Value: value = '' }) => [name, value]));
    },
    async uploads(key) {
      const command = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key });
      const { Uploads: uploads = [] } = await client.send(command);
      return uploads.flatMap(({ Key: of, UploadId: id }) => (of === key && id !== undefined ? [id] : []));
    },
    async abort(key, uploadId) {
      await client.send(new AbortMultipartUploadCommand({ ...at(key), UploadId: uploadId }));
    },
  };
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
  throw error;
}
