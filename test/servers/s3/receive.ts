import { AwsChunkedDecoder } from './aws-chunked.ts';
import type { BodyFile } from './body-file.ts';
import type { Call } from './call.ts';
import type { Algorithm } from './checksums.ts';
import { verifyChunks } from './chunk-signature.ts';
import { S3Error } from './errors.ts';
import { Integrity, type Measured, readDeclaredChecksum } from './integrity.ts';

export interface Received extends Measured {
  readonly file: BodyFile;
}

const MAX_PUT_BYTES = 5 * 1024 ** 3;
const MAX_DOCUMENT_BYTES = 4 * 1024 ** 2;
const ABSENT: ReadonlyMap<string, string> = new Map();

/** The body of an object or part, on disk, every declared length, digest and signature checked. */
export async function receiveFile(call: Call, algorithm?: Algorithm): Promise<Received> {
  checkLength(call);
  const declared = call.rules.checksums ? readDeclaredChecksum(call.request.headers) : undefined;
  const integrity = new Integrity(call.request.headers, call.payload, declared, algorithm);
  const writer = await call.store.folder.write();
  try {
    const trailers = await readContent(call, (bytes) => {
      integrity.update(bytes);
      return writer.write(bytes);
    });
    const measured = integrity.finish(trailers);
    return { ...measured, file: await writer.finish() };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** An XML body. `declared` is false where x-amz-checksum-* is about an object and not about the document. */
export async function receiveDocument(call: Call, { declared = true } = {}): Promise<string> {
  const checksum = declared && call.rules.checksums ? readDeclaredChecksum(call.request.headers) : undefined;
  const integrity = new Integrity(call.request.headers, call.payload, checksum);
  const received: Buffer[] = [];
  let size = 0;
  const trailers = await readContent(call, (bytes) => {
    size += bytes.length;
    if (size > MAX_DOCUMENT_BYTES) throw new S3Error('MaxMessageLengthExceeded');
    integrity.update(bytes);
    received.push(bytes);
  });
  integrity.finish(trailers);
  return Buffer.concat(received).toString();
}

export function hasBodyDigest({ request }: Call): boolean {
  const { headers } = request;
  return (
    'content-md5' in headers ||
    Object.keys(headers).some((name) => name.startsWith('x-amz-checksum-') || name === 'x-amz-trailer')
  );
}

/** Hands the bytes on, aws-chunked framing removed; gives back the trailers. */
async function readContent(
  call: Call,
  take: (bytes: Buffer) => void | Promise<void>,
): Promise<ReadonlyMap<string, string>> {
  const { body, payload } = call;
  if (payload.kind !== 'chunked') {
    for await (const chunk of body.chunks()) await take(chunk);
    return ABSENT;
  }
  const decoder = new AwsChunkedDecoder(payload.signed ? verifyChunks(call.seed) : undefined);
  for await (const chunk of body.chunks()) {
    for (const bytes of decoder.decode(chunk)) await take(bytes);
  }
  decoder.end();
  checkTrailers(call, decoder.trailers);
  return decoder.trailers;
}

// The trailers must be those that x-amz-trailer announces, no more and no less.
function checkTrailers({ request }: Call, trailers: ReadonlyMap<string, string>): void {
  const announced = request.headers['x-amz-trailer']?.toLowerCase() ?? '';
  if ([...trailers.keys()].join(',') !== announced) throw new S3Error('MalformedTrailerError');
}

function checkLength({ request, payload, rules }: Call): void {
  const { headers } = request;
  const chunked = payload.kind === 'chunked';
  if (chunked && payload.trailer && !rules.checksums) throw new S3Error('MissingContentLength');
  if (!chunked && 'transfer-encoding' in headers) {
    throw new S3Error('NotImplemented', { details: { Header: 'Transfer-Encoding' } });
  }
  const length = headers[chunked ? 'x-amz-decoded-content-length' : 'content-length'];
  if (length === undefined || !/^\d{1,15}$/.test(length)) throw new S3Error('MissingContentLength');
  if (Number(length) > MAX_PUT_BYTES) {
    throw new S3Error('EntityTooLarge', { details: { ProposedSize: length, MaxSizeAllowed: MAX_PUT_BYTES } });
  }
}
