import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import pLimit from 'p-limit';

import { startS3, type FaultHook } from '../servers/s3/server.ts';
import { isolated, program, sha256Of, type Bench } from './bench.ts';

const bucket = 'models';
const verbs = ['upload', 'fetch'] as const;
type Verb = (typeof verbs)[number];

/** Of each verb. */
const OBJECTS = 20;
const MOST_KILLS = 2;
/** Requests of a run that nobody kills: looking, listing, beginning, six parts, completing, looking again. */
const REQUESTS = 11;
/** A request takes the server up to this long, so that a kill meets several under way. */
const SLOW_MS = 60;
/** Runs after the last kill; the first of them should do. */
const MOST_TRIES = 2;

interface Tally {
  kills: number;
  /** Parts that S3 had when a run began, and those of them that were sent once more. */
  found: number;
  again: number;
}

/** A run that is under way, as the server knows it. */
interface Run {
  readonly verb: Verb;
  /** Upload and number of each part that was there before. */
  readonly found: ReadonlySet<string>;
  /** The request that it does not live to see answered, and how long after that comes. */
  readonly killAt: number;
  readonly choose: (what: string) => number;
  child: ChildProcess | undefined;
  requests: number;
}

/**
 * Kills uploads and streamed fetches by SIGKILL at any request, runs the same command again, here or on another machine,
 * and at last without a kill. MODELPACK_SEED makes the choices of an earlier check again.
 */
export async function s3Kill(bench: Bench): Promise<string> {
  const seed = process.env['MODELPACK_SEED'] ?? String(randomInt(2 ** 31));
  const path = await bench.path('whole.tar');
  await bench.modelpack(['fetch', 'acme/big', '-o', path]);
  const expected = await sha256Of(path);
  const tallies = Object.fromEntries(verbs.map((verb) => [verb, { kills: 0, found: 0, again: 0 }])) as Record<
    Verb,
    Tally
  >;
  const underWay = new Map<string, Run>();
  await using server = await startS3({ buckets: [bucket], fault });
  const [[AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY] = ['', '']] = Object.entries(server.keys);
  const connection = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL: server.endpoint };

  /** From 0 up to 1, the same for the same seed. */
  function choose(what: string): number {
    return createHash('sha256').update(`${seed} ${what}`).digest().readUInt32BE() / 2 ** 32;
  }

  function fault({ operation, key, query }: Parameters<FaultHook>[0]): ReturnType<FaultHook> {
    // The list of uploads is asked for by the prefix that is the key.
    const run = underWay.get(key || (query.get('prefix') ?? ''));
    if (run === undefined) return undefined;
    const request = ++run.requests;
    if (request === run.killAt) {
      const later = Math.floor(run.choose('later') * SLOW_MS);
      void delay(later).then(() => run.child?.kill('SIGKILL'));
    }
    const part = `${query.get('uploadId')} ${query.get('partNumber')}`;
    if (operation === 'UploadPart' && run.found.has(part)) tallies[run.verb].again++;
    return { delayMs: Math.floor(run.choose(`request ${request}`) * SLOW_MS) };
  }

  /** @returns whether it lived to its end */
  async function attempt(verb: Verb, key: string, home: string, run: Run): Promise<boolean> {
    const to = `s3://${bucket}/${key}`;
    const command = verb === 'upload' ? ['upload', path, to] : ['fetch', 'acme/big', '-o', to];
    const options = ['--part-size', '5MiB', '--jobs', '2', '--progress', 'none'];
    underWay.set(key, run);
    const child = spawn(process.execPath, [program, ...command, ...options], {
      env: isolated(home, { HF_ENDPOINT: bench.hub.endpoint, ...connection }),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    run.child = child;
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    underWay.delete(key);
    if (signal !== 'SIGKILL') assert.equal(code, 0, `${key} failed (seed ${seed}):\n${stderr}`);
    return signal !== 'SIGKILL';
  }

  async function make(verb: Verb, key: string): Promise<void> {
    const tally = tallies[verb];
    const kills = 1 + Math.floor(choose(`${key} kills`) * MOST_KILLS);
    let machine = 'here';
    for (let tries = 0, done = false; !done; tries++) {
      assert.ok(tries < kills + MOST_TRIES, `${key} does not come to be (seed ${seed})`);
      const chooseHere = (what: string) => choose(`${key} ${tries} ${what}`);
      const left = server.uploads(bucket).filter((upload) => upload.key === key);
      // One without parts is known to nobody but the machine that began it.
      if (tries > 0 && left.every(({ parts }) => parts > 0))
        machine = chooseHere('machine') < 0.5 ? 'here' : 'there';
      const found = left.flatMap(({ uploadId, partNumbers }) =>
        partNumbers.map((number) => `${uploadId} ${number}`),
      );
      tally.found += found.length;
      const home = await bench.path('machines', machine, key, 'home');
      // Any request, but the later ones more often: there is more to be lost. A run that goes on has fewer.
      const requests = tries === 0 ? REQUESTS : REQUESTS - 3;
      const killAt = tries < kills ? 1 + Math.floor(Math.sqrt(chooseHere('kill')) * requests) : 0;
      const run = { verb, killAt, choose: chooseHere, child: undefined, requests: 0 };
      done = await attempt(verb, key, home, { ...run, found: new Set(found) });
      if (!done) tally.kills++;
    }
    const hash = createHash('sha256');
    for await (const chunk of server.openBody(bucket, key)) hash.update(chunk);
    assert.equal(hash.digest('hex'), expected, `${key} has other bytes (seed ${seed})`);
  }

  const limit = pLimit(3);
  const keys = Array.from({ length: OBJECTS }, (_, i) =>
    verbs.map((verb) => [verb, `${verb}-${i}/big.tar`] as const),
  );
  await Promise.all(keys.flat().map(([verb, key]) => limit(() => make(verb, key))));
  assert.deepEqual(server.uploads(), [], `uploads are left (seed ${seed})`);
  const told = verbs.map((verb) => `${verb}: ${describe(tallies[verb])}`);
  return `${told.join('; ')}; every object right, no upload left, seed ${seed}`;
}

function describe({ kills, found, again }: Tally): string {
  assert.ok(kills > 0 && found > 0, 'no run was killed in its middle');
  const share = Math.round((100 * (found - again)) / found);
  return `${OBJECTS} objects after ${kills} kills, ${found} parts found in S3 and ${share} % of them reused`;
}
