import {
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';

import {
  broken,
  bucket,
  clientOf,
  location,
  noise,
  PART,
  partsSent,
  smallServer,
  stopAt,
  upload,
} from '../helpers/sending.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import type { S3Server } from '../servers/s3/server.ts';

/** Of nine parts. */
const bytes = noise(8 * PART + 100);
const other = noise(8 * PART + 100, 1);

/** An upload that somebody began with another program. */
async function begun(
  s3: S3Server,
  parts: readonly Buffer[],
  more: Partial<CreateMultipartUploadCommandInput> = {},
): Promise<string> {
  const client = clientOf(s3);
  const key = { Bucket: bucket, Key: 'key' };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...key, ...more }));
  const { ChecksumAlgorithm } = more;
  for (const [i, Body] of parts.entries()) {
    const part = { ...key, UploadId, PartNumber: i + 1, Body };
    await client.send(new UploadPartCommand({ ...part, ...(ChecksumAlgorithm && { ChecksumAlgorithm }) }));
  }
  s3.log.length = 0;
  return UploadId!;
}

async function expectRight(s3: S3Server, left: readonly string[] = []): Promise<void> {
  expect(bytes.equals(await s3.body(bucket, 'key'))).toBe(true);
  expect(s3.uploads().map(({ uploadId }) => uploadId)).toEqual(left);
}

const removed = (size: string) =>
  `removed an unfinished upload to ${location} that is of no use any more (${size})`;

const toldOf = (what: string) =>
  expect.stringMatching(
    new RegExp(`^left alone, as not known to be ours: ${what}, since [-0-9T:]{16}Z\\); to remove: `),
  ) as string;

describe.concurrent('what is left of an earlier upload is removed', () => {
  it('when it was sent from here in parts of another size', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await broken(s3, bytes, 5, { state });
    const { result, notes } = await upload(s3, bytes, { state, partSize: 2 * PART });
    expect(result?.parts).toEqual({ total: 5, sent: 5, reused: 0 });
    expect(notes).toEqual([removed('64 KB')]);
    await expectRight(s3);
    expect(await folder.list()).toEqual([]);
  });

  it('when it was sent from elsewhere in parts of another size: it holds the same bytes', async () => {
    await using s3 = await smallServer();
    await broken(s3, bytes, 5);
    const { result, notes } = await upload(s3, bytes, { partSize: 2 * PART });
    expect(result?.parts).toEqual({ total: 5, sent: 5, reused: 0 });
    expect(notes).toEqual([removed('64 KB')]);
    await expectRight(s3);
  });

  it('when something else was sent from here', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await broken(s3, other, 5, { state });
    const { notes } = await upload(s3, bytes, { state });
    expect(notes).toEqual([removed('64 KB')]);
    expect(partsSent(s3)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await expectRight(s3);
  });

  it('when there are several: the one that has most is gone on with', async () => {
    await using s3 = await smallServer();
    const full = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
    const parts = [0, 1, 2].map((i) => bytes.subarray(i * PART, (i + 1) * PART));
    await begun(s3, parts.slice(0, 1), full);
    await begun(s3, parts, full);
    await begun(s3, parts.slice(0, 2), full);
    const { result, notes } = await upload(s3, bytes);
    expect(result?.parts.reused).toBe(3);
    expect(notes.filter((note) => note.startsWith('removed'))).toEqual([removed('32 KB'), removed('16 KB')]);
    await expectRight(s3);
  });

  it('when its part has another size than it would have now', async () => {
    await using s3 = await smallServer();
    await begun(s3, [bytes.subarray(0, PART - 1)], {
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
    });
    expect(await upload(s3, bytes)).toMatchObject({ result: { parts: { reused: 0 } } });
    await expectRight(s3);
  });

  it.each([{ ChecksumAlgorithm: 'CRC32C' }, { ChecksumAlgorithm: 'SHA256' }] as const)(
    'when it was begun with another checksum (%o)',
    async (kind) => {
      await using s3 = await smallServer();
      await begun(s3, [bytes.subarray(0, PART)], kind);
      const { result, notes } = await upload(s3, bytes);
      expect(result).toMatchObject({ checksum: { algorithm: 'CRC32' }, parts: { reused: 0 } });
      expect(notes).toEqual([removed('16 KB')]);
      await expectRight(s3);
    },
  );

  it('by --force, which aborts ours and nothing else', async () => {
    await using s3 = await smallServer();
    const strange = await begun(s3, [other.subarray(0, PART)]);
    await broken(s3, bytes, 5);
    expect(await upload(s3, bytes, { force: true })).toMatchObject({ result: { parts: { sent: 9 } } });
    await expectRight(s3, [strange]);
  });
});

describe.concurrent('an upload to the same key that is not known to be ours', () => {
  it.each([
    ['holds other bytes', [other.subarray(0, PART)], '1 part, 16 KB'],
    ['has no parts', [], '0 parts, 0 B'],
    ['holds our bytes, but at another place', [bytes.subarray(PART, 2 * PART)], '1 part, 16 KB'],
    ['holds more than we send', [Buffer.concat([bytes, other])], '1 part, 256.2 KB'],
  ])('is left alone and told of in one line when it %s', async (_, parts, what) => {
    await using s3 = await smallServer();
    const strange = await begun(s3, parts);
    const { result, notes } = await upload(s3, bytes);
    expect(result?.parts.reused).toBe(0);
    expect(notes).toEqual([toldOf(`1 unfinished upload to ${location} \\(${what}`)]);
    await expectRight(s3, [strange]);
  });

  it('is told of in one line, however many there are', async () => {
    await using s3 = await smallServer();
    for (let i = 0; i < 5; i++) await begun(s3, [other.subarray(0, PART)]);
    const { notes } = await upload(s3, bytes);
    expect(notes).toEqual([toldOf(`5 unfinished uploads to ${location} \\(5 parts, 80 KB`)]);
  });

  it('is not looked at when it is to a longer key', async () => {
    await using s3 = await smallServer();
    await broken(s3, bytes, 3, { key: 'key-of-another' });
    const { result, notes } = await upload(s3, bytes);
    expect({ reused: result?.parts.reused, notes }).toEqual({ reused: 0, notes: [] });
    expect(s3.uploads()).toMatchObject([{ key: 'key-of-another' }]);
  });
});

describe.concurrent('an upload whose beginning was not answered', () => {
  it('is removed by the run itself, which asked again', async () => {
    let asked = 0;
    await using s3 = await smallServer({
      fault: ({ operation }) =>
        operation === 'CreateMultipartUpload' && asked++ === 0 ? { loseResponse: true } : undefined,
    });
    expect(await upload(s3, bytes)).toMatchObject({ outcome: 'done' });
    expect(asked).toBe(2);
    await expectRight(s3);
  });

  it.each([
    ['in parts too', PART],
    ['in one put', bytes.length],
  ])('is removed by the next run, %s, when this machine noted that it began one', async (_, partSize) => {
    const stop = new AbortController();
    await using s3 = await smallServer({
      fault: ({ operation }) => {
        if (operation !== 'CreateMultipartUpload') return undefined;
        setTimeout(() => stop.abort(new Error('killed')), 50);
        return { loseResponse: true };
      },
    });
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await upload(s3, bytes, { state, run: { signal: stop.signal } });
    expect(s3.uploads()).toMatchObject([{ parts: 0 }]);
    s3.setFault(undefined);
    const { notes } = await upload(s3, bytes, { state, partSize });
    expect(notes.join('\n')).not.toContain('not known to be ours');
    await expectRight(s3);
    expect(await folder.list()).toEqual([]);
  });
});

it('--force leaves nothing of what it sent when it fails, and still nothing of a former run', async () => {
  await using s3 = await smallServer();
  await broken(s3, bytes, 5);
  s3.setFault(stopAt(7));
  expect(await upload(s3, bytes, { force: true, jobs: 1 })).toMatchObject({ outcome: 'refused' });
  expect(s3.uploads()).toEqual([]);
  expect(s3.keysOf(bucket)).toEqual([]);
});
