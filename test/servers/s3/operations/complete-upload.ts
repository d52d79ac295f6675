import { createHash } from 'node:crypto';

import type { Call } from '../call.ts';
import { encode } from '../canonical-request.ts';
import { checkWrite } from '../conditions.ts';
import { encryptionHeaders, etagUnder } from '../encryption.ts';
import { S3Error } from '../errors.ts';
import { checkGivenChecksum, joinChecksums } from '../multipart-checksum.ts';
import { checkSizes, choosePart, readPartList } from '../part-list.ts';
import { receiveDocument } from '../receive.ts';
import { quoted, type Reply, textReply } from '../reply.ts';
import type { StoredObject, Upload, UploadedPart } from '../store.ts';
import { document } from '../xml.ts';

export async function completeMultipartUpload(call: Call): Promise<Reply> {
  const { request, store, rules } = call;
  const { bucket, key, headers, query } = request;
  const listed = readPartList(await receiveDocument(call, { declared: false }));
  const id = query.get('uploadId') ?? '';
  const done = store.completions.get(id);
  // A client that lost the answer asks again and is told the same.
  if (done?.bucket === bucket && done.key === key) return textReply(done.answer);

  const upload = store.upload(bucket, key, id);
  const parts = listed.map((entry) => choosePart(upload, entry, rules));
  checkSizes(parts, call.minPartSize);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (rules.mpuObjectSize) checkObjectSize(headers['x-amz-mp-object-size'], size);
  const checksum = rules.checksums ? joinChecksums(upload, parts) : undefined;
  if (rules.checksums) checkGivenChecksum(headers, checksum);
  if (rules.conditionalWrites) checkWrite(headers, store.find(bucket, key));

  const object: StoredObject = {
    key,
    etag: `${etagUnder(upload.attributes.encryption, md5OfMd5s(parts))}-${parts.length}`,
    size,
    modified: call.now(),
    files: parts.map((part) => part.file),
    attributes: upload.attributes,
    tags: upload.tags,
    parts: parts.map((part) => ({
      number: part.number,
      size: part.size,
      ...(part.checksum && { checksum: part.checksum }),
    })),
    ...(checksum && { checksum }),
  };
  const answer = describe(upload, object, headers['host'] ?? '');
  store.complete(upload, object, answer);
  return textReply(answer, encryptionHeaders(upload.attributes.encryption));
}

function checkObjectSize(declared: string | undefined, size: number): void {
  if (declared === undefined || declared === String(size)) return;
  throw new S3Error('InvalidRequest', {
    message: `The x-amz-mp-object-size you sent is ${declared}, the parts have ${size} bytes`,
  });
}

function md5OfMd5s(parts: readonly UploadedPart[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part.etag, 'hex');
  return hash.digest('hex');
}

function describe({ bucket, key }: Upload, { etag, checksum }: StoredObject, host: string): string {
  return document('CompleteMultipartUploadResult', {
    Location: `http://${host}/${bucket}/${key.split('/').map(encode).join('/')}`,
    Bucket: bucket,
    Key: key,
    ETag: quoted(etag),
    ...(checksum && { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }),
  });
}
