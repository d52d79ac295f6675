import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { modelpack, start, type Outcome, type Running, type RunOptions } from '../helpers/run.ts';
import { noise } from '../helpers/sending.ts';
import { temporaryFolder, type TemporaryFolder } from '../helpers/tmp.ts';
import { startHub, type Hub } from '../servers/hub/hub.ts';
import { big } from '../servers/hub/models.ts';
import { startS3, type FaultHook, type S3Server } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const bucket = 'models';
const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'testsecret' };

const folder = await temporaryFolder();
let file = '';
let hub: Hub;
beforeAll(async () => {
  file = await folder.write('model.bin', noise(11 * MiB));
  hub = await startHub({ repos: [big({ size: 11 * MiB })] });
});
afterAll(async () => {
  await hub.close();
  await folder[Symbol.asyncDispose]();
});

const commands = {
  upload: () => ['upload', file, 's3://models/key'],
  fetch: () => ['fetch', 'acme/big', '-o', 's3://models/key'],
};
type Verb = keyof typeof commands;

interface Stand extends AsyncDisposable {
  readonly s3: S3Server;
  readonly home: TemporaryFolder;
  /** Runs to its end; `at` is asked for every request, with the run. */
  run(
    verb: Verb,
    at?: (running: Running, ...request: Parameters<FaultHook>) => ReturnType<FaultHook>,
  ): Promise<Outcome>;
}

async function stand(): Promise<Stand> {
  const s3 = await startS3({ buckets: [bucket] });
  const home = await temporaryFolder();
  return {
    s3,
    home,
    async run(verb, at) {
      const env = { ...credentials, AWS_ENDPOINT_URL_S3: s3.endpoint, HOME: home.path };
      const options: RunOptions = { hub, env };
      const args = [...commands[verb](), '--part-size', '5MiB', '--jobs', '1'];
      if (at === undefined) return await modelpack(args, options);
      await using running = start(args, options);
      s3.setFault((request) => at(running, request));
      const outcome = await running.outcome;
      s3.setFault(undefined);
      return outcome;
    },
    async [Symbol.asyncDispose]() {
      await s3.close();
      await home[Symbol.asyncDispose]();
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition() && waited < 20_000; waited += 20) await delay(20);
}

const isThird: (...request: Parameters<FaultHook>) => boolean = ({ operation, query }) =>
  operation === 'UploadPart' && query.get('partNumber') === '3';

const left =
  /^left in S3 for the next run: 2 parts, 10 MB; to remove them: Ctrl-C again, or later modelpack uploads s3:\/\/models\/key --abort\n/m;

describe.concurrent('Ctrl-C', () => {
  it('once keeps what a fetch sent, with its journal, and the next run goes on', async () => {
    await using stage = await stand();
    const { code, stderr } = await stage.run('fetch', (running, request) => {
      if (!isThird(request)) return undefined;
      running.kill('SIGINT');
      return { hang: true };
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(left);
    expect(stderr).toMatch(
      /\nmodelpack: interrupted\nhint: run the same command again: it goes on where it stopped\n$/,
    );
    expect(stage.s3.uploads()).toMatchObject([{ parts: 2 }]);
    expect(await readdir(stage.home.join('.local/state/modelpack/uploads'))).toHaveLength(1);
    const again = await stage.run('fetch');
    expect(again.stderr).toContain('in S3 already: 2 parts of 3\n');
    expect(again.code).toBe(0);
    expect(stage.s3.uploads()).toEqual([]);
  });

  it.each(['upload', 'fetch'] as const)('twice leaves nothing of the %s', async (verb) => {
    await using stage = await stand();
    const { code, stderr } = await stage.run(verb, async (running, request) => {
      if (!isThird(request)) return undefined;
      running.kill('SIGINT');
      await until(() => running.stderr().includes('stopping'));
      running.kill('SIGINT');
      return { hang: true };
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(left);
    expect(stage.s3.uploads()).toEqual([]);
    expect(stage.s3.keysOf(bucket)).toEqual([]);
    expect(await readdir(stage.home.path)).toEqual([]);
  });

  it('twice says what is left when it cannot be removed', async () => {
    await using stage = await stand();
    const { code, stderr } = await stage.run('upload', async (running, request) => {
      if (request.operation === 'AbortMultipartUpload') return { status: 403, code: 'AccessDenied' };
      if (!isThird(request)) return undefined;
      running.kill('SIGINT');
      await until(() => running.stderr().includes('stopping'));
      running.kill('SIGINT');
      return { hang: true };
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(/^the unfinished upload \S+ of s3:\/\/models\/key could not be removed /m);
    expect(stage.s3.uploads()).toHaveLength(1);
  });

  it('three times ends at once, whatever is under way', async () => {
    await using stage = await stand();
    const { code, stderr } = await stage.run('upload', async (running, request) => {
      if (request.operation === 'AbortMultipartUpload') {
        running.kill('SIGINT');
        return { hang: true };
      }
      if (!isThird(request)) return undefined;
      running.kill('SIGINT');
      await until(() => running.stderr().includes('stopping'));
      running.kill('SIGINT');
      return { hang: true };
    });
    expect(code).toBe(130);
    expect(stage.s3.log.map(({ operation }) => operation)).toContain('AbortMultipartUpload');
    expect(stderr).not.toContain('could not be removed'); // which it says when it has waited for the answer
    expect(stage.s3.uploads()).toMatchObject([{ parts: 2 }]);
    expect(await stage.run('upload')).toMatchObject({ code: 0 });
    expect(stage.s3.uploads()).toEqual([]);
    expect(await readdir(stage.home.join('.local/state'))).toEqual([]);
  });

  it('once while the object comes to be leaves a right object or none, and the next run tidies up', async () => {
    await using stage = await stand();
    const { code } = await stage.run('upload', (running, { operation }) => {
      if (operation !== 'CompleteMultipartUpload') return undefined;
      running.kill('SIGINT');
      return { loseResponse: true };
    });
    expect(code).toBe(130);
    expect(await stage.run('upload')).toMatchObject({ code: 0 });
    expect((await readFile(file)).equals(await stage.s3.body(bucket, 'key'))).toBe(true);
    expect(stage.s3.uploads()).toEqual([]);
    expect(await readdir(stage.home.join('.local/state'))).toEqual([]);
  });
});

describe.concurrent('SIGTERM', () => {
  it('twice ends at once, and leaves what was sent', async () => {
    await using stage = await stand();
    const { code } = await stage.run('upload', async (running, request) => {
      if (!isThird(request)) return undefined;
      running.kill('SIGTERM');
      await until(() => running.stderr().includes('stopping'));
      running.kill('SIGTERM');
      return { hang: true };
    });
    expect(code).toBe(130);
    expect(stage.s3.uploads()).toMatchObject([{ parts: 2 }]);
    expect(await stage.run('upload')).toMatchObject({ code: 0 });
    expect(stage.s3.uploads()).toEqual([]);
    expect(await readdir(stage.home.join('.local/state'))).toEqual([]);
  });
});
