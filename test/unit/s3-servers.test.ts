// Servers that know less than S3.

import { crc32 } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import {
  broken,
  bucket,
  fetchTo,
  memoryModel,
  noise,
  PART,
  smallServer,
  stopAt,
  upload,
  type SendingOptions,
} from '../helpers/sending.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import type { FaultHook, S3Features, S3Server } from '../servers/s3/server.ts';

/** Of five parts, and of one. */
const kinds = { 'in parts': noise(4 * PART + 100), 'in one put': noise(PART - 1) };
const bytes = kinds['in parts'];

async function expectRight(s3: S3Server, expected: Buffer): Promise<void> {
  expect(expected.equals(await s3.body(bucket, 'key'))).toBe(true);
  expect(s3.uploads()).toEqual([]);
}

function names(s3: S3Server): string[] {
  return [...new Set(s3.log.flatMap(({ headers }) => Object.keys(headers)))];
}

const refused = { status: 400, code: 'InvalidArgument' } as const;
const unknown = { status: 501, code: 'NotImplemented' } as const;

/** What CRC32s of parts make, as S3 writes it. */
function compositeOf(whole: Buffer): string {
  const crcs: Buffer[] = [];
  for (let start = 0; start < whole.length; start += PART) {
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(whole.subarray(start, start + PART)));
    crcs.push(crc);
  }
  const joined = Buffer.alloc(4);
  joined.writeUInt32BE(crc32(Buffer.concat(crcs)));
  return `${joined.toString('base64')}-${crcs.length}`;
}

/** A server before CRC32s of whole objects. */
const compositeOnly: FaultHook = ({ operation, headers }) =>
  'x-amz-checksum-type' in headers
    ? { ...refused, message: `unknown header x-amz-checksum-type in ${operation}` }
    : undefined;

describe.concurrent('a server that knows checksums of parts only', () => {
  it('is given those, and the object is proven by them', async () => {
    await using s3 = await smallServer({ fault: compositeOnly });
    const { result } = await upload(s3, bytes);
    expect(result?.checksum).toEqual({ algorithm: 'CRC32-COMPOSITE', value: compositeOf(bytes) });
    await expectRight(s3, bytes);
  });

  it.each([
    ['', {}],
    [' and does not list uploads', { ListMultipartUploads: unknown }],
  ])(
    'is gone on with from here, even if it does not tell the type%s',
    async (_, more: Record<string, object>) => {
      await using s3 = await smallServer();
      await using folder = await temporaryFolder();
      const state = folder.join('state');
      const stop = stopAt(4);
      s3.setFault((request) => compositeOnly(request) ?? stop(request));
      expect(await upload(s3, bytes, { state, jobs: 1 })).toMatchObject({ outcome: 'refused' });
      s3.setFault((request) => compositeOnly(request) ?? more[request.operation]);
      const { result, message } = await upload(s3, bytes, { state });
      expect(message).toBe('');
      expect(result).toMatchObject({ checksum: { algorithm: 'CRC32-COMPOSITE' }, parts: { reused: 3 } });
      await expectRight(s3, bytes);
    },
  );
});

describe.concurrent.each(Object.keys(kinds) as (keyof typeof kinds)[])('sent %s', (kind) => {
  const content = kinds[kind];

  it.each([
    ['with 400 everywhere', refused, () => true],
    ['with 501 everywhere', unknown, () => true],
    ['with 400 with bodies', refused, (operation: string) => ['UploadPart', 'PutObject'].includes(operation)],
    ['with 501 with bodies', unknown, (operation: string) => ['UploadPart', 'PutObject'].includes(operation)],
  ])('to a server that refuses checksums %s: the ETag proves it', async (_, answer, at) => {
    await using s3 = await smallServer({
      features: { checksums: false },
      fault: async ({ operation, headers }) => {
        const [name] = Object.keys(headers).filter((each) => /^x-amz-checksum-(?!mode)/.test(each));
        if (name === undefined || !at(operation)) return undefined;
        return { ...answer, message: `${name} is not supported`, delayMs: 20 };
      },
    });
    const { result, message } = await upload(s3, content);
    expect(message).toBe('');
    expect(result?.checksum.algorithm).toBe('ETAG-MD5');
    await expectRight(s3, content);
  });

  it('with --checksum none: no request says anything of them', async () => {
    await using s3 = await smallServer();
    const { result } = await upload(s3, content, { checksums: false });
    expect(result?.checksum.algorithm).toBe('ETAG-MD5');
    expect(names(s3).filter((name) => name.includes('checksum'))).toEqual([]);
    await expectRight(s3, content);
  });

  it('to a server that answers conditional writes 501: it is looked at before', async () => {
    await using s3 = await smallServer({
      fault: ({ headers }) => ('if-none-match' in headers ? unknown : undefined),
    });
    const { result, notes } = await upload(s3, content, { noClobber: true });
    expect(result).toBeDefined();
    expect(notes).toEqual(['the server knows no conditional writes; s3://models/key is looked at instead']);
    await expectRight(s3, content);
  });

  it('to a server that answers conditional writes 501: what appeared meanwhile stays', async () => {
    const other = noise(100, 3);
    let done = false;
    await using s3 = await smallServer();
    s3.setFault(async ({ headers }) => {
      if (!('if-none-match' in headers)) return undefined;
      if (!done) await upload(s3, other, { force: true });
      done = true;
      return unknown;
    });
    expect(await upload(s3, content, { noClobber: true })).toMatchObject({ outcome: 'check' });
    await expectRight(s3, other);
  });
});

describe.concurrent('a server that lists neither uploads nor parts', () => {
  it.each([
    ['ListMultipartUploads', unknown],
    ['ListMultipartUploads', { status: 405, code: 'MethodNotAllowed' }],
    ['ListMultipartUploads', { status: 501, code: '' }],
  ])('%s (%o) is sent everything, and it is said once', async (operation, answer) => {
    await using s3 = await smallServer({
      fault: (request) => (request.operation === operation ? answer : undefined),
    });
    const { result, notes, message } = await upload(s3, bytes);
    expect(message).toBe('');
    expect(result?.parts.sent).toBe(5);
    expect(notes).toEqual([
      expect.stringMatching(/; what an earlier run left in S3 is neither used nor removed$/),
    ]);
    await expectRight(s3, bytes);
  });
});

describe.concurrent('what was begun with --checksum none', () => {
  it.each([
    [false, true, 'ETAG-MD5'],
    [true, false, 'ETAG-MD5'],
    [false, false, 'ETAG-MD5'],
  ])('before (%s) and now (%s) is gone on with', async (before, now, algorithm) => {
    await using s3 = await smallServer();
    await broken(s3, bytes, 4, { checksums: before });
    const { result, message } = await upload(s3, bytes, { checksums: now });
    expect(message).toBe('');
    expect(result).toMatchObject({ checksum: { algorithm }, parts: { total: 5, reused: 3 } });
    await expectRight(s3, bytes);
  });

  it('cannot be gone on with when the upload asks for a checksum of each part', async () => {
    await using s3 = await smallServer();
    const stop = stopAt(4);
    s3.setFault((request) => compositeOnly(request) ?? stop(request));
    await upload(s3, bytes, { jobs: 1 });
    s3.setFault(undefined);
    expect(await upload(s3, bytes, { checksums: false })).toMatchObject({ result: { parts: { reused: 0 } } });
    await expectRight(s3, bytes);
  });
});

describe.concurrent.each([
  ['no metadata', { metadata: false }],
  ['no metadata and no checksums', { metadata: false, checksums: false }],
] satisfies [string, S3Features][])('a server that keeps %s', (_, features) => {
  const model = memoryModel({ 'config.json': 50, 'model.bin': 3 * PART });

  it('knows a bundle again by its index', async () => {
    await using s3 = await smallServer({ features });
    expect(await fetchTo(s3, model)).toMatchObject({ result: { skipped: false } });
    s3.log.length = 0;
    expect(await fetchTo(s3, model)).toMatchObject({ result: { skipped: true } });
    expect(new Set(s3.log.map(({ operation }) => operation))).toEqual(new Set(['HeadObject', 'GetObject']));
  });

  it('does not take another bundle of the same size for it', async () => {
    await using s3 = await smallServer({ features });
    await fetchTo(s3, {
      ...memoryModel({ 'config.json': 50, 'model.bin': 3 * PART }),
      revision: '2'.repeat(40),
    });
    expect(await fetchTo(s3, model)).toMatchObject({ result: { skipped: false } });
  });

  it.each([{}, { jobs: 1 }] satisfies SendingOptions[])(
    'goes on with what another machine began (%o)',
    async (how) => {
      await using s3 = await smallServer({ features, fault: stopAt(4) });
      await fetchTo(s3, model, { jobs: 1 });
      s3.setFault(undefined);
      expect(await fetchTo(s3, model, how)).toMatchObject({ result: { skipped: false } });
      expect(s3.uploads()).toEqual([]);
      expect(await fetchTo(s3, model)).toMatchObject({ result: { skipped: true } });
    },
  );
});

it('a bundle that another tool put there is known by its index', async () => {
  await using s3 = await smallServer();
  const model = memoryModel({ 'config.json': 50, 'model.bin': 3 * PART });
  await fetchTo(s3, model);
  const bundle = await s3.body(bucket, 'key');
  await upload(s3, bundle, { attributes: { metadata: {} }, partSize: bundle.length });
  expect(s3.object(bucket, 'key')?.metadata).toEqual({});
  expect(await fetchTo(s3, model)).toMatchObject({ result: { skipped: true } });
});
