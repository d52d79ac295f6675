import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3ServiceException,
  UploadPartCommand,
  type CompletedPart,
  type CompleteMultipartUploadCommandInput,
  type CreateMultipartUploadCommandInput,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';

import type { Supports } from '../servers/server.ts';
import { bucket, lookFromOutside, type Outside } from './outside.ts';

const MiB = 1024 * 1024;
/** All but the last part are as small as S3 takes them. */
const parts = [randomBytes(5 * MiB), randomBytes(5 * MiB), randomBytes(1000)] as const;
const whole = Buffer.concat(parts);
const small = parts[2];

/** Tries what `Supports` speaks of, by the SDK alone. */
export async function observe(endpoint: string): Promise<Supports> {
  using outside = lookFromOutside(endpoint);
  const { client } = outside;
  const put = putter(outside);
  const upload = uploader(outside);
  const head = (Key: string) =>
    client.send(new HeadObjectCommand({ Bucket: bucket, Key, ChecksumMode: 'ENABLED' }));

  const announced = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
  const complete = {
    ChecksumType: 'FULL_OBJECT',
    ChecksumCRC32: crcOf(whole),
    MpuObjectSize: whole.length,
  } as const;
  const labels = { Tagging: 'team=search' };

  await put('whole', { ChecksumCRC32: crcOf(small) });
  const oneHead = await head('whole');
  const inParts = await upload('parts', announced, complete);
  const partsHead = await head('parts');

  await put('tags', labels);
  await upload('tags-parts', labels);
  return {
    signatures: await refused(() => putter(lookFromOutside(endpoint, 'another-secret'))('other', {})),
    crc32: {
      put: oneHead.ChecksumCRC32 === crcOf(small) ? 'whole' : 'nothing',
      parts: keptOf(partsHead.ChecksumCRC32),
    },
    refuses: {
      crc32: await refused(() => put('bad', { ChecksumCRC32: crcOf(whole) })),
      md5: await refused(() => put('bad', { ContentMD5: md5Of(whole).toString('base64') })),
      size: await refused(() => upload('bad', announced, { ...complete, MpuObjectSize: whole.length + 1 })),
      whole: await refused(() => upload('bad', announced, { ...complete, ChecksumCRC32: crcOf(small) })),
    },
    md5Etag:
      oneHead.ETag === `"${md5Of(small).toString('hex')}"` &&
      partsHead.ETag === `"${md5Of(Buffer.concat(parts.map(md5Of))).toString('hex')}-3"`,
    ifNoneMatch: {
      put: await refused(() => put('whole', { IfNoneMatch: '*' })),
      complete: await refused(() => upload('parts', {}, { IfNoneMatch: '*' })),
    },
    listedParts: inParts.listed,
    listedUploads: await listedUploads(outside),
    completesAgain: !(await refused(inParts.again)),
    tellsRemoved: await tellsRemoved(outside),
    tags: {
      put: (await outside.tags('tags'))['team'] === 'search',
      parts: (await outside.tags('tags-parts'))['team'] === 'search',
    },
    storageClass: await attribute(
      () => put('class', { StorageClass: 'STANDARD_IA' }),
      async () => (await head('class')).StorageClass === 'STANDARD_IA',
    ),
    encryption: await attribute(
      () => put('encrypted', { ServerSideEncryption: 'AES256' }),
      async () => (await head('encrypted')).ServerSideEncryption === 'AES256',
    ),
  };
}

function keptOf(crc: string | undefined): Supports['crc32']['parts'] {
  if (crc === crcOf(whole)) return 'whole';
  return crc?.endsWith('-3') === true ? 'composite' : 'nothing';
}

async function attribute(write: () => Promise<unknown>, isKept: () => Promise<boolean>) {
  if (await refused(write)) return 'refused';
  return (await isKept()) ? 'kept' : 'ignored';
}

/** Puts the small body. */
function putter({ client }: Outside) {
  return (Key: string, more: Partial<PutObjectCommandInput>) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: small, ...more }));
}

/** Uploads the large body in parts; what cannot be completed is aborted. */
function uploader({ client }: Outside) {
  return async (
    Key: string,
    create: Partial<CreateMultipartUploadCommandInput>,
    complete: Partial<CompleteMultipartUploadCommandInput> = {},
  ) => {
    const at = { Bucket: bucket, Key };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...at, ...create }));
    const announced = create.ChecksumAlgorithm === 'CRC32';
    const sent: CompletedPart[] = [];
    for (const [i, Body] of parts.entries()) {
      const checksum = announced ? { ChecksumCRC32: crcOf(Body) } : {};
      const command = new UploadPartCommand({ ...at, UploadId, PartNumber: i + 1, Body, ...checksum });
      sent.push({ PartNumber: i + 1, ETag: (await client.send(command)).ETag, ...checksum });
    }
    const { Parts: listed = [] } = await client.send(new ListPartsCommand({ ...at, UploadId }));
    const finish = () =>
      client.send(
        new CompleteMultipartUploadCommand({
          ...at,
          UploadId,
          MultipartUpload: { Parts: sent },
          ...complete,
        }),
      );
    try {
      await finish();
    } catch (error) {
      await client.send(new AbortMultipartUploadCommand({ ...at, UploadId }));
      throw error;
    }
    return { listed: byWhat(listed), again: finish };
  };
}

function byWhat(listed: readonly CompletedPart[]): Supports['listedParts'] {
  const told = listed.map(({ ChecksumCRC32: crc }) => crc);
  if (parts.every((part, i) => told[i] === crcOf(part))) return 'crc32';
  if (parts.every((part, i) => listed[i]?.ETag === `"${md5Of(part).toString('hex')}"`)) return 'md5';
  throw new Error(`the parts are listed as ${JSON.stringify(listed)}`);
}

async function listedUploads(outside: Outside): Promise<Supports['listedUploads']> {
  const { client } = outside;
  const keys = ['unfinished/deep/one', 'unfinished/deep/two'];
  for (const Key of keys) await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
  const list = (Prefix: string) =>
    client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix, MaxUploads: 1 }));
  const byPrefix = await list('unfinished/d');
  const byKey = await list('unfinished/deep/two');
  if (byKey.Uploads?.[0]?.Key !== keys[1]) throw new Error('an unfinished upload is not listed by its key');
  for (const key of keys) for (const id of await outside.uploads(key)) await outside.abort(key, id);
  return { by: byPrefix.Uploads?.length ? 'prefix' : 'key', pages: byPrefix.IsTruncated === true };
}

async function tellsRemoved({ client }: Outside): Promise<Supports['tellsRemoved']> {
  const at = { Bucket: bucket, Key: 'removed' };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
  const { ETag } = await client.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: small }));
  await client.send(new AbortMultipartUploadCommand({ ...at, UploadId }));
  const tells = (request: Promise<unknown>) =>
    request.then(
      () => false,
      ({ name }: Error) => name === 'NoSuchUpload',
    );
  const part = new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: small });
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  const complete = new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload });
  return { part: await tells(client.send(part)), complete: await tells(client.send(complete)) };
}

/** @returns whether S3 says no @throws when it is in trouble, or cannot be understood */
async function refused(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request();
    return false;
  } catch (error) {
    const status = error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0;
    if ((status >= 400 && status < 500) || status === 501) return true;
    throw error;
  }
}

function crcOf(bytes: Uint8Array): string {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(bytes));
  return value.toString('base64');
}

function md5Of(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest();
}
