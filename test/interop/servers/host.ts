import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Where a server lives: an empty folder, and the programs that it consists of. All of it goes with its scope. */
export interface Host extends AsyncDisposable {
  readonly folder: string;
  /** Runs a program to its end. @returns stdout */
  run(program: string, ...args: readonly string[]): Promise<string>;
  /** Starts a program that stays. */
  start(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Daemon;
  /** Lets something end with the host. */
  own<T extends AsyncDisposable>(disposable: T): T;
}

export interface Daemon extends AsyncDisposable {
  /** The end of what it has written so far. */
  said(): string;
  /**
   * Asks again and again until there is an answer.
   *
   * @throws when the program ends before, or takes longer than a minute, with what it has said
   */
  until<T>(ask: () => Promise<T | undefined>): Promise<T>;
}

const LIMIT_MS = 60_000;
const STOP_MS = 5_000;
const POLL_MS = 50;
const KEPT_CHARACTERS = 64 * 1024;

export async function openHost(): Promise<Host> {
  const folder = await mkdtemp(join(tmpdir(), 'modelpack-server-'));
  const owned: AsyncDisposable[] = [];
  function own<T extends AsyncDisposable>(disposable: T): T {
    owned.unshift(disposable);
    return disposable;
  }
  return {
    folder,
    own,
    start: (program, args, env = process.env) => own(startDaemon(program, args, env)),
    async run(program, ...args) {
      return (await promisify(execFile)(program, args, { timeout: LIMIT_MS, killSignal: 'SIGKILL' })).stdout;
    },
    async [Symbol.asyncDispose]() {
      for (const disposable of owned) await disposable[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function startDaemon(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Daemon {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let ended = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-KEPT_CHARACTERS)));
  }
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => {
      ended = true;
      resolve();
    });
  });
  child.on('error', ({ message }) => (said += message));
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);

  return {
    said: () => said,
    async until(ask) {
      for (const deadline = Date.now() + LIMIT_MS; Date.now() < deadline; await wait(POLL_MS)) {
        if (ended) break;
        const answer = await ask();
        if (answer !== undefined) return answer;
      }
      throw new Error(`${program} did not start:\n${said}`);
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      const late = setTimeout(kill, STOP_MS);
      await closed;
      clearTimeout(late);
      process.off('exit', kill);
    },
  };
}

/** Waits until the server answers anything at all. @returns its endpoint */
export function listening(daemon: Daemon, port: number): Promise<string> {
  const endpoint = `http://127.0.0.1:${port}`;
  return daemon.until(async () => {
    const answer = await fetch(endpoint).catch(() => undefined);
    await answer?.body?.cancel();
    return answer && endpoint;
  });
}

/** For programs that cannot choose one and say which. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
