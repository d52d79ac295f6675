import { execFile } from 'node:child_process';
import { appendFile, truncate } from 'node:fs/promises';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, describe, expect, test, vi } from 'vitest';

import type { UnpackResult } from '../../src/verbs/unpack.ts';
import { flipBit } from '../helpers/bundle.ts';
import { writeBundle, writeSparseBundle, type MadeModel } from '../helpers/made-bundle.ts';
import { modelpack, start } from '../helpers/run.ts';
import { temporaryFolder, type TemporaryFolder } from '../helpers/tmp.ts';
import { treeOf } from '../helpers/tree.ts';
import { startS3 } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const weights = (letter: string, size: number) => Buffer.alloc(size, letter);
/** One file of less than a part, one of several; their sizes put them in this order. */
const model: MadeModel = {
  name: 'm',
  source: './m',
  files: { 'a.json': '{}', 'b.bin': weights('b', 3 * MiB), 'c.bin': weights('c', 30 * MiB) },
};

async function openWith(models: readonly MadeModel[] = [model]) {
  const folder = await temporaryFolder();
  const bundle = await writeBundle(folder.join('models.tar'), models);
  const offsetOf = (path: string) => bundle.layout.members.find((member) => member.path === path)!.offset;
  const run = (...args: string[]) =>
    modelpack(['unpack', 'models.tar', 'out', ...args], { cwd: folder.path });
  return { folder, bundle, offsetOf, run, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

/** One part after the other, so that what comes before a failure is finished before it. */
const inOrder = ['--jobs', '1'];

/** The names of the files, where their content would say too much. */
async function filesIn(folder: TemporaryFolder): Promise<string[]> {
  return Object.keys(await treeOf(folder.join('out')).catch(() => ({}))).toSorted();
}

describe.concurrent('unpack of a damaged bundle', () => {
  test('leaves no file whose hash is wrong, and keeps those that are right', async () => {
    await using stand = await openWith();
    await flipBit(stand.folder.join('models.tar'), stand.offsetOf('m/c.bin') + 25 * MiB);
    const outcome = await stand.run('--json', ...inOrder);
    expect(outcome.code).toBe(7);
    expect(outcome.json()).toMatchObject({
      error: {
        code: 'integrity',
        message: expect.stringMatching(/^models\.tar: m\/c\.bin has sha256 .*, expected /),
      },
    });
    expect(await filesIn(stand.folder)).toEqual(['m/a.json', 'm/b.bin']);
  });

  test('leaves nothing when there is nothing right', async () => {
    await using stand = await openWith([{ ...model, files: { 'deep/b.bin': weights('b', MiB) } }]);
    await flipBit(stand.folder.join('models.tar'), stand.offsetOf('m/deep/b.bin'));
    expect(await stand.run()).toMatchObject({ code: 7, stdout: '' });
    expect(await stand.folder.list()).toEqual(['models.tar']);
  });

  test('leaves a file of that name alone until there is a right one', async () => {
    await using stand = await openWith();
    await stand.folder.write('out/m/b.bin', 'mine');
    await flipBit(stand.folder.join('models.tar'), stand.offsetOf('m/b.bin') + 100);
    expect(await stand.run()).toMatchObject({ code: 7 });
    expect(await treeOf(stand.folder.join('out'))).toMatchObject({ 'm/b.bin': 'mine' });
  });

  test('does not care for damage in a file that is not asked for', async () => {
    await using stand = await openWith();
    await flipBit(stand.folder.join('models.tar'), stand.offsetOf('m/b.bin') + 100);
    expect(await stand.run('--only', 'm/c.bin')).toMatchObject({ code: 0 });
    expect(await filesIn(stand.folder)).toEqual(['m/c.bin']);
  });

  test.each<[string, (path: string, size: number) => Promise<unknown>]>([
    ['a header', (path) => flipBit(path, 1600)],
    ['its index', (path) => flipBit(path, 600)],
    ['its end, which is missing', (path, size) => truncate(path, size - MiB)],
    ['bytes behind its end', (path) => appendFile(path, Buffer.alloc(512))],
  ])('finds %s', async (_, damage) => {
    await using stand = await openWith([{ ...model, files: { 'b.bin': weights('b', 2 * MiB) } }]);
    await damage(stand.folder.join('models.tar'), stand.bundle.size);
    expect(await stand.run()).toMatchObject({ code: 7, stdout: '' });
    expect(await stand.folder.list()).toEqual(['models.tar']);
  });
});

describe.concurrent('unpack without room', () => {
  test('is refused before the first byte', async () => {
    await using folder = await temporaryFolder();
    await writeSparseBundle(folder.join('huge.tar'), 4e12);
    const outcome = await modelpack(['unpack', 'huge.tar', 'some/out'], { cwd: folder.path });
    expect(outcome).toMatchObject({ code: 8, stdout: '' });
    expect(outcome.stderr).toMatch(/some\/out needs 3\.6 TB more, the disk has .* free\nhint: .*--only/);
    expect(await folder.list()).toEqual(['huge.tar']);
  });

  // A limit on the size of a file is the full disk that needs no disk of its own.
  test('in the middle says so, and leaves what is right', async () => {
    await using stand = await openWith();
    const program = fileURLToPath(new URL('../../bin/modelpack.js', import.meta.url));
    const limited = `trap '' XFSZ; ulimit -f ${8 * 1024}; exec "$0" "$1" unpack models.tar out ${inOrder.join(' ')}`;
    const failed = await promisify(execFile)('bash', ['-c', limited, process.execPath, program], {
      cwd: stand.folder.path,
    }).catch((error: unknown) => error as { code: number; stderr: string });
    expect(failed).toMatchObject({ code: 8 });
    expect(failed.stderr).toMatch(/the disk filled up while writing out\/m\/c\.bin\nhint: make room and run/);
    expect(await filesIn(stand.folder)).toEqual(['m/a.json', 'm/b.bin']);
  });
});

describe.concurrent('two runs on one folder:', () => {
  test('the second says who is first, and changes nothing', async () => {
    await using stand = await openWith();
    const lock = await stand.folder.write(
      'out/.modelpack.lock',
      `${JSON.stringify({ pid: process.pid, host: hostname() })}\n`,
    );
    const outcome = await stand.run();
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(
      `modelpack: another run (process ${process.pid} on ${hostname()}) is writing out\nhint: `,
    );
    expect(outcome.stderr).toContain('remove ');
    expect(await filesIn(stand.folder)).toEqual(['.modelpack.lock']);
    expect(lock).toContain('out');
  });
});

const s3 = await startS3({ buckets: ['models'] });
afterAll(() => s3.close());
const env = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'testsecret',
  AWS_ENDPOINT_URL_S3: s3.endpoint,
};

/** Nothing from this byte on is answered while the hook is set. */
function stallFrom(offset: number): void {
  s3.setFault(({ range }) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    return first !== '0' && Number(last) >= offset ? { hang: true } : undefined;
  });
}

describe('an unpack that was', () => {
  /** From S3, where it can be made to wait in the middle of the largest file. */
  async function stopped(signal: NodeJS.Signals) {
    const stand = await openWith();
    await modelpack(['upload', 'models.tar', 's3://models/m.tar'], { cwd: stand.folder.path, env });
    stallFrom(stand.offsetOf('m/c.bin') + 20 * MiB);
    const again = ['unpack', 's3://models/m.tar', 'out', '--json'];
    await using running = start(again, { cwd: stand.folder.path, env });
    await vi.waitFor(
      async () => {
        const there = await filesIn(stand.folder);
        if (!there.includes('m/b.bin') || !there.some((path) => path.endsWith('.part')))
          throw new Error(there.join());
      },
      { timeout: 20_000, interval: 20 },
    );
    running.kill(signal);
    const outcome = await running.outcome;
    s3.setFault(undefined);
    s3.log.length = 0;
    return { ...stand, outcome, resume: () => modelpack(again, { cwd: stand.folder.path, env }) };
  }

  function expectOnlyTheRest(offset: number, { files, transfer }: UnpackResult): void {
    expect({ files, ...transfer }).toMatchObject({ files: 3, written: 30 * MiB, reused: 3 * MiB + 2 });
    const starts = s3.log.slice(1).map(({ range }) => Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1]));
    expect(Math.min(...starts)).toBeGreaterThanOrEqual(offset - 1536);
  }

  test('killed goes on with the files that are missing, and leaves nothing beside them', async () => {
    await using stand = await stopped('SIGKILL');
    expect(stand.outcome).toMatchObject({ code: null, signal: 'SIGKILL', stdout: '' });
    expect(await filesIn(stand.folder)).toEqual([
      '.modelpack.lock',
      expect.stringMatching(/^m\/\.modelpack-[0-9a-f]{16}\.part$/),
      'm/a.json',
      'm/b.bin',
    ]);
    expectOnlyTheRest(stand.offsetOf('m/c.bin'), (await stand.resume()).json<UnpackResult>());
    expect(await filesIn(stand.folder)).toEqual(['m/a.json', 'm/b.bin', 'm/c.bin']);
  });

  test('killed leaves nothing that another unpack into the same folders would not clear away', async () => {
    await using stand = await stopped('SIGKILL');
    await stand.run('--only', 'm/a.json', '--only', 'm/b.bin');
    expect(await filesIn(stand.folder)).toEqual(['m/a.json', 'm/b.bin']);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'stopped by %s leaves whole files alone, and goes on',
    async (signal) => {
      await using stand = await stopped(signal);
      expect(stand.outcome.code).toBe(130);
      expect(stand.outcome.json()).toMatchObject({ error: { code: 'interrupted' } });
      expect(await filesIn(stand.folder)).toEqual(['m/a.json', 'm/b.bin']);
      expectOnlyTheRest(stand.offsetOf('m/c.bin'), (await stand.resume()).json<UnpackResult>());
      expect(await filesIn(stand.folder)).toEqual(['m/a.json', 'm/b.bin', 'm/c.bin']);
    },
  );
});
