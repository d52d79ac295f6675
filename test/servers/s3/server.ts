// A strict S3 on loopback, for tests, the demo and benchmarks: what the real service refuses, it refuses too, and on
// request it goes wrong in the ways the real one does. Buckets and keys live in memory, bodies in files.
//
// It is our reading of the documentation of S3, so it may not be the only judge: test/interop has others.
// Not there: versions, ACLs, policies, lifecycle, SSE-C, virtual hosts, the CRC64NVME that AWS adds by itself.

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { BodyFolder } from './body-file.ts';
import { type Context, exchange } from './exchange.ts';
import type { FaultHook } from './fault.ts';
import { inspect, type S3Contents } from './inspect.ts';
import type { S3LogEntry } from './log.ts';
import { checkBucketName } from './operations/buckets.ts';
import type { S3Features } from './rules.ts';
import { Store } from './store.ts';

export type { FaultHook, S3Fault } from './fault.ts';
export type { ObjectView, S3Contents, UploadView } from './inspect.ts';
export type { S3LogEntry } from './log.ts';
export type { S3Request } from './request.ts';
export type { S3Features } from './rules.ts';

export interface S3ServerOptions {
  /** Secret by access key; `{ test: 'testsecret' }` by default. */
  readonly keys?: Readonly<Record<string, string>>;
  /** The only region in which signatures are accepted; us-east-1 by default. */
  readonly region?: string;
  /** Where the folder for the bodies is made; the system's temporary folder by default. */
  readonly dir?: string;
  /** A free one by default. */
  readonly port?: number;
  /** Of all parts but the last; 5 MiB by default. */
  readonly minPartSize?: number;
  readonly fault?: FaultHook;
  readonly now?: () => number;
  /** Created at the start. */
  readonly buckets?: readonly string[];
  readonly features?: S3Features;
  /** Speak https with this certificate. */
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer };
}

export interface S3Server extends S3Contents, AsyncDisposable {
  readonly endpoint: string;
  readonly port: number;
  readonly keys: Readonly<Record<string, string>>;
  /** Every request in order of arrival; empty it with `log.length = 0`. */
  readonly log: S3LogEntry[];
  setFault(fault: FaultHook | undefined): void;
  /** Drops every connection and deletes the bodies. */
  close(): Promise<void>;
}

export async function startS3(options: S3ServerOptions = {}): Promise<S3Server> {
  const { keys = { test: 'testsecret' }, buckets = [], tls } = options;
  buckets.forEach(checkBucketName);
  const store = new Store(await BodyFolder.create(options.dir));
  for (const bucket of buckets) store.buckets.set(bucket, new Map());
  const context: Context = {
    store,
    keys: new Map(Object.entries(keys)),
    region: options.region ?? 'us-east-1',
    minPartSize: options.minPartSize ?? 5 * 1024 ** 2,
    features: options.features ?? {},
    fault: options.fault,
    now: options.now ?? Date.now,
    log: [],
  };
  const { port, stop } = await listen(context, options.port ?? 0, tls).catch(async (error: unknown) => {
    await store.folder.remove();
    throw error;
  });
  const close = async () => {
    await stop();
    await store.folder.remove();
  };
  return {
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    keys,
    log: context.log,
    ...inspect(store),
    setFault(fault) {
      context.fault = fault;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listen(
  context: Context,
  port: number,
  tls: S3ServerOptions['tls'],
): Promise<{ port: number; stop: () => Promise<void> }> {
  // Uploads may take any time; keep-alive outlasts the pauses between parts.
  const timeouts = { requestTimeout: 0, keepAliveTimeout: 30_000 };
  const server = tls ? createHttpsServer({ ...timeouts, ...tls }) : createHttpServer(timeouts);
  const underWay = new Set<Promise<void>>();
  const accept = (incoming: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => {
    // Connections that break are seen where they are read and written; without a listener Node would throw.
    incoming.on('error', () => {});
    response.on('error', () => {});
    const done = exchange(context, incoming, response, expectsContinue).finally(() => underWay.delete(done));
    underWay.add(done);
  };
  server.on('request', (incoming, response) => accept(incoming, response, false));
  server.on('checkContinue', (incoming, response) => accept(incoming, response, true));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await Promise.allSettled(underWay);
    },
  };
}
