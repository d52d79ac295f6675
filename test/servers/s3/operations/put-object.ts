import { readAttributes } from '../attributes.ts';
import type { Call } from '../call.ts';
import { checkWrite } from '../conditions.ts';
import { encryptionHeaders, etagUnder } from '../encryption.ts';
import { S3Error } from '../errors.ts';
import { receiveFile } from '../receive.ts';
import { checksumHeaders, emptyReply, quoted, type Reply } from '../reply.ts';
import type { StoredObject } from '../store.ts';
import { readTagsHeader } from '../tags.ts';

export async function putObject(call: Call): Promise<Reply> {
  const { request, store, rules } = call;
  const { bucket, key, headers } = request;
  if (request.query.has('partNumber')) {
    throw new S3Error('InvalidArgument', { message: 'partNumber needs an uploadId' });
  }
  const attributes = readAttributes(headers, rules);
  const tags = readTagsHeader(headers['x-amz-tagging']);
  const check = () => {
    const existing = store.find(bucket, key);
    if (rules.conditionalWrites) checkWrite(headers, existing);
  };
  check(); // spares the client that waits for 100 Continue from sending the body

  const { file, size, md5, checksum } = await receiveFile(call);
  const object: StoredObject = {
    key,
    etag: etagUnder(attributes.encryption, md5),
    size,
    modified: call.now(),
    files: [file],
    attributes,
    tags,
    ...(checksum && { checksum: { ...checksum, type: 'FULL_OBJECT' } }),
  };
  try {
    check(); // someone else may have come first meanwhile
    store.put(bucket, object);
  } catch (error) {
    file.release();
    throw error;
  }
  return emptyReply({
    etag: quoted(object.etag),
    ...checksumHeaders(object.checksum),
    ...encryptionHeaders(attributes.encryption),
  });
}
