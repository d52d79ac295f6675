import { discard, readBody, type Answer, type HttpClient } from '../../http/client.ts';
import { header } from '../../http/header.ts';
import { locationOf, type Served } from '../../http/redirect.ts';
import { Retryable, retrying } from '../../http/retry.ts';
import { passingFailure } from '../../http/status.ts';
import { ModelpackError } from '../../errors.ts';
import type { Run } from '../../events.ts';
import { brief } from '../../printable.ts';
import { MiB } from '../../bytes.ts';
import { refusal, whenLimited, type Asked } from './refusal.ts';
import { canonicalEndpoint, type HubSettings } from './settings.ts';

/** The Hub's metadata answers are a few MB at most, for a page of 1,000 files. */
const BODY_LIMIT = 64 * MiB;
const REDIRECTS = 20;

/** Requests to the Hub, made the way the protocol wants them. */
export interface HubApi {
  /**
   * One request, following redirects that stay on the endpoint; a redirect elsewhere is the answer. The token
   * goes along to the endpoint's origin only.
   */
  send(
    url: URL,
    method: 'GET' | 'HEAD',
    headers: Readonly<Record<string, string>>,
    run: Run,
  ): Promise<Served>;
  /** A `fetch` for @huggingface/hub: retried, errors translated, links made to stay on the endpoint. */
  fetch(asked: Asked, run: Run, check?: (body: unknown) => boolean): typeof fetch;
  /** The address of something on the endpoint; `path` is already encoded. */
  url(path: string): URL;
}

export function hubApi(client: HttpClient, settings: HubSettings): HubApi {
  const endpoint = new URL(`${settings.endpoint}/`);
  const warned = new Set<string>();

  function url(path: string): URL {
    return new URL(path.replace(/^\//, ''), endpoint);
  }

  /** Mirrors pass on redirects of the canonical Hub's API; they stay on the mirror. */
  function moved(location: URL | undefined): URL | undefined {
    const isApi = location?.origin === canonicalEndpoint && location.pathname.startsWith('/api/');
    return isApi ? onEndpoint(location) : location;
  }

  /** `X-HF-Warning: <topic>; <message>`: what the Hub wants its users to read, each topic once. */
  function warn({ headers }: Answer, run: Run): void {
    const [, topic, message] = /^([^;]*);\s*(.+)$/.exec(header(headers, 'x-hf-warning') ?? '') ?? [];
    if (topic === undefined || warned.has(topic)) return;
    warned.add(topic);
    run.report({ type: 'note', text: `the Hub says: ${brief(message!)}` });
  }

  function authorization(target: URL): Record<string, string> {
    if (settings.token === undefined || target.origin !== endpoint.origin) return {};
    return { authorization: `Bearer ${settings.token.value}` };
  }

  async function send(
    first: URL,
    method: 'GET' | 'HEAD',
    headers: Readonly<Record<string, string>>,
    run: Run,
  ): Promise<Served> {
    let target = first;
    for (let hop = 0; hop <= REDIRECTS; hop++) {
      const answer = await client.send(target, {
        method,
        headers: { ...headers, ...authorization(target) },
        signal: run.signal,
      });
      warn(answer, run);
      const location = moved(locationOf(answer, target));
      if (location?.origin !== endpoint.origin) return { ...answer, url: target };
      discard(answer);
      target = location;
    }
    throw new ModelpackError('network', `${endpoint.host} redirects ${first.pathname} without end`, {
      hint: 'check HF_ENDPOINT, or try again later',
    });
  }

  function fetchFor(asked: Asked, run: Run, check: (body: unknown) => boolean = () => true): typeof fetch {
    return async (input) => {
      const target = onEndpoint(
        new URL(typeof input === 'string' ? input : input instanceof URL ? input : input.url),
      );
      return retrying(() => attempt(target, asked, check, run), {
        what: `asking the Hub for ${asked.repo}`,
        run,
      });
    };
  }

  async function attempt(
    target: URL,
    asked: Asked,
    check: (body: unknown) => boolean,
    run: Run,
  ): Promise<Response> {
    const answer = await send(target, 'GET', { accept: 'application/json' }, run);
    const body = await readBody(answer, BODY_LIMIT, target, run.signal);
    const failure = passingFailure(answer.status, answer.headers, target.host, whenLimited);
    if (failure !== undefined) throw failure;
    const elsewhere = locationOf(answer, target);
    if (elsewhere !== undefined) throw ledAway(elsewhere);
    if (answer.status < 200 || answer.status >= 300)
      throw refusal(answer.status, answer.headers, body.toString(), asked);
    if (!check(parseJson(body)))
      throw new Retryable(`${target.host} answered something else than was asked for`);
    const link = header(answer.headers, 'link');
    return new Response(new Uint8Array(body), {
      headers: {
        'content-type': 'application/json',
        ...(link === undefined ? {} : { link: linkOnEndpoint(link, target) }),
      },
    });
  }

  /** @huggingface/hub follows only absolute links followed by white space, and those to any host. */
  function linkOnEndpoint(link: string, base: URL): string {
    return link.replace(/<([^>]*)>\s*;\s*rel="?next"?/g, (_, next: string) => {
      if (!URL.canParse(next, base.href))
        throw new Retryable(`${base.host} sent a listing with a broken link`);
      return `<${onEndpoint(new URL(next, base)).href}>; rel="next"`;
    });
  }

  /** The canonical Hub's own addresses, as a mirror passes them on, moved to the mirror. */
  function onEndpoint(target: URL): URL {
    if (target.origin === endpoint.origin) return target;
    if (target.origin === canonicalEndpoint) return url(target.pathname + target.search);
    throw ledAway(target);
  }

  function ledAway(target: URL): ModelpackError {
    return new ModelpackError('network', `${endpoint.host} leads to ${target.host} for its own listing`, {
      hint: 'a sign-in page of the network may be in between; HF_ENDPOINT should name a Hub or a mirror of it',
    });
  }

  return { send, fetch: fetchFor, url };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
