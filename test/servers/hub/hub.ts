import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Quota } from './answer/quota.ts';
import { Tickets } from './answer/ticket.ts';
import { exchange } from './exchange.ts';
import { Faults, type Fault, type FaultRule } from './faults.ts';
import type { HubOptions, RepoFile } from './options.ts';
import { Repository } from './store/repository.ts';
import type { StoredFile } from './store/stored-file.ts';
import { askOf, type Ask, type Origin } from './wire/ask.ts';
import { entryOf, type HubLogEntry } from './wire/log.ts';
import type { World } from './world.ts';

export type { Fault, FaultAction, FaultRule } from './faults.ts';
export type { HubLogEntry } from './wire/log.ts';
export type * from './options.ts';
export type { StoredFile } from './store/stored-file.ts';
export * from './tree-faults.ts';

/** A Hugging Face Hub on loopback that behaves as clients rely on and others have measured: two origins, and faults on request. */
export interface Hub extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, with the path prefix if there is one: what to put in HF_ENDPOINT. */
  readonly endpoint: string;
  /** `http://localhost:PORT`. The same server as `http://127.0.0.1:PORT` is a third origin. */
  readonly cdn: string;
  /** Every request of both origins, in order of arrival. */
  readonly log: HubLogEntry[];
  fault(rule: FaultRule): Fault;
  clearFaults(): void;
  /** The commit id a revision (default `main`) stands at. */
  commit(repo: string, revision?: string): string;
  /** A file as the Hub knows it; throws if there is none. */
  file(repo: string, path: string, revision?: string): StoredFile;
  files(repo: string, revision?: string): readonly StoredFile[];
  /** Puts a new commit with exactly these files on a branch; returns its id. Older commits stay. Hashed when first needed. */
  move(repo: string, revision: string, files: readonly RepoFile[]): string;
  /** Cuts all connections, those that stall too. */
  close(): Promise<void>;
}

export async function startHub(options: HubOptions): Promise<Hub> {
  const repositories = options.repos.map((repo) => new Repository(repo));
  if (options.lazy !== true) await prepareHashes(repositories);
  const faults = new Faults();
  const log: HubLogEntry[] = [];
  const servers = [await listen(options.port ?? 0), await listen(options.cdnPort ?? 0)] as const;
  const prefix = options.pathPrefix ?? '';
  const world: World = {
    options,
    repositories,
    tickets: new Tickets(options),
    quota: new Quota(options.quotas),
    endpoint: `http://127.0.0.1:${portOf(servers[0])}${prefix}`,
    prefix,
    cdn: `http://localhost:${portOf(servers[1])}`,
  };
  servers[0].on('request', (request, response) => void answer('hub', request, response));
  servers[1].on('request', (request, response) => void answer('cdn', request, response));

  async function answer(origin: Origin, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const ask = await askOf(origin, request, origin === 'hub' ? prefix : '');
      const file = fileOf(world, ask);
      const entry = entryOf(ask, file);
      log.push(entry);
      await exchange(world, ask, response, faults.due(ask, file), entry);
      entry.ended = performance.now();
    } catch (error) {
      if (response.destroyed) return;
      if (!response.headersSent) response.writeHead(500, { 'Content-Type': 'text/plain' });
      response.end(`the fixture failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }

  function repository(id: string): Repository {
    const found = repositories.find(({ spec }) => spec.id === id);
    if (found === undefined) throw new Error(`the fixture has no repository ${id}`);
    return found;
  }

  function commit(id: string, revision = 'main') {
    const found = repository(id).find(revision);
    if (found === undefined) throw new Error(`${id} has no revision ${revision}`);
    return found;
  }

  async function close(): Promise<void> {
    await Promise.all(servers.map(stop));
  }

  return {
    endpoint: world.endpoint,
    cdn: world.cdn,
    log,
    fault: (rule) => faults.add(rule),
    clearFaults: () => faults.clear(),
    commit: (id, revision) => commit(id, revision).id,
    file(id, path, revision) {
      const found = commit(id, revision).files.get(path);
      if (found === undefined) throw new Error(`${id} has no file ${path}`);
      return found;
    },
    files: (id, revision) => [...commit(id, revision).files.values()],
    move: (id, revision, files) => repository(id).move(revision, files).id,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** So that no request waits for, and no stall timer trips over, the hash of a big generated file. */
async function prepareHashes(repositories: readonly Repository[]): Promise<void> {
  for (const { files } of repositories.flatMap((repository) => repository.commits())) {
    for (const file of files.values()) await file.prepare();
  }
}

function fileOf(world: World, ask: Ask): string | undefined {
  if (ask.origin === 'cdn') return world.tickets.find(ask)?.file.path;
  const { route } = ask;
  return route.kind === 'resolve' || route.kind === 'raw' || route.kind === 'resolve-cache'
    ? route.path
    : undefined;
}

/** The window is a chunk wide; idle sockets are kept longer than any client keeps them, so none is cut under a request. */
function listen(port: number): Promise<Server> {
  const server = createServer({ highWaterMark: 1024 * 1024, keepAliveTimeout: 60_000, requestTimeout: 0 });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
