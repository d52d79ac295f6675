import { createHash, randomBytes } from 'node:crypto';

import { startWeb, type WebFile, type WebServer } from '../servers/web/server.ts';
import { modelpack, type Outcome, type RunOptions } from './run.ts';
import { temporaryFolder, type TemporaryFolder } from './tmp.ts';

/** A file server, an empty folder, a folder for temporary files, and the command line between them. */
export interface WebBench extends AsyncDisposable {
  readonly web: WebServer;
  readonly folder: TemporaryFolder;
  readonly temporary: TemporaryFolder;
  /** What every run has in its environment. */
  readonly env: Record<string, string>;
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Writes a catalog `zoo` (or another) whose addresses begin with `/`, and names its folder to every later run. */
  catalog(models: readonly object[], scheme?: string): Promise<void>;
}

export async function openWebBench(
  files: Readonly<Record<string, WebFile | Buffer>> = {},
): Promise<WebBench> {
  const web = await startWeb(files);
  const folder = await temporaryFolder();
  const [temporary, catalogs] = [await temporaryFolder(), await temporaryFolder()];
  const env: Record<string, string> = { TMPDIR: temporary.path };
  return {
    web,
    folder,
    temporary,
    env,
    run: (args, { env: more, ...options } = {}) =>
      modelpack(args, { cwd: folder.path, env: { ...env, ...more }, ...options }),
    async catalog(models, scheme = 'zoo') {
      const text = JSON.stringify({ scheme, models }).replaceAll('"url":"/', `"url":"${web.origin}/`);
      await catalogs.write(`${scheme}.json`, text);
      env['MODELPACK_CATALOGS'] = catalogs.path;
    },
    async [Symbol.asyncDispose]() {
      await web[Symbol.asyncDispose]();
      for (const each of [folder, temporary, catalogs]) await each[Symbol.asyncDispose]();
    },
  };
}

/** It begins with a byte that begins no pickle: by chance noise could be one that imports something. */
export function noise(size: number): Buffer {
  return randomBytes(size).fill(0, 0, 1);
}

export function hash(bytes: Uint8Array, algorithm: 'sha256' | 'md5' = 'sha256'): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** `HEAD /x.bin`, `GET /x.bin 0-99`: in the order they came, without queries. */
export function requestsOf({ log }: WebServer): string[] {
  return log.map(({ method, path, range }) =>
    [method, path.split('?')[0], range?.replace('bytes=', '')].filter(Boolean).join(' '),
  );
}
