import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

import type { ErrorAnswer } from './reply.ts';
import type { S3Request } from './request.ts';

/** What goes wrong with one request. Those that go well together may be combined, a delay with anything. */
export interface S3Fault {
  /** Wait before anything else. */
  readonly delayMs?: number;
  /** Reset the connection (RST) instead of answering; nothing is carried out. */
  readonly reset?: true;
  /** Take the whole body, then never answer; nothing is carried out. */
  readonly hang?: true;
  /** Answer this status instead, with an S3 error of this code and message. The signature is not looked at. */
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  /** With `status`: answer with this page instead of an S3 error, as a gateway in front of the server does. */
  readonly page?: string;
  /** Added to the answer, whatever it is. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Close the connection after this many bytes of the answer's body. */
  readonly cutResponseAfter?: number;
  /** Status 200 with an <Error> in the body, as a long CompleteMultipartUpload may end; nothing is carried out. */
  readonly errorInside200?: { readonly code: string; readonly message: string };
  /** Carry the operation out, then close the connection instead of answering. */
  readonly loseResponse?: true;
  /** Flip the middle byte of the body of a GetObject. */
  readonly corruptBody?: true;
  /** Play a server that ignores If-Match, If-None-Match and their like. */
  readonly ignoreConditions?: true;
  /** Play a server that ignores x-amz-checksum-*. */
  readonly noChecksums?: true;
}

/** Asked once per request, in order of arrival. */
export type FaultHook = (request: S3Request) => S3Fault | undefined | Promise<S3Fault | undefined>;

/** The fault for a request; rejects when the client leaves while the hook or the delay takes its time. */
export async function chooseFault(
  hook: FaultHook | undefined,
  request: S3Request,
  signal: AbortSignal,
): Promise<S3Fault> {
  const fault = await Promise.race([hook?.(request), gone(signal)]);
  if (fault?.delayMs) await setTimeout(fault.delayMs, undefined, { signal });
  return fault ?? {};
}

/** Rejects once the client has left. */
export async function gone(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

/** An answer that a fault asked for. */
export class InjectedError extends Error {
  override readonly name = 'InjectedError';
  readonly answer: ErrorAnswer;

  constructor(answer: ErrorAnswer) {
    super(answer.message);
    this.answer = answer;
  }
}
