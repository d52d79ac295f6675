import { type Checksum, headerOf } from './checksums.ts';
import { errorDocument, document, type XmlElements } from './xml.ts';

/** What an operation answers; exchange.ts sends it, with whatever fault is due. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: Content;
  /** The code of an error, for the log. */
  readonly code?: string;
}

export interface Content {
  readonly size: number;
  readonly read: () => AsyncIterable<Uint8Array>;
}

export interface ErrorAnswer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly details?: Readonly<Record<string, string | number>>;
}

const XML_HEADERS = { 'content-type': 'application/xml' };

export function emptyReply(headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 200, headers, content: textContent('') };
}

export function xmlReply(
  root: string,
  content: string | XmlElements,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return textReply(document(root, content), headers);
}

/** A document that was written before. */
export function textReply(xml: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 200, headers: { ...XML_HEADERS, ...headers }, content: textContent(xml) };
}

export function errorReply(error: ErrorAnswer, resource: string, requestId: string): Reply {
  const xml = errorDocument({
    Code: error.code,
    Message: error.message,
    ...error.details,
    Resource: resource,
    RequestId: requestId,
  });
  const { status, code } = error;
  return { status, headers: { ...XML_HEADERS, ...error.headers }, content: textContent(xml), code };
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (!checksum) return {};
  return { [headerOf(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

function textContent(text: string): Content {
  const bytes = Buffer.from(text);
  return {
    size: bytes.length,
    async *read() {
      yield bytes;
    },
  };
}
