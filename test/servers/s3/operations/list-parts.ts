import type { Call } from '../call.ts';
import { readInteger, readPageSize } from '../integer.ts';
import { quoted, type Reply, xmlReply } from '../reply.ts';

export function listParts({ request, store, rules }: Call): Reply {
  const { bucket, key, query } = request;
  const upload = store.upload(bucket, key, query.get('uploadId') ?? '');
  const limit = Math.min(rules.pageSize, readPageSize(query.get('max-parts'), 'max-parts'));
  const marker = readInteger(query.get('part-number-marker'), {
    name: 'part-number-marker',
    max: 2 ** 31 - 1,
    fallback: 0,
  });
  const after = [...upload.parts.values()]
    .filter((part) => part.number > marker)
    .toSorted((left, right) => left.number - right.number);
  const page = after.slice(0, limit);
  return xmlReply('ListPartsResult', {
    Bucket: bucket,
    Key: key,
    UploadId: upload.id,
    Initiator: { ID: 'owner' },
    Owner: { ID: 'owner' },
    StorageClass: upload.attributes.storageClass,
    ChecksumAlgorithm: upload.checksum?.algorithm,
    ChecksumType: upload.checksum?.type,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: after.length > page.length,
    Part: page.map((part) => ({
      PartNumber: part.number,
      LastModified: new Date(part.modified).toISOString(),
      ETag: quoted(part.etag),
      Size: part.size,
      ...(part.checksum && { [`Checksum${part.checksum.algorithm}`]: part.checksum.value }),
    })),
  });
}
