import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { isolated, python } from './bench.ts';

/** moto, a server that knows the newer parts of S3 and was not written here. */
export interface Moto extends AsyncDisposable {
  readonly endpoint: string;
}

const START_MS = 60_000;

export async function startMoto(): Promise<Moto> {
  const child = spawn(python, ['-u', '-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
    env: isolated('/nonexistent', {}),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill();
    await closed;
  };
  const late = setTimeout(() => child.kill('SIGKILL'), START_MS);
  const said: string[] = [];
  child.on('error', ({ message }) => said.push(message));
  for await (const line of createInterface(child.stderr)) {
    said.push(line);
    const endpoint = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
    if (endpoint === undefined) continue;
    clearTimeout(late);
    child.stderr.resume();
    return { endpoint, [Symbol.asyncDispose]: stop };
  }
  clearTimeout(late);
  throw new Error(`moto did not start:\n${said.join('\n')}`);
}
