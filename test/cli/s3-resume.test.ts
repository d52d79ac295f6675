import { readdir, readFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { modelpack, type Outcome, type Running, type RunOptions } from '../helpers/run.ts';
import { noise, partsSent } from '../helpers/sending.ts';
import { temporaryFolder, type TemporaryFolder } from '../helpers/tmp.ts';
import { startHub, type Hub } from '../servers/hub/hub.ts';
import { big } from '../servers/hub/models.ts';
import { startS3, type S3Fault, type S3Server } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const bucket = 'models';
const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'testsecret' };

const folder = await temporaryFolder();
let file = '';
/** Three files of weights in five parts: the first ends in the second. */
const repo = big({ size: 21 * MiB, files: 3 });
let hub: Hub;
beforeAll(async () => {
  file = await folder.write('model.bin', noise(16 * MiB));
  hub = await startHub({ repos: [repo] });
});
afterAll(async () => {
  await hub.close();
  await folder[Symbol.asyncDispose]();
});

const commands: Record<'upload' | 'fetch', () => string[]> = {
  upload: () => ['upload', file, 's3://models/key'],
  fetch: () => ['fetch', 'acme/big', '-o', 's3://models/key'],
};
type Verb = keyof typeof commands;

function run(verb: Verb, s3: S3Server, home: TemporaryFolder, options: RunOptions = {}): Promise<Outcome> {
  const env = { ...credentials, AWS_ENDPOINT_URL_S3: s3.endpoint, HOME: home.path, ...options.env };
  return modelpack([...commands[verb](), '--part-size', '5MiB', '--json'], { hub, ...options, env });
}

/** Runs with one job, and does something to the run when a part arrives, which is then answered so. */
async function brokenAt(
  part: number,
  verb: Verb,
  s3: S3Server,
  home: TemporaryFolder,
  act: (running: Running) => void,
  fault: S3Fault = { hang: true },
): Promise<Outcome> {
  let running: Running | undefined;
  s3.setFault(({ operation, query }) => {
    if (operation !== 'UploadPart' || Number(query.get('partNumber')) < part) return undefined;
    act(running!);
    return fault;
  });
  const env = { MODELPACK_JOBS: '1' };
  const outcome = await run(verb, s3, home, { env, onStart: (started) => (running = started) });
  s3.setFault(undefined);
  s3.log.length = 0;
  return outcome;
}

/** What the command makes where nothing goes wrong. */
const wholes = new Map<Verb, Promise<Buffer>>();
function whole(verb: Verb): Promise<Buffer> {
  const made = wholes.get(verb) ?? (verb === 'upload' ? readFile(file) : fetched());
  wholes.set(verb, made);
  return made;
}

async function fetched(): Promise<Buffer> {
  const path = folder.join('whole.tar');
  await modelpack(['fetch', 'acme/big', '-o', path], { hub });
  return readFile(path);
}

async function expectRight(verb: Verb, s3: S3Server): Promise<void> {
  expect((await whole(verb)).equals(await s3.body(bucket, 'key'))).toBe(true);
  expect(s3.uploads()).toEqual([]);
}

const newServer = () => startS3({ buckets: [bucket] });
const verbs = Object.keys(commands) as Verb[];
const total = { upload: 4, fetch: 5 } as const;

describe.concurrent.each(verbs)('%s after kill -9', (verb) => {
  it('on the same machine sends what is missing, and leaves no trace of the first run', async () => {
    await using s3 = await newServer();
    await using home = await temporaryFolder();
    const killed = await brokenAt(4, verb, s3, home, (running) => running.kill('SIGKILL'));
    expect(killed.signal).toBe('SIGKILL');
    expect(s3.uploads()).toMatchObject([{ parts: 3 }]);
    const { code, stderr, json } = await run(verb, s3, home);
    expect(code, stderr).toBe(0);
    expect(partsSent(s3)).toEqual(verb === 'upload' ? [4] : [4, 5]);
    expect(stderr).toContain(`in S3 already: 3 parts of ${total[verb]}\n`);
    if (verb === 'upload') {
      expect(json()).toMatchObject({ parts: { total: 4, sent: 1, reused: 3 } });
    } else {
      // The first two files are right as the first run noted, so their parts are not downloaded either.
      const { size, transfer } = json<{ size: number; transfer: { reused: number; downloaded: number } }>();
      expect(transfer.reused).toBe(10 * MiB);
      expect(transfer.downloaded).toBeLessThanOrEqual(size - 10 * MiB);
    }
    await expectRight(verb, s3);
    expect(await readdir(home.join('.local/state'))).toEqual([]);
  });

  it('on another machine sends what is missing', async () => {
    await using s3 = await newServer();
    await using home = await temporaryFolder();
    await using other = await temporaryFolder();
    await brokenAt(4, verb, s3, home, (running) => running.kill('SIGKILL'));
    const { code, stderr } = await run(verb, s3, other);
    expect(code, stderr).toBe(0);
    expect(partsSent(s3)).toEqual(verb === 'upload' ? [4] : [4, 5]);
    await expectRight(verb, s3);
    expect(await readdir(other.path)).toEqual([]);
  });
});

it('nothing of a killed run is left when its object had come to be', async () => {
  await using s3 = await newServer();
  await using home = await temporaryFolder();
  const killed = await run('upload', s3, home, {
    onStart: (running) =>
      s3.setFault(({ operation, method }) => {
        const completed = method === 'HEAD' && s3.keysOf(bucket).length > 0;
        if (completed) running.kill('SIGKILL');
        return completed ? { hang: true } : operation === 'HeadObject' ? undefined : {};
      }),
  });
  expect(killed.signal).toBe('SIGKILL');
  s3.setFault(undefined);
  expect((await run('upload', s3, home)).json()).toMatchObject({ skipped: true });
  expect(await readdir(home.join('.local/state'))).toEqual([]);
});

it('a run that is refused in its middle keeps what it sent, says so, and what to do', async () => {
  await using s3 = await newServer();
  await using home = await temporaryFolder();
  const denied = { status: 403, code: 'AccessDenied' };
  const { code, stderr } = await brokenAt(3, 'upload', s3, home, () => {}, denied);
  expect(code).toBe(5);
  expect(stderr).toMatch(
    /^left in S3 for the next run: 2 parts, 10 MB; to remove them: modelpack uploads s3:\/\/models\/key --abort\nmodelpack: S3 denies s3:PutObject /m,
  );
  expect(await run('upload', s3, home)).toMatchObject({ code: 0 });
  await expectRight('upload', s3);
});

it('nothing is needed of HOME: without one a run goes on by what S3 tells', async () => {
  await using s3 = await newServer();
  await using home = await temporaryFolder();
  const env = { HOME: '/dev/null' };
  await brokenAt(3, 'fetch', s3, home, (running) => running.kill('SIGKILL'));
  const { code, stderr } = await run('fetch', s3, home, { env });
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('in S3 already: 2 parts of 5\n');
  await expectRight('fetch', s3);
});
