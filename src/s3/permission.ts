import { messageOf, ModelpackError } from '../errors.ts';
import { formatS3Url, type S3Url } from './url.ts';

/**
 * What a request needs leave for.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
 */
export type Action =
  | 's3:GetObject'
  | 's3:PutObject'
  | 's3:AbortMultipartUpload'
  | 's3:ListMultipartUploadParts'
  | 's3:ListBucketMultipartUploads';

/** Of the bucket, not of an object in it. */
const ofBucket: ReadonlySet<string> = new Set<Action>(['s3:ListBucketMultipartUploads']);

/** What S3 calls a denial, so that it can be told from credentials that are wrong. */
export const ACCESS_DENIED = 'AccessDenied';

/** What AWS names in its answer: the key of an encrypted object may be what is denied, or the tags. */
const named = /not authorized to perform: ([a-z0-9-]+:\w+) on (?:the )?resource: "?(arn:[^\s"]+)"?/;
const forbidding = /with an explicit deny in an? ([\w-]+(?: [\w-]+)? policy)/;

/** A denial, with the statement that would allow it. */
export function denied(action: Action, url: S3Url, cause: unknown): ModelpackError {
  const text = messageOf(cause);
  const [, wanted = action, arn = arnOf(action, url)] = named.exec(text) ?? [];
  const policy = forbidding.exec(text)?.[1];
  const statement = JSON.stringify({ Effect: 'Allow', Action: wanted, Resource: arn });
  const hint =
    policy === undefined
      ? `the credentials need this statement in their policy: ${statement}`
      : `a statement with "Effect": "Deny" in the ${policy} forbids it; no other statement can allow it`;
  return new ModelpackError('refused', `S3 denies ${wanted} on ${formatS3Url(url)}`, { hint, cause });
}

function arnOf(action: Action, { bucket, key }: S3Url): string {
  return `arn:aws:s3:::${bucket}${ofBucket.has(action) ? '' : `/${key}`}`;
}
