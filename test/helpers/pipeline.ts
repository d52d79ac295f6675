import { startHub, type Hub } from '../servers/hub/hub.ts';
import { tinyBert } from '../servers/hub/models.ts';
import { startS3, type S3Server } from '../servers/s3/server.ts';
import { modelpack, type Outcome, type RunOptions } from './run.ts';
import { temporaryFolder, type TemporaryFolder } from './tmp.ts';

export const model = 'acme/tiny-bert';
export const repo = tinyBert({ size: 600_000, copySize: 30_000 });
export const files = repo.revisions['main']!;
export const secret = 'AS3cretOfThisTest';

/** A repository with a configuration, the Hub that its models come from, and the S3 that they go to. */
export interface Pipeline extends AsyncDisposable {
  readonly hub: Hub;
  readonly s3: S3Server;
  readonly folder: TemporaryFolder;
  readonly env: Readonly<Record<string, string>>;
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Writes the lock, or throws. */
  lock(cwd?: string): Promise<void>;
  /** Forgets the requests so far. */
  forget(): void;
  /** What both servers were asked for, one a line: `hub info`, `s3 HEAD /models/…`. */
  asked(): string[];
}

export async function openPipeline(config: string): Promise<Pipeline> {
  const hub = await startHub({ repos: [repo] });
  const s3 = await startS3({ keys: { test: secret }, buckets: ['models'] });
  const folder = await temporaryFolder();
  await folder.write('modelpack.yaml', config);
  const env = {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    HOME: folder.join('.home'),
    HF_HOME: folder.join('.home/huggingface'),
  };
  const run: Pipeline['run'] = (args, options) =>
    modelpack(args, { hub, cwd: folder.path, ...options, env: { ...env, ...options?.env } });
  return {
    hub,
    s3,
    folder,
    env,
    run,
    async lock(cwd = folder.path) {
      const { code, stderr } = await run(['lock'], { cwd });
      if (code !== 0) throw new Error(stderr);
    },
    forget() {
      hub.log.length = 0;
      s3.log.length = 0;
    },
    asked: () => [
      ...hub.log.map(({ kind, file }) => ['hub', kind, file].filter(Boolean).join(' ')),
      ...s3.log.map(({ method, url }) => `s3 ${method} ${url}`),
    ],
    async [Symbol.asyncDispose]() {
      await s3.close();
      await hub.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
