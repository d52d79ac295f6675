import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

import { S3Client } from '@aws-sdk/client-s3';

import { renewCredentials } from './credentials.ts';
import { damaged } from './failure.ts';

/** How S3 is reached. What is left out, the SDK finds itself: profile, region, credentials. */
export interface S3Settings {
  readonly endpointUrl: string | undefined;
  /** Whether a bucket stands in the path, rather than in the name of the host. */
  readonly pathStyle?: boolean;
  readonly region: string | undefined;
  readonly profile: string | undefined;
  /** Requests with a body under way at once. */
  readonly jobs: number;
}

const CONNECT_MS = 10_000;
/** Without a byte for so long a connection is dead. */
const SOCKET_MS = 60_000;

/**
 * A client tuned for large bodies (each measured): its own keep-alive sockets, one for each job; no
 * `Expect: 100-continue`, which opens a connection a part; no signature over bodies, which carry a CRC32.
 *
 * @param attempts in all, a request; 1 where the caller retries itself
 */
export function s3Client(
  { endpointUrl, pathStyle = endpointUrl !== undefined, region, profile, jobs }: S3Settings,
  attempts = 1,
): S3Client {
  const agent = { keepAlive: true, maxSockets: jobs + 4 };
  const client = new S3Client({
    ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    forcePathStyle: pathStyle,
    ...(region === undefined ? {} : { region }),
    ...(profile === undefined ? {} : { profile }),
    maxAttempts: attempts,
    followRegionRedirects: true,
    expectContinueHeader: false,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
      connectionTimeout: CONNECT_MS,
      socketTimeout: SOCKET_MS,
    },
  });
  renewCredentials(client);
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { method?: string; body?: unknown; headers: Record<string, string> };
      if (request.method === 'PUT' && request.body !== undefined) {
        request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      }
      return next(args);
    },
    { step: 'build', name: 'unsignedPayload' },
  );
  // What arrived damaged is worth sending again: the SDK does not think so by itself.
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (error instanceof Error && damaged.has(error.name)) Object.assign(error, { $retryable: {} });
        throw error;
      }
    },
    { step: 'finalizeRequest', priority: 'low', name: 'retryDamaged' },
  );
  return client;
}
