import { ModelpackError } from '../errors.ts';
import { discard, type Answer, type HttpClient, type HttpRequest } from './client.ts';
import { header } from './header.ts';

/** Where a redirect leads, if it is one. */
export function locationOf(answer: Answer, base: URL): URL | undefined {
  const location = header(answer.headers, 'location');
  if (answer.status < 300 || answer.status >= 400 || location === undefined) return undefined;
  const target = URL.canParse(location, base.href) ? new URL(location, base) : undefined;
  if (target?.protocol === 'https:' || target?.protocol === 'http:') return target;
  throw new ModelpackError('network', `${base.host} redirects to something that is no web address`);
}

/** An answer, and the address that gave it in the end. */
export interface Served extends Answer {
  readonly url: URL;
}

export interface FollowRequest extends Omit<HttpRequest, 'body'> {
  /** Where http:// may lead; https:// may lead anywhere. */
  readonly allowsPlain: (url: URL) => boolean;
  /** For the first origin alone. */
  readonly authorization: string | undefined;
}

/** As many as browsers follow. https://fetch.spec.whatwg.org/#http-redirect-fetch */
const REDIRECTS = 20;

/**
 * One request, and those that its redirects ask for.
 *
 * @throws Retryable when the network failed
 * @throws ModelpackError `network` for redirects without end, and from https:// to http://
 */
export async function follow(client: HttpClient, first: URL, request: FollowRequest): Promise<Served> {
  const { allowsPlain, authorization, headers, ...rest } = request;
  let url = first;
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    const own = authorization !== undefined && url.origin === first.origin ? { authorization } : {};
    const answer = await client.send(url, { ...rest, headers: { ...headers, ...own } });
    const location = locationOf(answer, url);
    if (location === undefined) return { ...answer, url };
    discard(answer);
    if (location.protocol === 'http:' && (url.protocol === 'https:' || !allowsPlain(location))) {
      throw new ModelpackError('network', `${url.host} redirects to ${location.host} without encryption`, {
        hint: 'a sign-in page of the network may be in between; what comes over plain http can be changed by anyone on the way',
      });
    }
    url = location;
  }
  throw new ModelpackError('network', `${first.host} redirects ${first.pathname} without end`, {
    hint: 'check the address, or try again later',
  });
}
