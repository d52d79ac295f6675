import { describe, expect, it } from 'vitest';

import {
  bucket,
  denied,
  fetchTo,
  memoryModel,
  noise,
  PART,
  smallServer,
  upload,
  type Sent,
  type SendingOptions,
} from '../helpers/sending.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import { stopAt } from '../helpers/sending.ts';
import type { FaultHook, S3Server } from '../servers/s3/server.ts';

const bytes = noise(7 * PART + 100);
const model = memoryModel({ 'config.json': 100, 'model.bin': 6 * PART });

const verbs: Record<string, (s3: S3Server, options?: SendingOptions) => Promise<Sent<unknown>>> = {
  upload: (s3, options) => upload(s3, bytes, options),
  fetch: (s3, options) => fetchTo(s3, model, options),
};

function deny(...operations: string[]): FaultHook {
  return ({ operation }) => (operations.includes(operation) ? denied : undefined);
}

const neither = 'what an earlier run left in S3 is neither used nor removed';

describe.concurrent.each(Object.keys(verbs))('%s, from the start, without leave for', (verb) => {
  it.each([
    ['ListMultipartUploads', [`S3 denies s3:ListBucketMultipartUploads on s3://models/key; ${neither}`]],
    ['ListParts', []],
    ['AbortMultipartUpload', []],
    ['HeadObject', []],
    ['GetObject', []],
  ])('%s is done all the same', async (operation, expected) => {
    await using s3 = await smallServer({ fault: deny(operation) });
    await using folder = await temporaryFolder();
    const { outcome, message, notes } = await verbs[verb]!(s3, { state: folder.join('state') });
    expect({ outcome, message, notes }).toEqual({ outcome: 'done', message: '', notes: expected });
    expect(s3.uploads()).toEqual([]);
    expect(s3.keysOf(bucket)).toEqual(['key']);
    expect(await folder.list()).toEqual([]);
  });
});

describe.concurrent.each(Object.keys(verbs))('%s, after a broken run', (verb) => {
  describe.concurrent.each(['here', 'elsewhere'])('%s', (where) => {
    it.each([
      // What the journal names can be listed and gone on with although the bucket cannot be listed.
      ['ListMultipartUploads', where === 'here' ? 0 : 1],
      ['ListParts', 1],
      ['AbortMultipartUpload', 0],
      ['HeadObject', 0],
    ])('without leave for %s, is right, and says what is left', async (operation, left) => {
      await using s3 = await smallServer({ fault: stopAt(4) });
      await using folder = await temporaryFolder();
      await verbs[verb]!(s3, { state: folder.join('one'), jobs: 1 });
      s3.setFault(deny(operation));
      const state = folder.join(where === 'here' ? 'one' : 'two');
      const { outcome, message, notes } = await verbs[verb]!(s3, { state });
      expect({ outcome, message }).toEqual({ outcome: 'done', message: '' });
      expect(s3.uploads()).toHaveLength(left);
      const told = notes.filter((note) => note.endsWith(neither));
      expect(told).toHaveLength(operation.startsWith('List') ? 1 : 0);
    });
  });

  it('of no use, without leave to remove it, says that it is there and not that it was removed', async () => {
    await using s3 = await smallServer({ fault: stopAt(4) });
    await verbs[verb]!(s3, { jobs: 1 });
    s3.setFault(deny('AbortMultipartUpload'));
    const { outcome, notes } = await verbs[verb]!(s3, { partSize: 2 * PART });
    expect(outcome).toBe('done');
    expect(notes).toEqual([`S3 denies s3:AbortMultipartUpload on s3://models/key; ${neither}`]);
    expect(s3.uploads()).toHaveLength(1);
  });
});

describe.concurrent.each(Object.keys(verbs))('%s fails without leave for', (verb) => {
  it.each([
    ['CreateMultipartUpload', 0],
    ['UploadPart', 0],
    ['CompleteMultipartUpload', 1],
  ])('%s', async (operation, left) => {
    await using s3 = await smallServer({ fault: deny(operation) });
    const { outcome, message } = await verbs[verb]!(s3);
    expect({ outcome, message }).toEqual({
      outcome: 'refused',
      message: 'S3 denies s3:PutObject on s3://models/key',
    });
    expect(s3.keysOf(bucket)).toEqual([]);
    expect(s3.uploads()).toHaveLength(left);
  });
});
