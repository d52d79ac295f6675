import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own, as it would be on another machine; it shares our cores. */
export interface Server extends AsyncDisposable {
  readonly endpoint: string;
  /** The same over TLS, where it speaks that. */
  readonly secure?: string;
  readonly pid: number;
}

/** How far away a server is. */
export interface Distance {
  /** Milliseconds before each answer. */
  readonly delay: number;
  /** Bytes a second on each connection. */
  readonly rate: number;
}

const living = new Set<ChildProcess>();
// Also where this process is stopped in the middle.
process.once('exit', () => {
  for (const child of living) child.kill();
});

const root = fileURLToPath(new URL('../..', import.meta.url));

export function startHub(size: number, distance?: Distance): Promise<Server> {
  return startScript('test/servers/hub/main.ts', ['--size', String(size), ...flagsOf(distance)]);
}

export function flagsOf(distance: Distance | undefined): string[] {
  return distance === undefined ? [] : ['--delay', String(distance.delay), '--rate', String(distance.rate)];
}

/** Runs one of ours, which says its address when it is ready. */
export function startScript(script: string, args: readonly string[]): Promise<Server> {
  return startProgram(process.execPath, ['--import', 'tsx', script, ...args]);
}

export async function startProgram(program: string, args: readonly string[]): Promise<Server> {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  living.add(child);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  const closed = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  for await (const line of createInterface(child.stdout)) {
    const [endpoint, secure] = line.match(/https?:\/\/127\.0\.0\.1:\d+/g) ?? [];
    if (endpoint === undefined) continue;
    child.stdout.resume();
    return {
      endpoint,
      ...(secure !== undefined && { secure }),
      pid: child.pid!,
      async [Symbol.asyncDispose]() {
        child.kill();
        await closed;
        living.delete(child);
      },
    };
  }
  throw new Error(`${program} ${args.join(' ')} did not start: ${said}`);
}
