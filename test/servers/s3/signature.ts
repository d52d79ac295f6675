import { canonicalRequest, hmac, sha256Hex } from './canonical-request.ts';
import { type Claim, readClaim } from './claim.ts';
import { S3Error } from './errors.ts';
import type { ParsedRequest } from './request.ts';

export interface Authority {
  readonly keys: ReadonlyMap<string, string>;
  readonly region: string;
  now(): number;
}

/** What a verified request signed; the seed continues into the signatures of aws-chunked bodies. */
export interface Signed {
  readonly payload: string;
  readonly seed: SignatureSeed;
}

export interface SignatureSeed {
  readonly key: Buffer;
  readonly timestamp: string;
  readonly scope: string;
  readonly signature: string;
}

const MAX_SKEW_MS = 15 * 60 * 1000;
const MAX_EXPIRES_SECONDS = 7 * 24 * 60 * 60;

/** Checks Signature Version 4, in the Authorization header or the query. Throws the S3Error that S3 would answer. */
export function verifySignature(request: ParsedRequest, authority: Authority): Signed {
  const claim = readClaim(request);
  const secret = authority.keys.get(claim.accessKey);
  if (secret === undefined) {
    throw new S3Error('InvalidAccessKeyId', { details: { AWSAccessKeyId: claim.accessKey } });
  }
  checkScope(claim, authority.region);
  checkTime(claim, authority.now());
  checkCoverage(claim, request);

  const scope = [claim.date, claim.region, claim.service, 'aws4_request'].join('/');
  const key = signingKey(secret, claim);
  const canonical = canonicalRequest(request, claim.signedHeaders, claim.payload);
  const toSign = ['AWS4-HMAC-SHA256', claim.timestamp, scope, sha256Hex(canonical)].join('\n');
  if (hmac(key, toSign).toString('hex') !== claim.signature) {
    throw new S3Error('SignatureDoesNotMatch', {
      details: { StringToSign: toSign, SignatureProvided: claim.signature, CanonicalRequest: canonical },
    });
  }
  return {
    payload: claim.payload,
    seed: { key, timestamp: claim.timestamp, scope, signature: claim.signature },
  };
}

function signingKey(secret: string, { date, region, service }: Claim): Buffer {
  const steps = [region, service, 'aws4_request'];
  return steps.reduce((key, step) => hmac(key, step), hmac(`AWS4${secret}`, date));
}

function checkScope(claim: Claim, region: string): void {
  if (claim.region !== region) {
    throw new S3Error(claim.malformed, {
      message: `The region '${claim.region}' is wrong; expecting '${region}'`,
      headers: { 'x-amz-bucket-region': region },
      details: { Region: region },
    });
  }
  if (claim.service !== 's3') {
    throw new S3Error(claim.malformed, {
      message: `The service '${claim.service}' is wrong; expecting 's3'`,
    });
  }
  if (!claim.timestamp.startsWith(claim.date)) {
    throw new S3Error(claim.malformed, { message: `The date '${claim.date}' is not the day of the request` });
  }
}

function checkTime(claim: Claim, now: number): void {
  const { expires } = claim;
  if (expires === undefined) {
    if (Math.abs(now - claim.time) <= MAX_SKEW_MS) return;
    throw new S3Error('RequestTimeTooSkewed', {
      details: {
        RequestTime: claim.timestamp,
        ServerTime: new Date(now).toISOString(),
        MaxAllowedSkewMilliseconds: MAX_SKEW_MS,
      },
    });
  }
  if (!(expires >= 1 && expires <= MAX_EXPIRES_SECONDS)) {
    throw new S3Error(claim.malformed, { message: 'X-Amz-Expires must be 1 to 604800 seconds' });
  }
  if (now < claim.time - MAX_SKEW_MS) {
    throw new S3Error('AccessDenied', { message: 'Request is not valid yet' });
  }
  if (now > claim.time + expires * 1000) {
    throw new S3Error('AccessDenied', { message: 'Request has expired' });
  }
}

// An attacker could add a header that is not covered; S3 insists on the host and on every x-amz-* header it was sent.
function checkCoverage(claim: Claim, { headers, query }: ParsedRequest): void {
  const inQuery = new Set([...query.keys()].map((name) => name.toLowerCase()));
  const covered = new Set([...claim.signedHeaders, ...claim.uncovered]);
  const missing = Object.keys(headers).filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !covered.has(name) && !inQuery.has(name),
  );
  if (missing.length === 0) return;
  throw new S3Error('AccessDenied', {
    message: 'There were headers present in the request which were not signed',
    details: { HeadersNotSigned: missing.join(', ') },
  });
}
