import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startHub, type Hub, type Repo } from '../../test/servers/hub/hub.ts';
import { startS3, type S3Server } from '../../test/servers/s3/server.ts';
import { typed } from './say.ts';

/** A Hub, an S3 and an empty folder, with a shell in the folder; gone without a trace at the end. */
export interface Stage extends AsyncDisposable {
  readonly hub: Hub;
  readonly s3: S3Server;
  /** Of a file in the folder. */
  path(name: string): string;
  /** Runs modelpack as a user would, and shows it. @returns its exit code */
  modelpack(...args: readonly string[]): Promise<number>;
  /** The same with another program. @returns undefined if there is none of this name */
  program(name: string, ...args: readonly string[]): Promise<number | undefined>;
}

/** A command that takes longer hangs. */
const LIMIT_MS = 60_000;
const program = fileURLToPath(new URL('../../bin/modelpack.js', import.meta.url));

export async function openStage(repos: readonly Repo[], bucket: string, signal: AbortSignal): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'modelpack-demo-'));
  // The last thing this process does, whatever ends it.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const hub = await startHub({ repos });
  const s3 = await startS3({ buckets: [bucket], dir: folder });
  const env = environment(join(folder, 'home'), hub, s3);

  async function run(command: string, args: readonly string[]): Promise<number | undefined> {
    signal.throwIfAborted();
    // Both streams are this one's stdout: they stay in order, and where it is piped nobody draws or colours.
    const child = spawn(command, args, {
      cwd: folder,
      env,
      stdio: ['ignore', 1, 1],
      signal,
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    let missing = false;
    child.on('error', ({ code }: NodeJS.ErrnoException) => (missing ||= code === 'ENOENT'));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    signal.throwIfAborted();
    return missing ? undefined : (code ?? -1);
  }

  return {
    hub,
    s3,
    path: (name) => join(folder, name),
    async modelpack(...args) {
      typed(['modelpack', ...args]);
      return (await run(process.execPath, [program, ...args])) ?? -1;
    },
    program(name, ...args) {
      typed([name, ...args]);
      return run(name, args);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([hub.close(), s3.close()]);
    },
  };
}

/** Of the settings of this machine only how its terminal is to be used. */
function environment(home: string, hub: Hub, s3: S3Server): NodeJS.ProcessEnv {
  const kept = ['PATH', 'SystemRoot', 'TERM', 'COLORTERM', 'NO_COLOR', 'LANG', 'LC_ALL'];
  const [[accessKey, secret] = ['', '']] = Object.entries(s3.keys);
  return {
    ...Object.fromEntries(kept.map((name) => [name, process.env[name]])),
    HOME: home,
    HF_ENDPOINT: hub.endpoint,
    AWS_ENDPOINT_URL: s3.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secret,
  };
}
