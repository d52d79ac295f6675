import { type BodyFile, readBody } from '../body-file.ts';
import type { Call } from '../call.ts';
import { checkCopySize, findSource } from '../copy-source.ts';
import { encryptionHeaders, etagUnder } from '../encryption.ts';
import { readPartNumber } from '../integer.ts';
import { Integrity } from '../integrity.ts';
import { readExactRange, type Span } from '../range.ts';
import { quoted, type Reply, xmlReply } from '../reply.ts';
import type { StoredObject, UploadedPart } from '../store.ts';

export async function uploadPartCopy(call: Call): Promise<Reply> {
  const { request, store } = call;
  const number = readPartNumber(request.query.get('partNumber'));
  const upload = store.upload(request.bucket, request.key, request.query.get('uploadId') ?? '');
  const { object: source } = findSource(call);
  const range = request.headers['x-amz-copy-source-range'];
  const span = range === undefined ? { start: 0, end: source.size } : readExactRange(range, source.size);
  checkCopySize(span.end - span.start);

  const integrity = new Integrity({}, { kind: 'unsigned' }, undefined, upload.checksum?.algorithm);
  const file = await copyBytes(call, source, span, integrity);
  const { size, md5, checksum } = integrity.finish();
  const part: UploadedPart = {
    number,
    size,
    etag: etagUnder(upload.attributes.encryption, md5),
    modified: call.now(),
    file,
    ...(checksum && { checksum }),
  };
  try {
    store.putPart(upload, part);
  } catch (error) {
    file.release(); // the upload was completed or aborted meanwhile
    throw error;
  }
  return xmlReply(
    'CopyPartResult',
    {
      ETag: quoted(part.etag),
      LastModified: new Date(part.modified).toISOString(),
      ...(checksum && { [`Checksum${checksum.algorithm}`]: checksum.value }),
    },
    encryptionHeaders(upload.attributes.encryption),
  );
}

async function copyBytes(
  call: Call,
  source: StoredObject,
  span: Span,
  integrity: Integrity,
): Promise<BodyFile> {
  const writer = await call.store.folder.write();
  try {
    for await (const bytes of readBody(source.files, span.start, span.end)) {
      call.signal.throwIfAborted();
      integrity.update(bytes);
      await writer.write(bytes);
    }
    return await writer.finish();
  } catch (error) {
    await writer.discard();
    throw error;
  }
}
