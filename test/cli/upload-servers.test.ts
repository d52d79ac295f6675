import { createCipheriv } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { UploadResult } from '../../src/verbs/upload.ts';
import { modelpack, type RunOptions } from '../helpers/run.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import { startS3, type FaultHook, type S3Server } from '../servers/s3/server.ts';

// What servers other than AWS, or what stands before them, were seen to do: test/interop/contract asks them.

const MiB = 1024 ** 2;
const folder = await temporaryFolder();
const bytes = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(
  Buffer.alloc(17 * MiB),
);
const file = folder.join('model.bin');
beforeAll(() => folder.write('model.bin', bytes));
afterAll(() => folder[Symbol.asyncDispose]());

function serverWith(fault?: FaultHook): Promise<S3Server> {
  return startS3({
    keys: { test: 'secret' },
    buckets: ['models'],
    dir: folder.path,
    ...(fault && { fault }),
  });
}

/** @param home of what modelpack notes of its uploads */
function envOf(s3: S3Server, home: string) {
  return {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    XDG_STATE_HOME: folder.join(home),
  };
}

function upload(s3: S3Server, home: string, more: readonly string[] = [], options: RunOptions = {}) {
  const args = ['upload', file, 's3://models/key', '--part-size', '5MiB', '--json', ...more];
  return modelpack(args, { ...options, env: envOf(s3, home) });
}

async function succeeds(s3: S3Server, home: string, more: readonly string[] = []): Promise<UploadResult> {
  const outcome = await upload(s3, home, more);
  expect(outcome).toMatchObject({ code: 0 });
  expect((await s3.body('models', 'key')).equals(bytes)).toBe(true);
  expect(s3.uploads()).toEqual([]);
  return outcome.json<UploadResult>();
}

/** An upload that loses its power when two parts of four have arrived. */
async function killed(s3: S3Server, home: string, more: readonly string[] = []): Promise<void> {
  await upload(s3, home, ['--jobs', '1', ...more], {
    onStart: (running) => {
      s3.setFault(({ operation, query }) => {
        if (operation !== 'UploadPart' || query.get('partNumber') !== '3') return undefined;
        running.kill('SIGKILL');
        return { hang: true };
      });
    },
  });
  s3.setFault(undefined);
  expect(s3.uploads()).toHaveLength(1);
}

describe.concurrent('an upload that was killed', () => {
  it.each([
    ['none', 'auto'],
    ['auto', 'none'],
  ])('goes on with --checksum %s, as it was begun, whatever is asked now (%s)', async (first, second) => {
    for (const home of ['here', 'elsewhere']) {
      await using s3 = await serverWith();
      await killed(s3, 'here', ['--checksum', first]);
      const { parts, checksum } = await succeeds(s3, home, ['--checksum', second]);
      expect(parts).toEqual({ total: 4, sent: 2, reused: 2 });
      expect(checksum.algorithm).toBe('ETAG-MD5');
    }
  });

  it('and removed is begun anew, also where its parts are said to have no such key', async () => {
    await using s3 = await serverWith();
    await killed(s3, 'removed');
    await modelpack(['uploads', 's3://models/key', '--abort'], { env: envOf(s3, 'elsewhere') });
    expect(s3.uploads()).toEqual([]);
    s3.setFault(({ operation }) =>
      operation === 'ListParts' ? { status: 404, code: 'NoSuchKey' } : undefined,
    );
    expect((await succeeds(s3, 'removed')).parts).toEqual({ total: 4, sent: 4, reused: 0 });
  });
});

it('a page of a gateway in front of the server passes', async () => {
  const page =
    '<html><head><title>502 Bad Gateway</title></head><body><hr><center>nginx</center></body></html>';
  const left = new Map([
    ['HeadObject', 1],
    ['CreateMultipartUpload', 1],
    ['UploadPart', 2],
    ['CompleteMultipartUpload', 1],
  ]);
  await using s3 = await serverWith(({ operation }) => {
    const more = left.get(operation) ?? 0;
    left.set(operation, more - 1);
    return more > 0 ? { status: 502, page } : undefined;
  });
  expect((await succeeds(s3, 'gateway')).parts.sent).toBe(4);
});
