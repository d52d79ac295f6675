import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/** A forward proxy on loopback: tunnels, and requests with a whole address. */
export interface Proxy extends AsyncDisposable {
  /** What to put in HTTP_PROXY. */
  readonly url: string;
  /** The hosts (with port) it was asked for. */
  readonly reached: Set<string>;
}

export async function startProxy(): Promise<Proxy> {
  const reached = new Set<string>();
  const server = createServer(forward);
  server.on('connect', tunnel);

  function forward(asked: IncomingMessage, response: ServerResponse): void {
    const url = new URL(asked.url ?? '');
    reached.add(url.host);
    const { method = 'GET', headers } = asked;
    const onward = request(url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    asked.pipe(onward);
  }

  function tunnel({ url = '' }: IncomingMessage, client: Socket): void {
    reached.add(url);
    const { hostname, port } = new URL(`http://${url}`);
    const target = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    for (const [socket, peer] of [
      [client, target],
      [target, client],
    ] as const) {
      socket.on('error', () => peer.destroy()).on('close', () => peer.destroy());
    }
    sockets.add(client);
  }

  const sockets = new Set<Socket>();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reached,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
