import type { S3Request } from './request.ts';

/** Entered on arrival and filled in as the answer goes out, so that it is complete once a client has its answer. */
export interface S3LogEntry extends S3Request {
  /** Milliseconds since 1970, by the clock of the server. */
  readonly at: number;
  /** 0 until answered, and for ever if the connection ended without an answer. */
  status: number;
  /** Bytes of the body that were read, aws-chunked framing included. */
  bytesIn: number;
  /** Bytes of the body that were answered. */
  bytesOut: number;
  /** The code of an error that was answered. */
  code?: string;
}

export function enter(log: S3LogEntry[], request: S3Request, at: number): S3LogEntry {
  const entry = { ...request, at, status: 0, bytesIn: 0, bytesOut: 0 };
  log.push(entry);
  return entry;
}
