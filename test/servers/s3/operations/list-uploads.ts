import type { Call } from '../call.ts';
import { readPageSize } from '../integer.ts';
import { keyOrder, listPage } from '../listing.ts';
import { type Reply, xmlReply } from '../reply.ts';
import type { Upload } from '../store.ts';
import { keyEncoder } from '../url-encoding.ts';

export function listMultipartUploads({ request, store, rules }: Call): Reply {
  const { bucket, query } = request;
  store.bucket(bucket);
  const marker = query.get('key-marker') ?? '';
  const idMarker = query.get('upload-id-marker') ?? '';
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const limit = Math.min(rules.pageSize, readPageSize(query.get('max-uploads'), 'max-uploads'));
  const page = listPage(
    [...store.uploads.values()].filter((upload) => upload.bucket === bucket).toSorted(uploadOrder),
    {
      prefix,
      delimiter,
      limit,
      marker,
      isAfter: (upload) =>
        keyOrder(upload.key, marker) > 0 ||
        (upload.key === marker && idMarker !== '' && upload.id > idMarker),
    },
  );
  const { last } = page;
  const encode = keyEncoder(query);
  return xmlReply('ListMultipartUploadsResult', {
    Bucket: bucket,
    KeyMarker: encode(marker),
    UploadIdMarker: idMarker,
    ...(page.truncated && {
      NextKeyMarker: encode(typeof last === 'string' ? last : (last?.key ?? '')),
      NextUploadIdMarker: typeof last === 'string' ? undefined : last?.id,
    }),
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    EncodingType: query.get('encoding-type'),
    MaxUploads: limit,
    IsTruncated: page.truncated,
    Upload: page.items.map((upload) => ({
      Key: encode(upload.key),
      UploadId: upload.id,
      Initiator: { ID: 'owner' },
      Owner: { ID: 'owner' },
      StorageClass: upload.attributes.storageClass,
      Initiated: new Date(upload.initiated).toISOString(),
      ChecksumAlgorithm: upload.checksum?.algorithm,
      ChecksumType: upload.checksum?.type,
    })),
    CommonPrefixes: page.prefixes.map((common) => ({ Prefix: encode(common) })),
  });
}

function uploadOrder(left: Upload, right: Upload): number {
  return keyOrder(left.key, right.key) || keyOrder(left.id, right.id);
}
