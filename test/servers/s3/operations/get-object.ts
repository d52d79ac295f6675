import { attributeHeaders, isArchived } from '../attributes.ts';
import { readBody } from '../body-file.ts';
import type { Call } from '../call.ts';
import { checkRead } from '../conditions.ts';
import { S3Error } from '../errors.ts';
import { readPartNumber } from '../integer.ts';
import { contentRange, readRange, type Span } from '../range.ts';
import { checksumHeaders, quoted, type Reply } from '../reply.ts';
import type { StoredObject } from '../store.ts';

const OVERRIDES = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** GetObject and HeadObject; what is sent for HEAD ends with the headers. */
export function getObject({ request, store, rules }: Call): Reply {
  const { bucket, key, headers, method } = request;
  const object = store.object(bucket, key);
  if (rules.conditionalReads) checkRead(headers, object);
  if (method === 'GET' && isArchived(object.attributes)) {
    throw new S3Error('InvalidObjectState', { details: { StorageClass: object.attributes.storageClass } });
  }

  const partNumber = request.query.get('partNumber');
  const selected = selectSpan(object, headers['range'], partNumber);
  const { start, end } = selected ?? { start: 0, end: object.size };
  const withChecksum =
    rules.checksums && !selected && headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED';
  return {
    status: selected ? 206 : 200,
    headers: {
      ...attributeHeaders(object.attributes),
      'accept-ranges': 'bytes',
      etag: quoted(object.etag),
      'last-modified': new Date(object.modified).toUTCString(),
      ...(object.tags.size > 0 && { 'x-amz-tagging-count': `${object.tags.size}` }),
      ...(selected && { 'content-range': contentRange(selected, object.size) }),
      ...(partNumber !== undefined && object.parts && { 'x-amz-mp-parts-count': `${object.parts.length}` }),
      ...(withChecksum && checksumHeaders(object.checksum)),
      ...readOverrides(request.query),
    },
    content: { size: end - start, read: () => readBody(object.files, start, end) },
  };
}

function selectSpan(
  object: StoredObject,
  range: string | undefined,
  partNumber: string | undefined,
): Span | undefined {
  if (partNumber === undefined) return range === undefined ? undefined : readRange(range, object.size);
  if (range === undefined) return partSpan(object, readPartNumber(partNumber));
  throw new S3Error('InvalidRequest', {
    message: 'Cannot specify both Range header and partNumber query parameter',
  });
}

/** An object that was put in one piece counts as one part. */
function partSpan({ size, parts }: StoredObject, number: number): Span | undefined {
  let start = 0;
  for (const part of parts ?? [{ number: 1, size }]) {
    if (part.number === number) return size === 0 ? undefined : { start, end: start + part.size };
    start += part.size;
  }
  throw new S3Error('InvalidPartNumber', {
    details: { PartNumberRequested: number, ActualPartCount: parts?.length ?? 1 },
  });
}

function readOverrides(query: ReadonlyMap<string, string>): Record<string, string> {
  const given = OVERRIDES.flatMap((name) => {
    const value = query.get(`response-${name}`);
    return value === undefined ? [] : [[name, value] as const];
  });
  // A line break would end the header, and Node throws on it.
  if (given.some(([, value]) => !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))) {
    throw new S3Error('InvalidArgument');
  }
  return Object.fromEntries(given);
}
