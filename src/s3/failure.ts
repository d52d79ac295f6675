import type { IncomingHttpHeaders } from 'node:http';

import type { S3ServiceException } from '@aws-sdk/client-s3';

import { codeOf, messageOf, ModelpackError } from '../errors.ts';
import { certificateError, isCertificateError } from '../http/certificate.ts';
import { Retryable } from '../http/retry.ts';
import { toldSeconds } from '../http/status.ts';
import { brief } from '../printable.ts';
import { denied, type Action } from './permission.ts';
import { formatS3Url, type S3Url } from './url.ts';

/** What S3 and other servers call too many requests. */
const throttling = new Set([
  'SlowDown',
  'ServiceUnavailable',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'RequestLimitExceeded',
]);

/** Errors of S3 that may pass, besides 5xx and those of too many requests: too slow, or damaged on the way. */
const passing = new Set([
  'RequestTimeout',
  'RequestTimeTooSkewed', // the SDK sets its clock by the answer
  'OperationAborted',
  'InternalError',
  'TimeoutError',
]);

/** What was sent is not what arrived: worth sending again, unless S3 made it itself from parts that were right. */
export const damaged = new Set([
  'BadDigest',
  'IncompleteBody',
  'XAmzContentSHA256Mismatch',
  'XAmzContentChecksumMismatch',
]);

/** What S3 says of credentials that it does not know, or whose time is over. */
export const unaccepted = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
  'RequestExpired',
]);

/** What a server does not know today it will not know in a minute. */
const NOT_IMPLEMENTED = 501;

const network =
  /^(ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOST|ENET|ERR_STREAM|ERR_SOCKET)|socket hang up/;

/**
 * What a call failed with: a `Retryable` for the retry loop, or what the user can do about it.
 *
 * @param action that the call needs leave for
 */
export function s3Failure(error: unknown, url: S3Url, action: Action, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof ModelpackError || error instanceof Retryable) return error;
  const { name, status } = reasonOf(error);
  const inTrouble = status >= 500 && status !== NOT_IMPLEMENTED;
  if (inTrouble || isThrottled(error) || passing.has(name) || damaged.has(name)) {
    const waitSeconds = toldSeconds(status, headersOf(error), Date.now());
    return new Retryable(`S3 answered ${name || status}`, { waitSeconds, cause: error });
  }
  const code = codeOf(error) ?? '';
  if (isCertificateError(code)) return certificateError('S3', code, error);
  if (network.test(code) || network.test(messageOf(error)) || name === 'AbortError') {
    return new Retryable(`S3 cannot be reached (${code || messageOf(error)})`, { cause: error });
  }
  return lasting(name, status, error, url, action);
}

/** Whether S3 asks for fewer requests. */
export function isThrottled(error: unknown): boolean {
  const { name, status } = reasonOf(error);
  return throttling.has(name) || status === 503 || status === 429;
}

function headersOf(error: unknown): IncomingHttpHeaders {
  const { headers } = (error as { $response?: { headers?: IncomingHttpHeaders } }).$response ?? {};
  return headers ?? {};
}

/** What S3 called it, and the status. Of a page that is not S3's, a gateway's say, there is the status only. */
export function reasonOf(error: unknown): { name: string; status: number } {
  const name = error instanceof Error && error.name !== 'Error' ? error.name : '';
  const { $metadata: answer } = (error ?? {}) as { readonly $metadata?: S3ServiceException['$metadata'] };
  return { name, status: answer?.httpStatusCode ?? 0 };
}

/** What servers say of options that they do not know or do not allow; encryption, for one, may need https. */
const notTaken =
  /^(NotImplemented|Invalid(Request|Argument|StorageClass|EncryptionAlgorithmError|Tag\w*)|MetadataTooLarge|KMS\..*)$/;

function lasting(name: string, status: number, cause: unknown, url: S3Url, action: Action): unknown {
  const where = formatS3Url(url);
  switch (name) {
    case 'NoSuchBucket':
      return new ModelpackError('not-found', `there is no bucket ${url.bucket}`, {
        hint: `make it, or check the name and the region: aws s3 mb s3://${url.bucket}`,
        cause,
      });
    case 'NoSuchKey':
    case 'NotFound':
      return new ModelpackError('not-found', `there is no ${where}`, { cause });
    case 'NoSuchUpload':
      return new ModelpackError('network', `the upload to ${where} was removed while it ran`, { cause });
    case 'PreconditionFailed':
      return exists(where, cause);
    case 'CredentialsProviderError':
      return new ModelpackError('refused', `no AWS credentials were found (${brief(messageOf(cause))})`, {
        hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or --profile; or: aws configure',
        cause,
      });
    case 'EntityTooLarge':
      return new ModelpackError('usage', `${where}: larger than S3 takes`, { cause });
    default:
  }
  if (unaccepted.has(name)) {
    return new ModelpackError('refused', `S3 does not accept the credentials (${name})`, {
      hint: 'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN or --profile: aws sts get-caller-identity',
      cause,
    });
  }
  if (/region is missing/i.test(messageOf(cause))) {
    return new ModelpackError('usage', 'no AWS region is set', { hint: 'set AWS_REGION or --region', cause });
  }
  if (status === 400 && name.startsWith('Unknown')) {
    return new ModelpackError('usage', `S3 does not take the request for ${where} (400)`, {
      hint: "most often that is another region than the bucket's: name it with --region or AWS_REGION",
      cause,
    });
  }
  if (status === 403) return denied(action, url, cause);
  if (status === 404) return new ModelpackError('not-found', `there is no ${where}`, { cause });
  if (notTaken.test(name)) {
    return new ModelpackError('usage', `S3 does not take the request for ${where}: ${name}`, {
      hint: 'the server may not know, or not allow, one of --sse, --storage-class, --tag, --metadata',
      cause,
    });
  }
  return new ModelpackError('unknown', `S3 answered ${name || status} for ${where}: ${messageOf(cause)}`, {
    cause,
  });
}

/** That `where` is an object already, and must not be replaced. */
export function exists(where: string, cause?: unknown): ModelpackError {
  return new ModelpackError('check', `${where} exists`, {
    hint: 'leave out --no-clobber to replace it',
    cause,
  });
}
