import type { IncomingMessage } from 'node:http';

import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';

import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { retrying } from '../http/retry.ts';
import { reasonOf, s3Failure, unaccepted } from './failure.ts';
import type { Pace } from './pace.ts';
import type { Action } from './permission.ts';
import { formatS3Url, type S3Url } from './url.ts';

/** A call to S3, as it is retried and spoken of. */
export interface Call {
  /** For messages: what is being done. */
  readonly what: string;
  readonly action: Action;
  readonly url: S3Url;
  readonly run: Run;
  /** Seconds for one attempt. */
  readonly timeout?: number;
  /** Seconds after the first failure at which it gives up. */
  readonly patience?: number;
  /** Whose turn it is, where many calls are made at once. */
  readonly pace?: Pace;
}

type Send<T> = (signal: AbortSignal) => Promise<T>;

const TIMEOUT = 60;
/** An outage of minutes is survived once something is at stake. */
const PATIENCE = 300;
/** Nothing has been sent when one looks first: an address that is wrong should be told soon. */
const LOOK_PATIENCE = 20;

const atOnce: Pace = (request) => request();

/** Sends a request with a limit on its time, again for as long as its failure may pass. */
export async function calling<T>(call: Call, send: Send<T>): Promise<T> {
  const { what, action, url, run, timeout = TIMEOUT, patience = PATIENCE, pace = atOnce } = call;
  async function attempt(): Promise<T> {
    try {
      return await pace(() => {
        run.signal.throwIfAborted();
        return send(AbortSignal.any([run.signal, AbortSignal.timeout(Math.ceil(timeout * 1000))]));
      });
    } catch (error) {
      throw s3Failure(error, url, action, run.signal);
    }
  }
  return retrying(attempt, { what, run, retries: Number.POSITIVE_INFINITY, maxSeconds: patience });
}

/**
 * A write whose answer was lost may have succeeded: sent again it finds no upload, or an object in its way. Then
 * `succeeded` looks whether the object is there.
 *
 * @returns undefined when it had succeeded, and the answer was lost
 */
export async function callingOnce<T>(
  call: Call,
  send: Send<T>,
  succeeded: () => Promise<boolean>,
): Promise<T | undefined> {
  let attempts = 0;
  try {
    return await calling(call, (signal) => {
      attempts++;
      return send(signal);
    });
  } catch (error) {
    const ambiguous = attempts > 1 && ['NoSuchUpload', 'PreconditionFailed'].includes(nameBehind(error));
    if (ambiguous && (await succeeded())) return undefined;
    throw error;
  }
}

/** What S3 called the failure that an error of ours stands for, and its status. */
export function reasonBehind(error: unknown): { readonly name: string; readonly status: number } {
  return error instanceof ModelpackError ? reasonOf(error.cause) : { name: '', status: 0 };
}

export function nameBehind(error: unknown): string {
  return reasonBehind(error).name;
}

export type Looked = HeadObjectCommandOutput | 'absent' | 'denied';

/** An object, and how it may be asked for. */
export interface Place {
  readonly client: S3Client;
  readonly url: S3Url;
  /** Whether `x-amz-checksum-*` may be sent at all. */
  readonly checksums: boolean;
  readonly run: Run;
}

/** What is known of an object. Without s3:ListBucket a missing key is `denied`; without s3:GetObject any key is. */
export async function look({ client, url, checksums, run }: Place): Promise<Looked> {
  const command = new HeadObjectCommand({
    Bucket: url.bucket,
    Key: url.key,
    ...(checksums ? { ChecksumMode: 'ENABLED' } : {}),
  });
  let denials = 0;
  async function send(signal: AbortSignal): Promise<Looked> {
    try {
      return await client.send(command, { abortSignal: signal });
    } catch (error) {
      // A HEAD has no body, so its status has no reason.
      const { status } = reasonOf(error);
      if (status === 404) return 'absent';
      if (status === 400) await tellUnaccepted(signal);
      if (status !== 403) throw error;
      // A clock that is wrong is refused too; the SDK has set its own by the answer.
      return ++denials < 2 ? send(signal) : 'denied';
    }
  }
  /** Credentials whose time is over are answered 400: the answer to a GET says so. */
  async function tellUnaccepted(signal: AbortSignal): Promise<void> {
    const get = new GetObjectCommand({ Bucket: url.bucket, Key: url.key, Range: 'bytes=0-0' });
    try {
      const { Body: body } = await client.send(get, { abortSignal: signal });
      (body as IncomingMessage | undefined)?.destroy();
    } catch (error) {
      if (unaccepted.has(reasonOf(error).name)) throw error;
    }
  }

  const what = `looking at ${formatS3Url(url)}`;
  return calling({ what, action: 's3:GetObject', url, run, patience: LOOK_PATIENCE }, send);
}
