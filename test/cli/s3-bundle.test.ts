import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { SizeReport } from '../../src/budget/report.ts';
import type { FetchResult } from '../../src/verbs/fetch.ts';
import type { InspectResult, VerifyResult } from '../../src/verbs/inspect.ts';
import { modelpack } from '../helpers/run.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import { startHub } from '../servers/hub/hub.ts';
import { big } from '../servers/hub/models.ts';
import { startS3 } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const address = 's3://models/big.tar';
const hub = await startHub({
  repos: [big({ size: 20 * MiB }), big({ id: 'acme/next', size: 20 * MiB, seed: 2 })],
});
const s3 = await startS3({ keys: { test: 'testsecret' }, buckets: ['models'] });
const folder = await temporaryFolder();
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await s3.close();
  await hub.close();
});

const env = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'testsecret',
  AWS_ENDPOINT_URL_S3: s3.endpoint,
};
const run = (...args: string[]) => modelpack(args, { hub, env, cwd: folder.path });
let onDisk: FetchResult;

beforeAll(async () => {
  onDisk = (await run('fetch', 'acme/big', '-o', 'big.tar', '--json')).json<FetchResult>();
  await run('upload', 'big.tar', address, '--part-size', '5MiB');
  await run('upload', '/bin/true', 's3://models/foreign');
});

beforeEach(() => {
  s3.setFault(undefined);
  s3.log.length = 0;
});

describe('a bundle in S3', () => {
  it('is inspected by one request, for its index alone', async () => {
    const inS3 = (await run('inspect', address, '--json')).json<InspectResult>();
    expect(s3.log.map(({ operation, range }) => [operation, range])).toEqual([
      ['GetObject', `bytes=0-${MiB - 1}`],
    ]);
    const local = (await run('inspect', 'big.tar', '--json')).json<InspectResult>();
    expect(inS3).toEqual({ ...local, location: address });
  });

  it('is verified, every byte of it, by ranges of one version', async () => {
    const { sha256, id, ok } = (await run('verify', address, '--json')).json<VerifyResult>();
    expect({ sha256, id, ok }).toEqual({ sha256: onDisk.sha256, id: onDisk.id, ok: true });
    const [first, ...rest] = s3.log;
    expect(first?.headers['if-match']).toBeUndefined();
    expect(rest.length).toBeGreaterThan(1);
    expect(new Set(rest.map(({ headers }) => headers['if-match']))).toEqual(
      new Set([`"${s3.object('models', 'big.tar')?.etag}"`]),
    );
  });

  it('is measured from its index', async () => {
    const { code, json } = await run('size-check', address, '--json');
    const report = json<SizeReport>();
    expect({ code, size: report.bundleSize, target: report.targets[0]?.target }).toEqual({
      code: 0,
      size: onDisk.size,
      target: address,
    });
    expect(s3.log.length).toBe(1);
  });

  it('is found damaged: exit code 7', async () => {
    s3.setFault(({ range }) => (range?.startsWith('bytes=0-') === true ? undefined : { corruptBody: true }));
    expect(await run('verify', address)).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('has sha256'),
    });
  });

  it.each([
    ['a cut answer', { cutResponseAfter: 300_000 }],
    ['a reset', { reset: true }],
    ['a server in trouble', { status: 503, code: 'SlowDown' }],
  ] as const)('is verified in spite of %s', async (_, fault) => {
    let left = 2;
    s3.setFault(() => (left-- > 0 ? fault : undefined));
    expect((await run('verify', address, '--json')).json<VerifyResult>().sha256).toBe(onDisk.sha256);
  });

  it('that is replaced while it is read is an integrity failure, never a mixture', async () => {
    let replaced = false;
    s3.setFault(async ({ operation, range }) => {
      if (replaced || operation !== 'GetObject' || range?.startsWith('bytes=0-') === true) return undefined;
      replaced = true;
      await run('fetch', 'acme/next', '-o', address);
      return undefined;
    });
    const outcome = await run('verify', address);
    expect(outcome).toMatchObject({ code: 7, stdout: '' });
    expect(outcome.stderr).toContain('was replaced while it was read');
    s3.setFault(undefined);
    expect(await run('upload', 'big.tar', address)).toMatchObject({ code: 0 });
  });

  it.each([
    [['inspect', 's3://models/nothing.tar'], 4, 'there is no s3://models/nothing.tar'],
    [['inspect', 's3://nowhere/x.tar'], 4, 'there is no bucket nowhere'],
    [['verify', 's3://models/foreign'], 7, 'is no bundle'],
    [['size-check', 's3://models/foreign'], 2, 'is no bundle'],
    [['inspect', 's3://x'], 2, 'no S3 address'],
  ] as const)('is missed: %j has exit code %i', async (args, code, message) => {
    expect(await run(...args)).toMatchObject({ code, stderr: expect.stringContaining(message) });
  });

  it('may be empty, and is then none', async () => {
    await folder.write('empty', '');
    await run('upload', 'empty', 's3://models/empty');
    expect(await run('verify', 's3://models/empty')).toMatchObject({ code: 7 });
  });
});
