import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';

import { ListPartsCommand, UploadPartCommand } from '@aws-sdk/client-s3';

import type { FetchResult } from '../../../src/verbs/fetch.ts';
import type { UploadResult } from '../../../src/verbs/upload.ts';
import { bucket } from './outside.ts';
import {
  address,
  holds,
  inParts,
  resultOf,
  upload,
  type Contracts,
  type Local,
  type Trial,
} from './trial.ts';
import type { Kind } from './wire.ts';

/** The document of `modelpack uploads --json`. */
interface Uploads {
  readonly schema: 'modelpack.uploads/1';
  readonly uploads: readonly {
    readonly key: string;
    readonly uploadId: string;
    readonly initiated: string;
  }[];
}

/** So many of five parts have arrived when a run is killed. */
const ARRIVED = 3;

export const resuming: Contracts = {
  async 'an upload that was killed goes on with the parts that arrived'(trial) {
    const { key, large } = trial;
    await killed(trial, uploadOf(trial, large));
    const { parts } = await upload(trial, large);
    assert.equal(parts.total, 5);
    assert.equal(parts.reused, ARRIVED);
    assert.equal(parts.sent, 5 - ARRIVED);
    await holds(trial, key, large);
  },

  async 'an upload that was killed goes on from another machine'(trial) {
    const { key, large } = trial;
    await killed(trial, uploadOf(trial, large));
    const outcome = await trial.run(uploadOf(trial, large), { env: elsewhere });
    assert.equal(resultOf<UploadResult>(outcome).parts.reused, ARRIVED);
    await holds(trial, key, large);
  },

  async 'a fetch to S3 that was killed is right the second time'(trial) {
    const { key, large } = trial;
    const args = ['fetch', large.model, '-o', address(key), ...inParts, '--json'];
    await killed(trial, args);
    const { id, transfer } = resultOf<FetchResult>(await trial.run(args));
    assert.equal(id, large.id);
    assert.ok(transfer.reused >= 0 && transfer.downloaded + transfer.reused > 0);
    await holds(trial, key, large);
  },

  async 'a fetch to S3 that was killed is right on another machine'(trial) {
    const { key, large } = trial;
    const args = ['fetch', large.model, '-o', address(key), ...inParts, '--json'];
    await killed(trial, args);
    assert.equal(resultOf<FetchResult>(await trial.run(args, { env: elsewhere })).id, large.id);
    await holds(trial, key, large);
  },

  async 'an upload that was begun with other checksums is no obstacle'(trial) {
    const { large } = trial;
    for (const [first, second] of [
      ['none', 'auto'],
      ['auto', 'none'],
    ] as const) {
      const own = { ...trial, key: `${trial.key}/${first}` };
      await killed(own, [...uploadOf(own, large), '--checksum', first]);
      const args = [...uploadOf(own, large), '--checksum', second];
      // Not every server lets it go on then.
      const { parts } = resultOf<UploadResult>(await trial.run(args, { env: elsewhere }));
      assert.ok([0, ARRIVED].includes(parts.reused));
      await holds(own, own.key, large);
    }
  },

  async 'an upload that was removed is begun anew'(trial) {
    const { key, large, outside } = trial;
    await killed(trial, uploadOf(trial, large));
    for (const id of await outside.uploads(key)) await outside.abort(key, id);
    assert.deepEqual((await upload(trial, large)).parts, { total: 5, sent: 5, reused: 0 });
    await holds(trial, key, large);
  },

  'an upload that is removed while its parts are sent is begun anew': (trial) => removed(trial, 'part'),
  'an upload that is removed before it is completed is begun anew': (trial) => removed(trial, 'complete'),

  async 'a part that is no longer what was sent is sent again'(trial) {
    const { key, large, outside } = trial;
    await killed(trial, uploadOf(trial, large));
    const [UploadId] = await outside.uploads(key);
    const part = { Bucket: bucket, Key: key, UploadId, PartNumber: 1, Body: Buffer.alloc(5 * 1024 * 1024) };
    await outside.client.send(new UploadPartCommand({ ...part, ChecksumCRC32: 'yTuzdQ==' }));
    // One more may have arrived when the run was killed.
    const list = new ListPartsCommand({ Bucket: bucket, Key: key, UploadId });
    const { Parts: there = [] } = await outside.client.send(list);
    const { parts } = await upload(trial, large);
    assert.ok(parts.reused < there.length, `${parts.reused} of ${there.length} parts reused`);
    await holds(trial, key, large);
  },

  async 'parts of another bundle, or of another size, are not used'(trial) {
    const { key, large, other } = trial;
    await killed(trial, uploadOf(trial, other));
    assert.equal((await upload(trial, large)).parts.reused, 0);
    await holds(trial, key, large);
    await killed(trial, [...uploadOf(trial, other), '--force', '--part-size', '6MiB'], 2);
    assert.equal((await upload(trial, other)).parts.reused, 0);
    await holds(trial, key, other);
  },

  async '--force starts over'(trial) {
    const { key, large } = trial;
    await killed(trial, uploadOf(trial, large));
    assert.deepEqual((await upload(trial, large, '--force')).parts, { total: 5, sent: 5, reused: 0 });
    await holds(trial, key, large);
  },

  async 'what was killed is listed, and removed on request'(trial) {
    const { key, large, outside, supports } = trial;
    await killed(trial, uploadOf(trial, large));
    const [uploadId] = await outside.uploads(key);
    const list = async (of: string, ...more: readonly string[]) =>
      resultOf<Uploads>(await trial.run(['uploads', address(of), '--json', ...more]));
    const { schema, uploads } = await list(key);
    assert.equal(schema, 'modelpack.uploads/1');
    assert.deepEqual(
      uploads.map((each) => ({ key: each.key, id: each.uploadId })),
      [{ key, id: uploadId }],
    );
    assert.ok(!Number.isNaN(Date.parse(uploads[0]!.initiated)));
    const folder = key.slice(0, key.lastIndexOf('/') + 1);
    const byPrefix = await list(folder);
    assert.equal(byPrefix.uploads.length, supports.listedUploads.by === 'prefix' ? 1 : 0);
    await list(key, '--abort');
    assert.deepEqual(await outside.uploads(key), []);
    assert.deepEqual((await list(key)).uploads, []);
  },
};

const uploadOf = ({ key }: Trial, { path }: Local) => ['upload', path, address(key), ...inParts, '--json'];

/** Nothing that the first run noted is there. */
const elsewhere = { HOME: '/nonexistent', XDG_STATE_HOME: '' };

/** Someone removes the upload just before such a request. */
async function removed(trial: Trial, before: 'part' | 'complete'): Promise<void> {
  const { key, large, outside, supports, wire } = trial;
  if (!supports.tellsRemoved[before]) return; // it is in trouble for as long as one asks
  let done = false;
  wire.hold = async ({ kind }: { kind: Kind }) => {
    if (done || kind !== before) return;
    done = true;
    for (const id of await outside.uploads(key)) await outside.abort(key, id);
  };
  assert.equal((await upload(trial, large)).parts.total, 5);
  await holds(trial, key, large);
}

/** Runs it until so many parts have arrived, and then as if the machine had lost its power. */
async function killed(trial: Trial, args: readonly string[], arrived = ARRIVED): Promise<void> {
  const { key, outside, wire } = trial;
  const before = wire.log.length;
  const parts = () => wire.log.slice(before).filter(({ kind }) => kind === 'part');
  wire.hold = ({ kind }) => (kind === 'part' && parts().length > arrived ? new Promise(() => {}) : undefined);
  await using running = trial.start(args);
  let ended = false;
  void running.outcome.then(() => (ended = true));
  while (parts().filter(({ status }) => status === 200).length < arrived) {
    assert.ok(!ended, `it ended before ${arrived} parts had arrived`);
    await wait(20);
  }
  running.kill();
  await running.outcome;
  wire.hold = () => undefined;
  assert.equal((await outside.uploads(key)).length, 1, 'nothing was left');
}
