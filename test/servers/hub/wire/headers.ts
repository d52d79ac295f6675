import { randomBytes, randomUUID } from 'node:crypto';

import type { HeaderFields } from '../answer/answer.ts';
import type { HubOptions, Mirror } from '../options.ts';
import type { Ask } from './ask.ts';

const exposed =
  'X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash';

/** What every answer of the hub carries, whatever it says. */
export function hubHeaders(ask: Ask, { warnings = [] }: HubOptions): HeaderFields {
  const trace = ask.headers['x-amzn-trace-id'] ?? ask.headers['x-request-id'];
  const root = `Root=1-${randomBytes(4).toString('hex')}-${randomBytes(12).toString('hex')}`;
  return {
    'X-Request-Id': trace === undefined ? root : `${root};${String(trace)}`,
    'X-Powered-By': 'huggingface-moon',
    Vary: 'Origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Referrer-Policy': 'strict-origin-when-cross-origin',
    'Access-Control-Allow-Origin': 'https://huggingface.co',
    'Access-Control-Expose-Headers': exposed,
    Via: '1.1 0123456789abcdef0123456789abcdef.cloudfront.net (CloudFront)',
    'X-Cache': 'Miss from cloudfront',
    'X-Amz-Cf-Pop': 'FRA56-P1',
    'X-Amz-Cf-Id': randomUUID(),
    ...(warnings.length > 0 && ask.path.startsWith('/api/') && { 'X-HF-Warning': warnings }),
  };
}

/** What gateways and mirrors are known to lose: huggingface_hub#1796. */
export function withoutLost(headers: HeaderFields, mirror: Mirror = {}): HeaderFields {
  const lost = [
    ...(mirror.stripCommit === true ? ['X-Repo-Commit'] : []),
    ...(mirror.stripLinked === true ? ['X-Linked-Size', 'X-Linked-ETag', 'X-Xet-Hash'] : []),
    ...(mirror.stripErrorCode === true ? ['X-Error-Code', 'X-Error-Message'] : []),
  ];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !lost.includes(name)));
}
