import { S3Error } from './errors.ts';
import type { ParsedRequest } from './request.ts';
import { cutAt } from './target.ts';

/** Who says they signed the request, with which scope; nothing of it is proved yet. */
export interface Claim {
  readonly accessKey: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** As sent, yyyymmddThhmmssZ, and in milliseconds since 1970. */
  readonly timestamp: string;
  readonly time: number;
  /** The x-amz-content-sha256 that is part of the signed text. */
  readonly payload: string;
  /** Seconds; presigned URLs only. */
  readonly expires?: number;
  /** Headers that need not be signed in this form. */
  readonly uncovered: readonly string[];
  /** The code for a wrong scope, which differs between the two forms. */
  readonly malformed: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError';
}

export function readClaim(request: ParsedRequest): Claim {
  const inHeader = 'authorization' in request.headers;
  const inQuery = request.query.has('X-Amz-Algorithm') || request.query.has('X-Amz-Signature');
  if (inHeader && inQuery) {
    throw new S3Error('InvalidArgument', { message: 'Only one way to authenticate is allowed' });
  }
  if (inHeader) return claimInHeader(request);
  if (inQuery) return claimInQuery(request);
  if (request.query.has('AWSAccessKeyId')) throw unsupported(); // a URL presigned with version 2
  throw new S3Error('AccessDenied');
}

function claimInHeader({ headers }: ParsedRequest): Claim {
  const malformed = 'AuthorizationHeaderMalformed';
  const [algorithm, rest] = cutAt(headers['authorization'] ?? '', ' ');
  if (algorithm !== 'AWS4-HMAC-SHA256') throw unsupported();
  const fields = new Map(rest.split(',').map((field) => cutAt(field.trim(), '=')));
  const payload = headers['x-amz-content-sha256'];
  if (payload === undefined) {
    throw new S3Error('InvalidRequest', { message: 'Missing required header: x-amz-content-sha256' });
  }
  return {
    ...readScope(fields.get('Credential'), malformed),
    ...readTime(headers['x-amz-date']),
    signedHeaders: readSignedHeaders(fields.get('SignedHeaders'), malformed),
    signature: required(fields.get('Signature'), 'Signature', malformed),
    payload,
    uncovered: [],
    malformed,
  };
}

function claimInQuery({ query, headers }: ParsedRequest): Claim {
  const malformed = 'AuthorizationQueryParametersError';
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') {
    throw new S3Error(malformed, { message: 'X-Amz-Algorithm must be AWS4-HMAC-SHA256' });
  }
  const signedHeaders = readSignedHeaders(query.get('X-Amz-SignedHeaders'), malformed);
  const payloadIsSigned = signedHeaders.includes('x-amz-content-sha256') || query.has('X-Amz-Content-Sha256');
  return {
    ...readScope(query.get('X-Amz-Credential'), malformed),
    ...readTime(query.get('X-Amz-Date')),
    signedHeaders,
    signature: required(query.get('X-Amz-Signature'), 'X-Amz-Signature', malformed),
    payload: (payloadIsSigned ? headers['x-amz-content-sha256'] : undefined) ?? 'UNSIGNED-PAYLOAD',
    expires: Number(query.get('X-Amz-Expires') ?? Number.NaN),
    uncovered: ['x-amz-content-sha256'],
    malformed,
  };
}

function readScope(
  credential: string | undefined,
  malformed: Claim['malformed'],
): Pick<Claim, 'accessKey' | 'date' | 'region' | 'service'> {
  const [accessKey, date, region, service, terminator, ...more] = (credential ?? '').split('/');
  if (!accessKey || !date || !region || !service || terminator !== 'aws4_request' || more.length > 0) {
    throw new S3Error(malformed, { message: 'The credential must be KEY/yyyymmdd/region/s3/aws4_request' });
  }
  return { accessKey, date, region, service };
}

function readTime(timestamp: string | undefined): Pick<Claim, 'timestamp' | 'time'> {
  const iso = timestamp?.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const time = iso === undefined || iso === timestamp ? Number.NaN : Date.parse(iso);
  if (timestamp === undefined || Number.isNaN(time)) {
    throw new S3Error('AccessDenied', { message: 'A request needs a valid x-amz-date' });
  }
  return { timestamp, time };
}

function readSignedHeaders(list: string | undefined, malformed: Claim['malformed']): readonly string[] {
  return required(list, 'SignedHeaders', malformed).split(';');
}

function required(value: string | undefined, name: string, malformed: Claim['malformed']): string {
  if (!value) throw new S3Error(malformed, { message: `${name} is missing` });
  return value;
}

function unsupported(): S3Error {
  return new S3Error('InvalidRequest', {
    message: 'Please use AWS4-HMAC-SHA256; no other mechanism is supported',
  });
}
