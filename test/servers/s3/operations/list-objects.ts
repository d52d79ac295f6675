import type { Call } from '../call.ts';
import { S3Error } from '../errors.ts';
import { readPageSize } from '../integer.ts';
import { keyOrder, listPage, type Page } from '../listing.ts';
import { quoted, type Reply, xmlReply } from '../reply.ts';
import type { StoredObject } from '../store.ts';
import { keyEncoder } from '../url-encoding.ts';
import type { XmlElements } from '../xml.ts';

export function listObjects(call: Call): Reply {
  const marker = call.request.query.get('marker') ?? '';
  const page = pageAfter(call, marker);
  const encode = keyEncoder(call.request.query);
  return xmlReply('ListBucketResult', {
    ...describe(call, page),
    Marker: encode(marker),
    // Without a delimiter the last key of the page is the marker, and S3 does not repeat it.
    NextMarker: page.truncated && call.request.query.has('delimiter') ? encode(lastName(page)) : undefined,
  });
}

export function listObjectsV2(call: Call): Reply {
  const { query } = call.request;
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after');
  const page = pageAfter(call, token === undefined ? (startAfter ?? '') : readToken(token));
  return xmlReply('ListBucketResult', {
    ...describe(call, page),
    KeyCount: page.items.length + page.prefixes.length,
    ContinuationToken: token,
    NextContinuationToken: page.truncated ? writeToken(lastName(page)) : undefined,
    StartAfter: startAfter === undefined ? undefined : keyEncoder(query)(startAfter),
  });
}

function pageAfter({ request, store }: Call, marker: string): Page<StoredObject> {
  const objects = [...store.bucket(request.bucket).values()].toSorted((left, right) =>
    keyOrder(left.key, right.key),
  );
  return listPage(objects, {
    prefix: request.query.get('prefix') ?? '',
    delimiter: request.query.get('delimiter') ?? '',
    limit: readPageSize(request.query.get('max-keys'), 'max-keys'),
    marker,
    isAfter: (object) => keyOrder(object.key, marker) > 0,
  });
}

function describe({ request }: Call, page: Page<StoredObject>): XmlElements {
  const { bucket, query } = request;
  const encode = keyEncoder(query);
  const delimiter = query.get('delimiter');
  return {
    Name: bucket,
    Prefix: encode(query.get('prefix') ?? ''),
    Delimiter: delimiter === undefined ? undefined : encode(delimiter),
    MaxKeys: readPageSize(query.get('max-keys'), 'max-keys'),
    EncodingType: query.get('encoding-type'),
    IsTruncated: page.truncated,
    Contents: page.items.map((object) => ({
      Key: encode(object.key),
      LastModified: new Date(object.modified).toISOString(),
      ETag: quoted(object.etag),
      ChecksumAlgorithm: object.checksum?.algorithm,
      ChecksumType: object.checksum?.type,
      Size: object.size,
      StorageClass: object.attributes.storageClass,
    })),
    CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  };
}

function lastName({ last }: Page<StoredObject>): string {
  return typeof last === 'string' ? last : (last?.key ?? '');
}

function writeToken(name: string): string {
  return Buffer.from(name).toString('base64url');
}

function readToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString();
  if (token !== '' && writeToken(name) === token) return name;
  throw new S3Error('InvalidArgument', { message: 'The continuation token provided is incorrect' });
}
