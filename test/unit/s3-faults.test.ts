import { describe, expect, it } from 'vitest';

import {
  bucket,
  fetchTo,
  memoryModel,
  noise,
  PART,
  smallServer,
  soon,
  stopAt,
  upload,
  type Sent,
  type SendingOptions,
} from '../helpers/sending.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import type { FaultHook, S3Fault, S3Server } from '../servers/s3/server.ts';

const bytes = noise(7 * PART + 100);
const model = memoryModel({ 'config.json': 100, 'model.bin': 6 * PART });

const verbs: Record<string, (s3: S3Server, options?: SendingOptions) => Promise<Sent<unknown>>> = {
  upload: (s3, options) => upload(s3, bytes, options),
  fetch: (s3, options) => fetchTo(s3, model, options),
};

/** What each of them makes where nothing goes wrong. */
const right = new Map(
  Object.entries(verbs).map(([verb, run]) => [
    verb,
    (async () => {
      await using s3 = await smallServer();
      await run(s3);
      return await s3.body(bucket, 'key');
    })(),
  ]),
);

/** The first `times` requests of an operation go wrong. */
function first(times: number, operation: string, fault: S3Fault): () => FaultHook {
  return () => {
    let left = times;
    return (request) => (request.operation === operation && left-- > 0 ? fault : undefined);
  };
}

const always = Number.POSITIVE_INFINITY;
const slowDown = { status: 503, code: 'SlowDown' } as const;
const internal = { code: 'InternalError', message: 'We encountered an internal error.' } as const;
const gone = { status: 404, code: 'NoSuchUpload' } as const;
const complete = 'CompleteMultipartUpload';

/** Both answers at once: the upload is completed and its answer is lost, and a server that then knows no upload. */
function completedAndForgotten(): FaultHook {
  let completes = 0;
  return ({ operation }) => {
    if (operation !== complete) return undefined;
    return completes++ === 0 ? { loseResponse: true } : gone;
  };
}

/** What goes wrong, and how it may end besides well. */
const faults: [string, () => FaultHook, ...string[]][] = [
  ['parts are reset when they are on their way', first(3, 'UploadPart', { delayMs: 20, reset: true })],
  ['many parts are answered SlowDown', first(30, 'UploadPart', { ...slowDown, ...soon })],
  ['parts are answered SlowDown without a time to wait', first(2, 'UploadPart', slowDown)],
  ['a part is answered 429', first(1, 'UploadPart', { status: 429, code: 'TooManyRequests', ...soon })],
  ['parts are answered 500', first(5, 'UploadPart', { status: 500, ...soon })],
  ['answers to parts are lost', first(3, 'UploadPart', { loseResponse: true })],
  ['a part has no upload any more', first(1, 'UploadPart', gone)],
  ['a part is told with another ETag', first(1, 'UploadPart', { headers: { etag: '"0123"' } })],
  [
    'a part is told with another checksum',
    first(1, 'UploadPart', { headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } }),
  ],
  [
    'every part is told with another ETag',
    first(always, 'UploadPart', { headers: { etag: '"0123"' } }),
    'network',
  ],
  ['beginning is answered 500', first(2, 'CreateMultipartUpload', { status: 500, ...soon })],
  ['beginning loses its answer', first(1, 'CreateMultipartUpload', { loseResponse: true })],
  ['beginning is cut short', first(1, 'CreateMultipartUpload', { cutResponseAfter: 50 })],
  ['the list of uploads is cut short', first(1, 'ListMultipartUploads', { cutResponseAfter: 100 })],
  ['the list of uploads is answered 503', first(2, 'ListMultipartUploads', { ...slowDown, ...soon })],
  ['the list of parts is cut short', first(1, 'ListParts', { cutResponseAfter: 200 })],
  ['the list of parts is reset', first(1, 'ListParts', { reset: true })],
  ['completing is answered 500', first(2, complete, { status: 500, ...soon })],
  ['completing is answered SlowDown', first(2, complete, { ...slowDown, ...soon })],
  ['completing ends in an error inside a 200', first(1, complete, { errorInside200: internal })],
  [
    'completing ends in SlowDown inside a 200',
    first(1, complete, { errorInside200: { ...internal, code: 'SlowDown' } }),
  ],
  ['completing loses its answer', first(1, complete, { loseResponse: true })],
  ['completing is cut short', first(1, complete, { cutResponseAfter: 60 })],
  ['completing loses its answer, and the upload is forgotten', completedAndForgotten],
  ['completing has no upload any more', first(1, complete, gone)],
  ['completing meets another write', first(1, complete, { status: 409, code: 'ConditionalRequestConflict' })],
  [
    'completing is aborted by another',
    first(1, complete, { status: 409, code: 'OperationAborted', ...soon }),
  ],
  ['completing finds a part wrong', first(1, complete, { status: 400, code: 'InvalidPart' })],
  ['completing finds another checksum', first(1, complete, { status: 400, code: 'BadDigest' }), 'integrity'],
  ['completing is not taken', first(1, complete, { status: 400, code: 'InvalidRequest' }), 'usage'],
  ['completing never has an upload', first(always, complete, gone), 'network'],
  [
    'the object is told with another checksum',
    first(always, 'HeadObject', { headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } }),
    'integrity',
  ],
];

describe.concurrent.each(Object.keys(verbs))('%s', (verb) => {
  describe.concurrent.each(['from the start', 'from where another run ended'])('%s', (from) => {
    it.each(faults)('is right, or fails as it should, when %s', async (_, fault, ...allowed) => {
      await using s3 = await smallServer();
      await using folder = await temporaryFolder();
      const options = { state: folder.join('state') };
      const run = verbs[verb]!;
      if (from !== 'from the start') {
        s3.setFault(stopAt(4));
        await run(s3, { ...options, jobs: 1 });
      }
      s3.setFault(fault());
      const { outcome, message } = await run(s3, options);
      expect(['done', ...allowed], message).toContain(outcome);
      if (outcome === 'done') {
        expect((await right.get(verb)!).equals(await s3.body(bucket, 'key'))).toBe(true);
        expect(s3.uploads()).toEqual([]);
        expect(await folder.list()).toEqual([]);
      }
      // Whatever it was: once it is over, the same command comes to a right end.
      s3.setFault(undefined);
      const again = await run(s3, options);
      expect(again.outcome, again.message).toBe('done');
      expect((await right.get(verb)!).equals(await s3.body(bucket, 'key'))).toBe(true);
      expect(s3.uploads()).toEqual([]);
    });
  });
});
