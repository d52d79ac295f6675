import type { IncomingHttpHeaders } from 'node:http';

import { EnvHttpProxyAgent, errors, request, type Dispatcher } from 'undici';

import { codeOf, messageOf, ModelpackError } from '../errors.ts';
import type { Report } from '../events.ts';
import { certificateError, isCertificateError } from './certificate.ts';
import { Retryable } from './retry.ts';

export interface ClientOptions {
  readonly userAgent: string;
  /** Connections an origin. Speed comes from these: one connection of the Hub's CDN gives about 28 MiB/s. */
  readonly connections: number;
  /** Seconds to wait for a connection, for the answer's headers, and between two chunks of a body. */
  readonly timeoutSeconds: number;
  readonly proxies: Proxies;
  readonly report: Report;
}

/** As curl and Python read them from the environment; Node's own fetch on 20 does not. */
export interface Proxies {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  readonly none?: string | undefined;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Dispatcher.ResponseData['body'];
}

/** HTTP/1.1 with timeouts, proxies and no redirects: one request, one answer. */
export interface HttpClient {
  /**
   * @throws Retryable when the network failed; the body may throw what `networkFailure` translates
   * @throws ModelpackError `network` when the server's certificate is refused: no retry mends that
   */
  send(url: URL, request: HttpRequest): Promise<Answer>;
  close(): Promise<void>;
}

export function httpClient(options: ClientOptions): HttpClient {
  const { userAgent, connections, timeoutSeconds, proxies, report } = options;
  const milliseconds = timeoutSeconds * 1000;
  // HTTP/2 would put all ranges on one connection and lose the speed (measured by others: 81 against 112 MB/s).
  const dispatcher = new EnvHttpProxyAgent({
    connections,
    allowH2: false,
    pipelining: 1,
    connect: { timeout: milliseconds },
    headersTimeout: milliseconds,
    bodyTimeout: milliseconds,
    httpProxy: proxies.http ?? '',
    httpsProxy: proxies.https ?? '',
    noProxy: proxies.none ?? '',
  });

  async function send(url: URL, { method = 'GET', headers, body, signal }: HttpRequest): Promise<Answer> {
    try {
      const answer = await request(url, {
        dispatcher,
        method,
        signal,
        headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...headers },
        ...(body === undefined ? {} : { body }),
      });
      report({ type: 'request', method, url: url.origin + url.pathname, status: answer.statusCode });
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    } catch (error) {
      throw networkFailure(error, url, signal);
    }
  }

  return { send, close: () => dispatcher.destroy() };
}

/** What a request or the reading of its body failed with, as a retry loop can use it. */
export function networkFailure(error: unknown, url: URL, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const code = codeOf(error) ?? codeOf((error as { cause?: unknown } | undefined)?.cause);
  if (code !== undefined && isCertificateError(code)) return certificateError(url.host, code, error);
  return new Retryable(describe(error, code, url), { cause: error });
}

function describe(error: unknown, code: string | undefined, url: URL): string {
  if (error instanceof errors.ConnectTimeoutError) return `no connection to ${url.host} in time`;
  if (error instanceof errors.HeadersTimeoutError) return `${url.host} did not answer in time`;
  if (error instanceof errors.BodyTimeoutError) return `${url.host} stopped sending`;
  if (code === 'ECONNREFUSED') return `${url.host} refused the connection`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the name ${url.hostname} cannot be resolved`;
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE')
    return `${url.host} closed the connection`;
  return `${url.host}: ${messageOf(error)}`;
}

/**
 * Reads a whole body that must be small.
 *
 * @param limit in bytes
 * @throws ModelpackError `integrity` beyond `limit`
 */
export async function readBody(
  answer: Answer,
  limit: number,
  url: URL,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > limit) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw networkFailure(error, url, signal);
  }
  if (length > limit)
    throw new ModelpackError('integrity', `${url.host} sent more than ${limit} bytes for ${url.pathname}`);
  return Buffer.concat(chunks);
}

/** Lets go of a body that nobody wants, without waiting for its end. */
export function discard(answer: Answer): void {
  answer.body.on('error', () => {});
  answer.body.destroy();
}
