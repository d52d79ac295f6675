import { HeadObjectCommand, type HeadObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';

import type { Run } from '../events.ts';
import { retrying } from '../http/retry.ts';
import { reasonOf, s3Failure } from './failure.ts';
import { formatS3Url, type S3Url } from './url.ts';

/** S3 is waited for as long as this after the first failure: an outage of minutes is survived. Seconds. */
const PATIENCE_SECONDS = 300;
const CALL_SECONDS = 60;

/** One call to S3, with a limit on its time, retried for as long as the failure may pass. */
export async function calling<T>(
  what: string,
  url: S3Url,
  run: Run,
  call: (signal: AbortSignal) => Promise<T>,
  timeoutSeconds = CALL_SECONDS,
): Promise<T> {
  const attempt = async () => {
    const signal = AbortSignal.any([run.signal, AbortSignal.timeout(Math.ceil(timeoutSeconds * 1000))]);
    try {
      return await call(signal);
    } catch (error) {
      throw s3Failure(error, url, run.signal);
    }
  };
  return retrying(attempt, { what, run, retries: Number.POSITIVE_INFINITY, maxSeconds: PATIENCE_SECONDS });
}

/**
 * A write whose answer was lost may have succeeded: sent again it finds no upload, or an object in its way. Then
 * `succeeded` looks whether the object is there.
 */
export async function callingOnce<T>(
  what: string,
  url: S3Url,
  run: Run,
  call: (signal: AbortSignal) => Promise<T>,
  timeoutSeconds: number,
  succeeded: () => Promise<boolean>,
): Promise<T | undefined> {
  let attempts = 0;
  try {
    const counted = (signal: AbortSignal) => {
      attempts++;
      return call(signal);
    };
    return await calling(what, url, run, counted, timeoutSeconds);
  } catch (error) {
    const { name } = reasonOf(error instanceof Error ? error.cause : undefined);
    const ambiguous = attempts > 1 && ['NoSuchUpload', 'PreconditionFailed'].includes(name);
    if (ambiguous && (await succeeded())) return undefined;
    throw error;
  }
}

export type Looked = HeadObjectCommandOutput | 'absent' | 'denied';

/** What is known of an object. Without s3:ListBucket a missing key is `denied`; without s3:GetObject any key is. */
export async function look(client: S3Client, url: S3Url, run: Run): Promise<Looked> {
  const command = new HeadObjectCommand({ Bucket: url.bucket, Key: url.key, ChecksumMode: 'ENABLED' });
  return calling(`looking at ${formatS3Url(url)}`, url, run, async (signal) => {
    try {
      return await client.send(command, { abortSignal: signal });
    } catch (error) {
      // A HEAD has no body, so its status has no reason.
      const { status } = reasonOf(error);
      if (status === 404) return 'absent';
      if (status === 403) return 'denied';
      throw error;
    }
  });
}
