import {
  Agent,
  createServer,
  request as sendOn,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/**
 * What lies between modelpack and the server. It sees every request, may let it wait, and may damage its body, but
 * changes nothing else: what is signed stays so.
 */
export interface Wire extends AsyncDisposable {
  readonly endpoint: string;
  /** In order of arrival. */
  readonly log: readonly Passing[];
  /** Each request waits for this before it goes on. */
  hold: (request: Passing) => Promise<unknown> | undefined;
  /** Whether a bit of the request's body is flipped. */
  damage: (request: Passing) => boolean;
}

export interface Passing {
  readonly kind: Kind;
  readonly method: string;
  /** With the query, as it was sent. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As soon as the server has answered. */
  status: number | undefined;
}

/** What is asked for, as far as it makes a difference here. */
export type Kind = 'create' | 'part' | 'complete' | 'put' | 'get' | 'head' | 'other';

/** Those that bring bytes, or begin or end an upload. */
export const writes: ReadonlySet<Kind> = new Set(['create', 'part', 'complete', 'put']);

export async function openWire(behind: string): Promise<Wire> {
  const { hostname, port } = new URL(behind);
  const agent = new Agent({ keepAlive: true });
  const log: Passing[] = [];
  const wire = { hold: (): undefined => undefined, damage: () => false } as Pick<Wire, 'hold' | 'damage'>;

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const passing: Passing = { kind: kindOf(method, path), method, path, headers, status: undefined };
    log.push(passing);
    await wire.hold(passing);
    const damaged = wire.damage(passing);
    const onward = sendOn({ hostname, port, method, path, headers: ownHeaders(incoming), agent });
    response.on('close', () => onward.destroy());
    const answered = new Promise<void>((resolve, reject) => {
      onward.on('error', reject);
      onward.on('response', (answer) => {
        passing.status = answer.statusCode;
        response.writeHead(answer.statusCode ?? 502, ownHeaders(answer));
        pipeline(answer, response).then(resolve, reject);
      });
    });
    await Promise.all([pipeline(incoming, damaged ? flipBit : same, onward), answered]);
  }

  const server = createServer({ requestTimeout: 0 }, (incoming, response) => {
    pass(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return Object.assign(wire, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  });
}

function kindOf(method: string, path: string): Kind {
  const { searchParams } = new URL(path, 'http://wire');
  if (method === 'GET')
    return searchParams.size === 0 || searchParams.get('x-id') === 'GetObject' ? 'get' : 'other';
  if (method === 'HEAD') return 'head';
  if (method === 'PUT') return searchParams.has('partNumber') ? 'part' : 'put';
  if (method !== 'POST') return 'other';
  if (searchParams.has('uploads')) return 'create';
  return searchParams.has('uploadId') ? 'complete' : 'other';
}

/** As they came, but for those that are about the connection. */
function ownHeaders({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.flatMap((name, i) =>
    i % 2 === 0 && !/^(connection|keep-alive|transfer-encoding)$/i.test(name)
      ? [name, rawHeaders[i + 1]!]
      : [],
  );
}

async function* same(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* body;
}

async function* flipBit(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let flipped = false;
  for await (const chunk of body) {
    const own = Buffer.from(chunk);
    if (!flipped && own.length > 0) own[0]! ^= 1;
    flipped ||= own.length > 0;
    yield own;
  }
}
