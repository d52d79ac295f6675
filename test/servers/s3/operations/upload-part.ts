import type { Call } from '../call.ts';
import { headerOf } from '../checksums.ts';
import { encryptionHeaders, etagUnder } from '../encryption.ts';
import { S3Error } from '../errors.ts';
import { readPartNumber } from '../integer.ts';
import { readDeclaredChecksum } from '../integrity.ts';
import { receiveFile } from '../receive.ts';
import { emptyReply, quoted, type Reply } from '../reply.ts';
import type { Upload, UploadedPart } from '../store.ts';

export async function uploadPart(call: Call): Promise<Reply> {
  const { request, store, rules } = call;
  const number = readPartNumber(request.query.get('partNumber'));
  const upload = store.upload(request.bucket, request.key, request.query.get('uploadId') ?? '');
  if (rules.checksums) checkAlgorithm(upload, request.headers);

  const { file, size, md5, checksum } = await receiveFile(call, upload.checksum?.algorithm);
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
    file.release(); // the upload was completed or aborted while the part came in
    throw error;
  }
  return emptyReply({
    etag: quoted(part.etag),
    ...(checksum && rules.checksums && { [headerOf(checksum.algorithm)]: checksum.value }),
    ...encryptionHeaders(upload.attributes.encryption),
  });
}

/** Parts must keep to the algorithm of their upload. Under FULL_OBJECT one that sends no checksum is computed here. */
function checkAlgorithm({ checksum }: Upload, headers: Readonly<Record<string, string>>): void {
  if (!checksum) return;
  const given = readDeclaredChecksum(headers)?.algorithm;
  if (given === checksum.algorithm || (given === undefined && checksum.type === 'FULL_OBJECT')) return;
  const [expected, actual] = [checksum.algorithm, given ?? 'null'].map((name) => name.toLowerCase());
  throw new S3Error('InvalidRequest', {
    message: `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${actual}`,
  });
}
