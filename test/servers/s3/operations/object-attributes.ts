import type { Call } from '../call.ts';
import { S3Error } from '../errors.ts';
import { readInteger, readPageSize } from '../integer.ts';
import { type Reply, xmlReply } from '../reply.ts';
import type { StoredObject } from '../store.ts';
import type { XmlElements } from '../xml.ts';

const NAMES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'];

export function getObjectAttributes({ request, store, rules }: Call): Reply {
  const { bucket, key, headers } = request;
  const object = store.object(bucket, key);
  const wanted = (headers['x-amz-object-attributes'] ?? '').split(',').map((name) => name.trim());
  if (wanted.some((name) => !NAMES.includes(name))) {
    throw new S3Error('InvalidArgument', {
      message: `x-amz-object-attributes must be among ${NAMES.join(', ')}`,
    });
  }
  const checksum = rules.checksums ? object.checksum : undefined;
  const known: XmlElements = {
    ETag: object.etag,
    Checksum: checksum && {
      [`Checksum${checksum.algorithm}`]: checksum.value.replace(/-\d+$/, ''),
      ChecksumType: checksum.type,
    },
    ObjectParts: object.parts && listParts(object, headers),
    StorageClass: object.attributes.storageClass,
    ObjectSize: object.size,
  };
  const chosen = Object.entries(known).filter(([name]) => wanted.includes(name));
  return xmlReply('GetObjectAttributesResponse', Object.fromEntries(chosen), {
    'last-modified': new Date(object.modified).toUTCString(),
  });
}

// S3 names the parts one by one only if they have checksums; else it gives their number.
function listParts(
  { parts = [], checksum }: StoredObject,
  headers: Readonly<Record<string, string>>,
): XmlElements {
  if (!checksum) return { PartsCount: parts.length };
  const limit = readPageSize(headers['x-amz-max-parts'], 'x-amz-max-parts');
  const marker = readInteger(headers['x-amz-part-number-marker'], {
    name: 'x-amz-part-number-marker',
    max: 10_000,
    fallback: 0,
  });
  const after = parts.filter((part) => part.number > marker);
  const page = after.slice(0, limit);
  return {
    PartsCount: parts.length,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: after.length > page.length,
    Part: page.map((part) => ({
      PartNumber: part.number,
      Size: part.size,
      ...(part.checksum && { [`Checksum${part.checksum.algorithm}`]: part.checksum.value }),
    })),
  };
}
