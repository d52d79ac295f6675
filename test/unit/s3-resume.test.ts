import { EventEmitter, once } from 'node:events';

import { UploadPartCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';

import { ModelpackError } from '../../src/errors.ts';
import {
  broken,
  bucket,
  clientOf,
  denied,
  location,
  noise,
  PART,
  partsSent,
  smallServer,
  stopAt,
  upload,
  type SendingOptions,
} from '../helpers/sending.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import type { S3Server } from '../servers/s3/server.ts';

/** Of nine parts. */
const bytes = noise(8 * PART + 100);

async function expectRight(s3: S3Server, expected = bytes): Promise<void> {
  expect(expected.equals(await s3.body(bucket, 'key'))).toBe(true);
  expect(s3.uploads()).toEqual([]);
}

/** Begins like a run on another machine: without the journal of the first one. */
const elsewhere = ['the same machine', 'another machine'] as const;

describe.concurrent.each(elsewhere)('an upload that is gone on with from %s', (where) => {
  const there = (state: string) => ({ state: where === 'the same machine' ? state : `${state}-2` });

  it('sends the parts that are missing, and no other', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    const uploadId = await broken(s3, bytes, 5, { state });
    const { result, notes } = await upload(s3, bytes, there(state));
    expect(result?.parts).toEqual({ total: 9, sent: 5, reused: 4 });
    expect(notes).toEqual(['in S3 already: 4 parts of 9']);
    expect(partsSent(s3)).toEqual([5, 6, 7, 8, 9]);
    expect(new Set(s3.log.flatMap(({ query }) => query.get('uploadId') ?? []))).toEqual(new Set([uploadId]));
    await expectRight(s3);
  });

  it('sends a part again that holds other bytes', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    const UploadId = await broken(s3, bytes, 7, { state });
    const part = { Bucket: bucket, Key: 'key', UploadId, PartNumber: 3 };
    await clientOf(s3).send(
      new UploadPartCommand({ ...part, Body: noise(PART, 9), ChecksumAlgorithm: 'CRC32' }),
    );
    s3.log.length = 0;
    const { result } = await upload(s3, bytes, there(state));
    expect(result?.parts).toEqual({ total: 9, sent: 4, reused: 5 });
    expect(partsSent(s3)).toEqual([3, 7, 8, 9]);
    await expectRight(s3);
  });

  it('leaves all parts for the next run when it is broken off before it has compared one', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await broken(s3, bytes, 5, { state });
    const stop = new AbortController();
    const interrupted = new ModelpackError('interrupted', 'interrupted');
    const run = {
      signal: stop.signal,
      report: ({ type }: { type: string }) => void (type === 'transfer' && stop.abort(interrupted)),
    };
    expect(await upload(s3, bytes, { ...there(state), run })).toMatchObject({ outcome: 'interrupted' });
    expect(s3.uploads()).toMatchObject([{ parts: 4 }]);
    const { result } = await upload(s3, bytes, there(state));
    expect(result?.parts).toEqual({ total: 9, sent: 5, reused: 4 });
    await expectRight(s3);
  });

  it('leaves no journal, nor a folder for it', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await broken(s3, bytes, 5, { state });
    await upload(s3, bytes, there(state));
    // On another machine the first one keeps what it noted, until it writes there again.
    expect(await folder.list()).toEqual(where === 'the same machine' ? [] : ['state']);
  });

  it('may be gone on with several times', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await broken(s3, bytes, 3, { state });
    await broken(s3, bytes, 5, there(state));
    await broken(s3, bytes, 8, there(state));
    const { result } = await upload(s3, bytes, there(state));
    expect(result?.parts).toEqual({ total: 9, sent: 2, reused: 7 });
    await expectRight(s3);
  });

  it('starts anew when it is removed meanwhile', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    const uploadId = await broken(s3, bytes, 5, { state });
    s3.setFault(({ operation, query }) =>
      operation === 'UploadPart' && query.get('uploadId') === uploadId
        ? { status: 404, code: 'NoSuchUpload' }
        : undefined,
    );
    const { result, notes } = await upload(s3, bytes, there(state));
    expect(result?.parts).toEqual({ total: 9, sent: 9, reused: 0 });
    expect(notes).toContain(`the upload to ${location} was removed while it ran; everything is sent again`);
    await expectRight(s3);
  });

  it.each(['InvalidRequest', 'InvalidPart', 'BadDigest'])(
    'starts anew when S3 does not take it in the end (%s): it would not the next time either',
    async (code) => {
      await using s3 = await smallServer();
      await using folder = await temporaryFolder();
      const state = folder.join('state');
      const uploadId = await broken(s3, bytes, 5, { state });
      s3.setFault(({ operation, query }) =>
        operation === 'CompleteMultipartUpload' && query.get('uploadId') === uploadId
          ? { status: 400, code }
          : undefined,
      );
      const { result, message } = await upload(s3, bytes, there(state));
      expect(message).toBe('');
      expect(result?.parts).toEqual({ total: 9, sent: 9, reused: 0 });
      await expectRight(s3);
    },
  );

  it('is not gone on with by --force, which leaves nothing when it fails', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await broken(s3, bytes, 5, { state });
    s3.setFault(stopAt(3));
    const { outcome } = await upload(s3, bytes, { ...there(state), jobs: 1, force: true });
    expect(outcome).toBe('refused');
    expect(s3.uploads()).toEqual([]);
    expect(await folder.list()).toEqual(where === 'the same machine' ? [] : ['state']);
  });
});

describe.concurrent('two machines that send the same to one key at once', () => {
  /** The first waits in its fourth part until the second has begun to send its own. */
  async function both(s3: S3Server, second: SendingOptions) {
    const moments = new EventEmitter();
    const [begun, joined] = [once(moments, 'begun'), once(moments, 'joined')];
    let waits = true;
    s3.setFault(async ({ operation, query }) => {
      if (operation !== 'UploadPart') return undefined;
      if (!waits) moments.emit('joined');
      if (!waits || query.get('partNumber') !== '4') return undefined;
      waits = false;
      moments.emit('begun');
      await joined;
      return undefined;
    });
    const one = upload(s3, bytes, { jobs: 1 });
    await begun;
    return Promise.all([one, upload(s3, bytes, { jobs: 1, ...second })]);
  }

  it('go on with one upload, and both come to a right end', async () => {
    await using s3 = await smallServer();
    expect(await both(s3, {})).toMatchObject([{ outcome: 'done' }, { outcome: 'done' }]);
    await expectRight(s3);
  });

  it.each([
    ['in parts of another size', { partSize: 2 * PART }],
    ['by --force', { force: true }],
  ])('do not remove the upload of the other again and again when one sends %s', async (_, second) => {
    await using s3 = await smallServer();
    const [one, two] = await both(s3, second);
    expect(one.outcome).toBe('done');
    expect(one.notes).toEqual([
      `the upload to ${location} was removed while it ran; everything is sent again`,
    ]);
    expect(two.outcome).toBe('done');
    expect(two.notes).toEqual([expect.stringMatching(/^removed an unfinished upload /)]);
    await expectRight(s3);
  });
});

describe.concurrent('what a run noted here', () => {
  it('is removed when S3 does not let it begin', async () => {
    await using s3 = await smallServer({
      fault: ({ operation }) => (operation === 'CreateMultipartUpload' ? denied : undefined),
    });
    await using folder = await temporaryFolder();
    expect(await upload(s3, bytes, { state: folder.join('state') })).toMatchObject({ outcome: 'refused' });
    expect(await folder.list()).toEqual([]);
  });

  it('is removed with the upload when everything now fits one put', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await broken(s3, bytes, 5, { state });
    const { result } = await upload(s3, bytes, { state, partSize: bytes.length });
    expect(result?.parts).toEqual({ total: 1, sent: 1, reused: 0 });
    await expectRight(s3);
    expect(await folder.list()).toEqual([]);
  });
});
