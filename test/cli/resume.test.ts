import { spawn } from 'node:child_process';
import { once as happens } from 'node:events';
import { readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';

import { beforeAll, describe, expect, test, vi } from 'vitest';

import type { FetchResult } from '../../src/verbs/fetch.ts';
import { openBench, type Bench } from '../helpers/bench.ts';
import { flipBit, linesOf, sha256Of } from '../helpers/bundle.ts';
import type { Outcome, Running } from '../helpers/run.ts';
import type { Hub } from '../servers/hub/hub.ts';
import { big } from '../servers/hub/models.ts';

// Waiting is what these tests are about, and a busy machine makes it longer.
vi.setConfig({ testTimeout: 60_000 });

const MiB = 1024 * 1024;
const id = 'acme/big';
const repos = [big({ id, size: 48 * MiB }), big({ id: 'acme/second', size: 20 * MiB, seed: 9 })];
const fetchIt = ['fetch', id, '-o', 'models.tar', '--part-size', '1MiB', '--jobs', '4', '--json'] as const;
const fetchSecond = [fetchIt[0], 'acme/second', ...fetchIt.slice(2)];

/** The bundle as a fetch without interruption makes it. */
let whole: FetchResult;

beforeAll(async () => {
  await using bench = await openBench({ repos });
  whole = (await bench.run(fetchIt)).json<FetchResult>();
});

const open = () => openBench({ repos });

/** Starts a fetch that takes seconds: of four parts at once, each comes at this rate. */
function startSlowly(bench: Bench, args: readonly string[] = fetchIt, bytesPerSecond = 4 * MiB): Running {
  bench.hub.fault({ origin: 'cdn', action: { kind: 'throttle', bytesPerSecond } });
  return bench.start(args);
}

/** The numbers of the parts that are noted as written. */
async function partsDone({ folder }: Bench): Promise<number[]> {
  const lines = await linesOf(folder.join('models.tar.part.journal')).catch(() => []);
  return lines.slice(1).map(Number);
}

async function waitForParts(bench: Bench, running: Running, count = 10): Promise<void> {
  await vi.waitFor(
    async () => {
      const { length } = await partsDone(bench);
      if (length < count && !running.hasEnded()) throw new Error(`${length} parts, waiting for ${count}`);
    },
    { timeout: 15_000, interval: 20 },
  );
}

/** A fetch that is ended in the middle by a signal; afterwards the hub is fast, and its log empty. */
async function stopped(
  bench: Bench,
  signal: NodeJS.Signals,
  args = fetchIt as readonly string[],
): Promise<Outcome> {
  await using running = startSlowly(bench, args);
  await waitForParts(bench, running);
  running.kill(signal);
  const outcome = await running.outcome;
  bench.hub.clearFaults();
  bench.hub.log.length = 0;
  return outcome;
}

/** Runs the same command again, which must give the same bundle and leave nothing beside it. */
async function finish(bench: Bench, more: readonly string[] = []): Promise<FetchResult> {
  const run = await bench.run([...fetchIt, ...more]);
  expect(run).toEqual({ ...run, code: 0 });
  const result = run.json<FetchResult>();
  expect(result).toMatchObject({ id: whole.id, sha256: whole.sha256, skipped: false });
  expect(await sha256Of(bench.folder.join('models.tar'))).toBe(whole.sha256);
  expect(await bench.folder.list()).toEqual(['models.tar']);
  return result;
}

function sentBy({ log }: Hub): number {
  return log.filter(({ origin }) => origin === 'cdn').reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Nothing but what was missing was downloaded, counted in the result and at the server. */
function expectResumed({ hub }: Bench, { transfer, size }: FetchResult, parts: readonly number[]): void {
  const missing = size - parts.length * MiB;
  const frame = 100_000; // headers, padding and small files
  expect(transfer.downloaded).toBeLessThanOrEqual(missing);
  expect(transfer.downloaded).toBeGreaterThan(missing - frame);
  expect(sentBy(hub)).toBe(transfer.downloaded);
  expect(transfer.reused).toBeGreaterThanOrEqual(parts.length * MiB);
  expect([...new Set(hub.log.flatMap(({ file }) => file ?? []))]).toEqual(['model.safetensors']);
}

describe.concurrent('a fetch that was', () => {
  test('killed goes on where it stopped', async () => {
    await using bench = await open();
    expect(await stopped(bench, 'SIGKILL')).toMatchObject({ code: null, signal: 'SIGKILL', stdout: '' });
    expect(await bench.folder.list()).toEqual([
      'models.tar.lock',
      'models.tar.part',
      'models.tar.part.journal',
    ]);
    const parts = await partsDone(bench);
    expectResumed(bench, await finish(bench), parts);
  });

  test('killed twice goes on where it stopped', async () => {
    await using bench = await open();
    await stopped(bench, 'SIGKILL');
    const once = (await partsDone(bench)).length;
    await using running = startSlowly(bench);
    await waitForParts(bench, running, once + 8);
    running.kill('SIGKILL');
    await running.outcome;
    bench.hub.clearFaults();
    bench.hub.log.length = 0;
    const parts = await partsDone(bench);
    expect(new Set(parts).size).toBe(parts.length);
    expectResumed(bench, await finish(bench), parts);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('stopped once by %s says so, and goes on', async (signal) => {
    await using bench = await open();
    const run = await stopped(bench, signal);
    expect(run.code).toBe(130);
    expect(run.json()).toEqual({
      error: {
        code: 'interrupted',
        message: 'interrupted',
        hint: expect.stringMatching(/run the same command again/),
      },
    });
    expect(run.stderr).toMatch(/stopping; once more to quit at once\n/);
    expect(run.stderr).toMatch(/^modelpack: interrupted\nhint: run the same command again/m);
    expect(await bench.folder.list()).toEqual(['models.tar.part', 'models.tar.part.journal']);
    const parts = await partsDone(bench);
    expectResumed(bench, await finish(bench), parts);
  });

  test('stopped twice quits at once, and goes on', async () => {
    await using bench = await open();
    await using running = startSlowly(bench);
    await waitForParts(bench, running);
    running.kill('SIGINT');
    running.kill('SIGINT');
    expect((await running.outcome).code).toBe(130);
    bench.hub.clearFaults();
    bench.hub.log.length = 0;
    const parts = await partsDone(bench);
    expectResumed(bench, await finish(bench), parts);
  });

  test('broken off by the network goes on', async () => {
    await using bench = await open();
    const gone = /^bytes=(2[5-9]\d{6}|[345]\d{7})-/;
    bench.hub.fault({ origin: 'cdn', range: gone, action: { kind: 'status', status: 503 } });
    const run = await bench.run(fetchIt);
    expect(run).toEqual({ ...run, code: 6 });
    expect(run.stderr).toMatch(/hint: .*run the same command again.* goes on where it stopped/);
    expect(await bench.folder.list()).toEqual(['models.tar.part', 'models.tar.part.journal']);
    bench.hub.clearFaults();
    bench.hub.log.length = 0;
    const parts = await partsDone(bench);
    expect(parts.length).toBeGreaterThan(15);
    expectResumed(bench, await finish(bench), parts);
  });

  test('to replace a bundle leaves that one alone until the end', async () => {
    await using bench = await open();
    const former = (await bench.run(fetchSecond)).json<FetchResult>();
    await stopped(bench, 'SIGKILL');
    expect(await sha256Of(bench.folder.join('models.tar'))).toBe(former.sha256);
    const { transfer, size } = await finish(bench);
    expect(transfer.downloaded).toBeLessThan(size - 9 * MiB);
  });

  test('of another model starts over', async () => {
    await using bench = await open();
    await stopped(bench, 'SIGKILL', fetchSecond);
    await finish(bench);
    expect(sentBy(bench.hub)).toBe(48 * MiB);
  });

  test('given up is not left behind when its output is what it should be', async () => {
    await using bench = await open();
    await bench.run(fetchSecond);
    await stopped(bench, 'SIGKILL');
    const run = await bench.run(fetchSecond);
    expect(run.json<FetchResult>()).toMatchObject({ skipped: true });
    expect(await bench.folder.list()).toEqual(['models.tar']);
  });

  test('killed starts over with --force', async () => {
    await using bench = await open();
    await stopped(bench, 'SIGKILL');
    const { transfer } = await finish(bench, ['--force']);
    expect(sentBy(bench.hub)).toBe(48 * MiB);
    expect(transfer).toMatchObject({ downloaded: whole.transfer.downloaded, reused: 0 });
  });
});

describe.concurrent('what a killed fetch left', () => {
  /** Where a part that was written ends, somewhere in the middle of the weights. */
  const inside = (part: number) => (part - 1) * MiB + MiB / 2;
  const journalOf = ({ folder }: Bench) => folder.join('models.tar.part.journal');
  const partOf = ({ folder }: Bench) => folder.join('models.tar.part');
  const cutBy = async (path: string, bytes: number) => truncate(path, (await readFile(path)).length - bytes);
  type Damage = (bench: Bench) => Promise<unknown>;

  test.each<[string, Damage]>([
    [
      'a wrong byte in a finished part',
      async (bench) => flipBit(partOf(bench), inside((await partsDone(bench)).at(-1)!)),
    ],
    ['a wrong byte in the index', (bench) => flipBit(partOf(bench), 600)],
    ['a part that was never written', (bench) => writeFile(journalOf(bench), '48\n', { flag: 'a' })],
    ['a partial file of another size', (bench) => truncate(partOf(bench), 30 * MiB)],
    ['no partial file', (bench) => rm(partOf(bench))],
    ['a journal torn in its last line', (bench) => cutBy(journalOf(bench), 1)],
    ['a journal torn in its first line', (bench) => truncate(journalOf(bench), 100)],
    ['an empty journal', (bench) => truncate(journalOf(bench), 0)],
    ['no journal', (bench) => rm(journalOf(bench))],
    ['a journal that is something else', (bench) => writeFile(journalOf(bench), '{"journal":2}\n1\n2\n')],
    [
      'numbers that are no parts',
      (bench) => writeFile(journalOf(bench), '-1\n0\n1e9\nx\n\n49\n', { flag: 'a' }),
    ],
  ])('may have %s: the bundle is right all the same', async (_, damage) => {
    await using bench = await open();
    await stopped(bench, 'SIGKILL');
    await damage(bench);
    const { transfer } = await finish(bench);
    expect(transfer.downloaded).toBeLessThanOrEqual(whole.transfer.downloaded * 2);
  });

  test('is fetched again when it is damaged, and the user is told', async () => {
    await using bench = await open();
    await stopped(bench, 'SIGKILL');
    await flipBit(partOf(bench), inside((await partsDone(bench)).at(-1)!));
    const run = await bench.run(fetchIt);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toMatch(/an earlier run left is damaged/);
  });

  test('notes its next part on a line of its own after a torn one', async () => {
    await using bench = await open();
    await stopped(bench, 'SIGKILL');
    await writeFile(journalOf(bench), '4', { flag: 'a' }); // the beginning of a number
    const once = (await partsDone(bench)).length;
    await using running = startSlowly(bench);
    await waitForParts(bench, running, once + 5);
    running.kill('SIGKILL');
    await running.outcome;
    const parts = await partsDone(bench);
    expect(Math.max(...parts)).toBeLessThanOrEqual(49);
    expect(new Set(parts).size).toBe(parts.length);
  });
});

describe.concurrent('two runs on one output:', () => {
  test('the second says who is first, and the first goes on', async () => {
    await using bench = await open();
    await using first = startSlowly(bench, fetchIt, MiB);
    await waitForParts(bench, first, 1);
    const second = await bench.run(fetchIt);
    expect(second.code).toBe(2);
    expect(second.stderr).toContain(
      `modelpack: another run (process ${first.pid} on ${hostname()}) is writing models.tar\nhint: `,
    );
    expect(second.json()).toMatchObject({ error: { code: 'usage' } });
    const forced = await bench.run([...fetchIt, '--force']);
    expect(forced.code).toBe(2);
    const dry = await bench.run([...fetchIt, '--dry-run']);
    expect(dry.json<FetchResult>()).toMatchObject({ id: whole.id });
    expect(first.hasEnded()).toBe(false);
    bench.hub.clearFaults();
    expect((await first.outcome).json<FetchResult>()).toMatchObject({ sha256: whole.sha256 });
    expect(await bench.folder.list()).toEqual(['models.tar']);
  });

  test('a lock whose run is dead is taken over', async () => {
    await using bench = await open();
    await using dead = bench.start(['--version']);
    await dead.outcome;
    await bench.folder.write('models.tar.lock', `{"pid":${dead.pid},"host":"${hostname()}"}\n`);
    expect(await finish(bench)).toMatchObject({ location: 'models.tar' });
  });

  test.runIf(process.platform === 'linux')('so is one whose run nobody has waited for', async () => {
    await using bench = await open();
    // The shell becomes a program that waits for no child; the child ends at once.
    const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$" & exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [pid] = (await happens(parent.stdout, 'data')) as [Buffer];
      await bench.folder.write(
        'models.tar.lock',
        `{"pid":${Number(pid.toString())},"host":"${hostname()}"}\n`,
      );
      expect(await finish(bench)).toMatchObject({ location: 'models.tar' });
    } finally {
      parent.kill();
    }
  });

  test('a lock of another machine is respected while it is fresh', async () => {
    await using bench = await open();
    const lock = await bench.folder.write('models.tar.lock', '{"pid":4711,"host":"elsewhere"}\n');
    const run = await bench.run(fetchIt);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/process 4711 on elsewhere.*\nhint: .*remove models\.tar\.lock/);
    expect(await bench.folder.list()).toEqual(['models.tar.lock']);
    const before = new Date(Date.now() - 120_000);
    await utimes(lock, before, before);
    await finish(bench);
  });
});
