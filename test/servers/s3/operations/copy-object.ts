import { type Attributes, readAttributes } from '../attributes.ts';
import { readBody } from '../body-file.ts';
import type { Call } from '../call.ts';
import { checkWrite } from '../conditions.ts';
import { checkCopySize, findSource, readCopyAlgorithm } from '../copy-source.ts';
import { encryptionHeaders, etagUnder } from '../encryption.ts';
import { S3Error } from '../errors.ts';
import { Integrity } from '../integrity.ts';
import { quoted, type Reply, xmlReply } from '../reply.ts';
import type { StoredObject } from '../store.ts';
import { readTagsHeader } from '../tags.ts';

/** The copy shares the files of its source, but has an ETag and checksum of its own, over the whole. */
export async function copyObject(call: Call): Promise<Reply> {
  const { request, store, rules, signal } = call;
  const { bucket, key, headers } = request;
  store.bucket(bucket);
  const { bucket: sourceBucket, object: source } = findSource(call);
  const replaces = readDirective(headers['x-amz-metadata-directive']) === 'REPLACE';
  if (!replaces && sourceBucket === bucket && source.key === key && !changesItself(headers)) {
    throw new S3Error('InvalidRequest', { message: 'An object cannot be copied to itself without a change' });
  }
  checkCopySize(source.size);
  const attributes = copiedAttributes(source, headers, replaces);
  const retags = readDirective(headers['x-amz-tagging-directive']) === 'REPLACE';
  const tags = retags ? readTagsHeader(headers['x-amz-tagging']) : source.tags;

  const integrity = new Integrity({}, { kind: 'unsigned' }, undefined, readCopyAlgorithm(call, source));
  for (const file of source.files) file.hold();
  try {
    for await (const bytes of readBody(source.files, 0, source.size)) {
      signal.throwIfAborted();
      integrity.update(bytes);
    }
    if (rules.conditionalWrites) checkWrite(headers, store.find(bucket, key));
    const { md5, checksum } = integrity.finish();
    const object: StoredObject = {
      key,
      etag: etagUnder(attributes.encryption, md5),
      size: source.size,
      modified: call.now(),
      files: source.files,
      attributes,
      tags,
      ...(checksum && { checksum: { ...checksum, type: 'FULL_OBJECT' } }),
    };
    store.put(bucket, object);
    return describe(object);
  } catch (error) {
    for (const file of source.files) file.release();
    throw error;
  }
}

function copiedAttributes(
  source: StoredObject,
  headers: Readonly<Record<string, string>>,
  replaces: boolean,
): Attributes {
  const given = readAttributes(headers);
  // Class and encryption belong to the copy, whatever the directive says.
  return replaces
    ? given
    : { ...given, headers: source.attributes.headers, metadata: source.attributes.metadata };
}

function changesItself(headers: Readonly<Record<string, string>>): boolean {
  return 'x-amz-storage-class' in headers || 'x-amz-server-side-encryption' in headers;
}

function readDirective(value = 'COPY'): string {
  if (value === 'COPY' || value === 'REPLACE') return value;
  throw new S3Error('InvalidArgument', { message: 'A directive must be COPY or REPLACE' });
}

function describe({ etag, modified, checksum, attributes }: StoredObject): Reply {
  return xmlReply(
    'CopyObjectResult',
    {
      ETag: quoted(etag),
      LastModified: new Date(modified).toISOString(),
      ...(checksum && { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }),
    },
    encryptionHeaders(attributes.encryption),
  );
}
