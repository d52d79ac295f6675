import type { S3Client } from '@aws-sdk/client-s3';

import { isKms } from './attributes.ts';
import { crc32 } from './crc32.ts';
import { isMd5, md5Of, unquoted, type SentPart } from './proof.ts';

interface Request {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers: Record<string, string>;
  readonly query?: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly ETag?: string;
  readonly ChecksumCRC32?: string;
  readonly ServerSideEncryption?: string;
}

/**
 * Watches the bodies that a client sends for somebody else, such as lib-storage. One that a server without checksums
 * takes damaged is sent again, as our own parts are: a whole object is announced with its MD5, of a part the ETag
 * tells.
 *
 * @param sse the encryption that is asked for
 * @returns what was sent, by its number; 0 is an object that is put whole
 */
export function watchBodies(client: S3Client, sse: string | undefined): ReadonlyMap<number, SentPart> {
  const sent = new Map<number, SentPart>();

  client.middlewareStack.add(
    (next) => (args) => {
      const { body, headers, number } = bodyOf(args.request);
      if (number === 0 && body !== undefined) headers['content-md5'] = base64(md5Of(body));
      return next(args);
    },
    { step: 'build', name: 'announceMd5' },
  );

  client.middlewareStack.add(
    (next) => async (args) => {
      const { body, number } = bodyOf(args.request);
      if (body === undefined) return next(args);
      const part = { number, length: body.length, crc32: crc32(body), etag: '', md5: undefined };
      // The answer may be lost.
      sent.set(number, number === 0 ? { ...part, md5: md5Of(body) } : part);
      const result = await next(args);
      const { ETag: etag = '', ChecksumCRC32: echoed, ServerSideEncryption: kept } = result.output as Answer;
      const md5 = echoed === undefined && !isKms(kept ?? sse) ? md5Of(body) : undefined;
      if (md5 !== undefined && isMd5(etag) && unquoted(etag) !== md5) {
        throw Object.assign(new Error('what was sent arrived damaged'), { $retryable: {} });
      }
      sent.set(number, { ...part, etag, md5 });
      return result;
    },
    { step: 'finalizeRequest', priority: 'low', name: 'watchBodies' },
  );
  return sent;
}

/** The body of a request that writes an object or a part of one. */
function bodyOf(
  request: unknown,
): Pick<Request, 'headers'> & { body: Uint8Array | undefined; number: number } {
  const { method, body, headers, query } = request as Request;
  const writes = method === 'PUT' && body instanceof Uint8Array;
  return { headers, body: writes ? body : undefined, number: Number(query?.['partNumber'] ?? 0) };
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}
