import { CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';

import { modelpack, type Outcome, type RunOptions } from '../helpers/run.ts';
import { clientOf } from '../helpers/sending.ts';
import { startS3, type S3Server, type S3ServerOptions } from '../servers/s3/server.ts';

const HOUR = 3_600_000;
const bucket = 'models';
const secret = 'testsecret';
const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: secret };

function uploads(s3: S3Server, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const env = { ...credentials, AWS_ENDPOINT_URL_S3: s3.endpoint, ...options.env };
  return modelpack(['uploads', ...args], { ...options, env });
}

/** A server on which these were begun, so many hours ago, with so many parts of a KiB. */
async function serverWith(
  begun: readonly (readonly [key: string, hoursAgo: number, parts: number])[],
  options: S3ServerOptions = {},
): Promise<S3Server> {
  const clock = { hoursAgo: 0 };
  const now = () => (options.now?.() ?? Date.now()) - clock.hoursAgo * HOUR;
  const s3 = await startS3({ minPartSize: 1, buckets: [bucket, 'other'], ...options, now });
  const client = clientOf(s3);
  for (const [Key, hoursAgo, parts] of begun) {
    clock.hoursAgo = hoursAgo;
    client.config.systemClockOffset = now() - Date.now();
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    for (let PartNumber = 1; PartNumber <= parts; PartNumber++) {
      const part = { Bucket: bucket, Key, UploadId, PartNumber, Body: Buffer.alloc(1024) };
      await client.send(new UploadPartCommand(part));
    }
  }
  clock.hoursAgo = 0;
  s3.log.length = 0;
  return s3;
}

const three = [
  ['models/b.tar', 2, 1],
  ['models/a.tar', 30, 3],
  ['else/c.tar', 0.5, 0],
] as const;

describe.concurrent('uploads', () => {
  it('lists what is unfinished, the oldest first, with what it costs', async () => {
    await using s3 = await serverWith(three);
    const { code, stdout, stderr } = await uploads(s3, ['s3://models']);
    expect(code).toBe(0);
    const at = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d';
    expect(stdout).toMatch(
      new RegExp(
        `^${at}  3 parts  3 KB  s3://models/models/a.tar\n${at}   1 part  1 KB  s3://models/models/b.tar\n${at}  0 parts   0 B  s3://models/else/c.tar\n$`,
      ),
    );
    expect(stderr).toBe('3 unfinished uploads, 4 KB, billed until removed; to remove them, add --abort\n');
    expect(s3.uploads()).toHaveLength(3);
  });

  it('--json is one document with the same', async () => {
    await using s3 = await serverWith(three);
    const { stdout, json } = await uploads(s3, ['s3://models/models/', '--json', '--quiet']);
    const row = { aborted: false, initiated: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string };
    const [b, a] = s3.uploads(bucket).filter(({ key }) => key.startsWith('models/'));
    expect(json()).toEqual({
      schema: 'modelpack.uploads/1',
      location: 's3://models/models/',
      uploads: [
        {
          ...row,
          location: 's3://models/models/a.tar',
          key: 'models/a.tar',
          uploadId: a!.uploadId,
          parts: 3,
          size: 3072,
        },
        {
          ...row,
          location: 's3://models/models/b.tar',
          key: 'models/b.tar',
          uploadId: b!.uploadId,
          parts: 1,
          size: 1024,
        },
      ],
      size: 4096,
    });
    expect(stdout).toMatch(/^\{"schema":.*\}\n$/);
  });

  it.each([[['s3://other']], [['s3://models/none', '--older-than', '7d']]])(
    '%j finds none, and says so',
    async (args) => {
      await using s3 = await serverWith(three);
      const { code, stdout, stderr } = await uploads(s3, args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^no unfinished uploads to s3:\/\/(other|models)\/(none)?\n$/);
    },
  );

  it.each([
    [['s3://models/models/'], ['else/c.tar']],
    [['s3://models/models/a.tar'], ['models/b.tar', 'else/c.tar']],
    [['s3://models', '--older-than', '1h'], ['else/c.tar']],
    [
      ['s3://models', '--older-than', '1d'],
      ['models/b.tar', 'else/c.tar'],
    ],
    [['s3://models'], []],
  ])('%j --abort removes those, and no other', async (args, left) => {
    await using s3 = await serverWith(three);
    const { code, stdout, stderr } = await uploads(s3, [...args, '--abort']);
    expect(code).toBe(0);
    expect(s3.uploads().map(({ key }) => key)).toEqual(left);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(three.length - left.length);
    for (const line of lines) expect(line).toMatch(/  removed$/);
    expect(stderr).toMatch(/^removed \d unfinished uploads?, \d KB\n$/);
  });

  it('are all listed and removed, on however many pages', async () => {
    const many = Array.from({ length: 9 }, (_, i) => [`models/${i}`, 1, i] as const);
    await using s3 = await serverWith(many, { features: { pageSize: 2 } });
    const { json } = await uploads(s3, ['s3://models', '--abort', '--json']);
    const document = json<{ uploads: { key: string; parts: number; aborted: boolean }[] }>();
    expect(document.uploads).toMatchObject(many.map(([key, , parts]) => ({ key, parts, aborted: true })));
    expect(s3.uploads()).toEqual([]);
  });

  it('lists those that were begun a moment ago, although the clock of this machine is behind', async () => {
    await using s3 = await serverWith([['new', 0, 1]], { now: () => Date.now() + 600_000 });
    expect((await uploads(s3, ['s3://models', '--json'])).json()).toMatchObject({
      uploads: [{ key: 'new' }],
    });
  });

  it('leaves out what was completed meanwhile', async () => {
    await using s3 = await serverWith(three);
    s3.setFault(({ operation }) =>
      operation === 'ListParts' ? { status: 404, code: 'NoSuchUpload' } : undefined,
    );
    const { json } = await uploads(s3, ['s3://models', '--json']);
    expect(json()).toMatchObject({ uploads: [], size: 0 });
  });
});

const statement = (action: string, resource: string) =>
  `{"Effect":"Allow","Action":"${action}","Resource":"arn:aws:s3:::${resource}"}`;

describe.concurrent('uploads fails', () => {
  it.each([
    ['a bucket that is not there', ['s3://nowhere'], 4, /^modelpack: there is no bucket nowhere\n/],
    ['no address', ['models'], 2, /^modelpack: .models. is no S3 address\nhint: /],
    ['no age', ['s3://models', '--older-than', 'old'], 2, /a time is a number with a unit/],
    ['an option of another command', ['s3://models', '--force'], 2, /^modelpack: unknown option/],
  ])('for %s', async (_, args, expected, message) => {
    await using s3 = await serverWith([]);
    const { code, stdout, stderr } = await uploads(s3, args);
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it.each([
    ['ListMultipartUploads', statement('s3:ListBucketMultipartUploads', 'models')],
    ['ListParts', statement('s3:ListMultipartUploadParts', 'models/models/b.tar')],
    ['AbortMultipartUpload', statement('s3:AbortMultipartUpload', 'models/models/b.tar')],
  ])('without leave for %s, with the statement that allows it', async (operation, hint) => {
    await using s3 = await serverWith([['models/b.tar', 1, 1]]);
    s3.setFault((request) =>
      request.operation === operation ? { status: 403, code: 'AccessDenied' } : undefined,
    );
    const { code, stderr, json } = await uploads(s3, ['s3://models', '--abort', '--json']);
    expect(code).toBe(5);
    expect(stderr).toContain(hint);
    expect(json()).toMatchObject({ error: { code: 'refused' } });
  });

  it('with a wrong secret, which is not shown', async () => {
    await using s3 = await serverWith([]);
    const env = { AWS_SECRET_ACCESS_KEY: 'AnotherSecret' };
    const { code, stdout, stderr } = await uploads(s3, ['s3://models', '--verbose'], { env });
    expect(code).toBe(5);
    expect(stdout + stderr).not.toContain('AnotherSecret');
  });
});
