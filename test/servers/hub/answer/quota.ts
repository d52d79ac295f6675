import type { HubOptions } from '../options.ts';
import type { Ask } from '../wire/ask.ts';
import { html, type Answer } from './answer.ts';
import { refuse } from './refusal.ts';

type Bucket = 'api' | 'resolvers' | 'pages';

/** What a free account has: https://huggingface.co/docs/hub/rate-limits */
const usual = { api: 1000, resolvers: 5000, pages: 200 } as const satisfies Record<Bucket, number>;

/** Fixed windows, one counter per bucket for all callers together. */
export class Quota {
  readonly #limits: NonNullable<HubOptions['quotas']>;
  readonly #window: number;
  #ends = 0;
  #used: Record<Bucket, number> = { api: 0, resolvers: 0, pages: 0 };

  constructor(limits: HubOptions['quotas'] = {}) {
    this.#limits = limits;
    this.#window = limits.windowSeconds ?? 300;
  }

  /** Counts the request and describes what is left after it. */
  take(ask: Ask): { headers: Record<string, string>; exceeded: boolean } {
    this.#renew();
    const bucket = bucketOf(ask);
    const limit = bucket === 'pages' ? undefined : this.#limits[bucket];
    const quota = limit ?? usual[bucket];
    const used = ++this.#used[bucket];
    const left = Math.max(quota - used, limit === undefined ? 1 : 0);
    return {
      headers: rateLimitHeaders(bucket, quota, left, this.#secondsLeft(), this.#window),
      exceeded: limit !== undefined && used > limit,
    };
  }

  #renew(): void {
    if (Date.now() < this.#ends) return;
    this.#ends = Date.now() + this.#window * 1000;
    this.#used = { api: 0, resolvers: 0, pages: 0 };
  }

  #secondsLeft(): number {
    return Math.ceil((this.#ends - Date.now()) / 1000);
  }
}

export function bucketOf({ route }: Ask): Bucket {
  if (route.kind === 'resolve' || route.kind === 'resolve-cache') return 'resolvers';
  return route.kind === 'raw' || route.kind === 'unknown' ? 'pages' : 'api';
}

export function rateLimitHeaders(
  bucket: Bucket,
  quota: number,
  left: number,
  seconds: number,
  window = 300,
): Record<string, string> {
  return {
    RateLimit: `"${bucket}";r=${left};t=${seconds}`,
    'RateLimit-Policy': `"fixed window";"${bucket}";q=${quota};w=${window}`,
  };
}

export function tooManyRequests(ask: Ask, headers: Record<string, string>): Answer {
  const bucket = bucketOf(ask);
  const message =
    ask.token === undefined
      ? 'We had to rate limit your IP (127.0.0.1). To continue using our service, create a HF account or login to your existing account.'
      : `We had to rate limit you, you hit the quota of ${usual[bucket]} ${bucket} requests per 5 minutes period.`;
  if (bucket !== 'api') return html(429, `<h1>429</h1><p>${message}</p>`, headers);
  return refuse({ status: 429, message, headers }, 'json');
}
