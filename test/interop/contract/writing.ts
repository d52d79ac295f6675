import assert from 'node:assert/strict';

import type { FetchResult } from '../../../src/verbs/fetch.ts';
import type { UploadResult } from '../../../src/verbs/upload.ts';
import {
  address,
  bestProof,
  holds,
  inParts,
  resultOf,
  upload,
  written,
  type Contracts,
  type Trial,
} from './trial.ts';

export const writing: Contracts = {
  async 'what fits one part is put whole'(trial) {
    const { key, small, supports, wire } = trial;
    const { id, parts, checksum } = await upload(trial, small);
    assert.equal(id, small.id);
    assert.deepEqual(parts, { total: 1, sent: 1, reused: 0 });
    assert.equal(checksum.algorithm, bestProof(supports, 'put'));
    assert.equal(written(wire), 1);
    await holds(trial, key, small);
  },

  async 'what does not is sent in parts, with tags and metadata'(trial) {
    const { key, large, outside, supports, wire } = trial;
    const labels = ['--tag', 'team=search + rescue', '--metadata', 'colour=blue'];
    const { id, parts, checksum, etag } = await upload(trial, large, ...labels);
    assert.equal(id, large.id);
    assert.deepEqual(parts, { total: 5, sent: 5, reused: 0 });
    assert.equal(checksum.algorithm, bestProof(supports, 'parts'));
    assert.equal(wire.log.filter(({ kind }) => kind === 'part').length, 5);
    await holds(trial, key, large);
    const found = await outside.object(key);
    assert.equal(found?.etag, etag);
    assert.equal(found?.metadata['colour'], 'blue');
    assert.deepEqual(await outside.tags(key), supports.tags.parts ? { team: 'search + rescue' } : {});
  },

  async 'a fetch goes straight to S3, and is the same bundle'(trial) {
    const { key, large } = trial;
    const { id, size, skipped } = await fetch(trial, large.model);
    assert.deepEqual({ id, size, skipped }, { id: large.id, size: large.size, skipped: false });
    await holds(trial, key, large);
  },

  async 'what is there already is not sent again, unless forced to'(trial) {
    const { key, large, wire } = trial;
    await upload(trial, large);
    const before = written(wire);
    assert.equal((await upload(trial, large)).skipped, true);
    assert.equal((await fetch(trial, large.model)).skipped, true);
    assert.equal(written(wire), before, 'something was sent');
    const { skipped, parts } = await upload(trial, large, '--force');
    assert.deepEqual({ skipped, sent: parts.sent }, { skipped: false, sent: 5 });
    await holds(trial, key, large);
  },

  async 'another bundle is replaced'(trial) {
    const { key, large, other } = trial;
    await upload(trial, other);
    assert.equal((await upload(trial, large)).skipped, false);
    await holds(trial, key, large);
  },

  async 'a key is completed by the id, or by the name of the file'(trial) {
    const { key, small } = trial;
    const sendTo = async (target: string) =>
      resultOf<UploadResult>(await trial.run(['upload', small.path, address(target), '--json'])).location;
    assert.equal(await sendTo(`${key}/{id}.tar`), address(`${key}/${small.id}.tar`));
    await holds(trial, `${key}/${small.id}.tar`, small);
    assert.equal(await sendTo(`${key}/in/`), address(`${key}/in/small.tar`));
    await holds(trial, `${key}/in/small.tar`, small);
  },

  async 'a key may have any name that S3 takes'(trial) {
    const { key, large, small } = trial;
    for (const name of names) {
      const full = `${key}/${name}`.slice(0, 1000);
      for (const local of [small, large]) {
        const args = ['upload', local.path, address(full), ...inParts, '--json'];
        assert.equal(resultOf<UploadResult>(await trial.run(args)).location, address(full));
        await holds(trial, full, local);
      }
    }
  },

  async 'standard input is sent as it comes'(trial) {
    const { key, large, outside, supports } = trial;
    const args = ['upload', '-', address(key), '--json'];
    const { id, size, checksum } = resultOf<UploadResult>(await trial.run(args, { input: large.path }));
    assert.deepEqual({ id, size }, { id: null, size: large.size });
    assert.equal(checksum.algorithm, bestProof(supports, 'parts'));
    assert.equal((await outside.object(key))?.sha256, large.sha256);
    assert.deepEqual(await outside.uploads(key), []);
  },

  async 'a storage class is kept, or the refusal is told'(trial) {
    const { key, outside, small, supports } = trial;
    const args = ['upload', small.path, address(key), '--storage-class', 'STANDARD_IA'];
    await optional(trial, args, supports.storageClass, 'storage-class');
    const expected = { kept: 'STANDARD_IA', ignored: 'STANDARD', refused: undefined }[supports.storageClass];
    assert.equal((await outside.object(key))?.storageClass, expected);
  },

  async 'encryption is kept, or the refusal is told'(trial) {
    const { key, small, supports } = trial;
    const args = ['upload', small.path, address(key), '--sse', 'AES256'];
    await optional(trial, args, supports.encryption, 'sse');
  },

  async 'tags of an object that is put whole are kept'(trial) {
    const { key, outside, small, supports } = trial;
    await upload(trial, small, '--tag', 'team=search');
    assert.deepEqual(await outside.tags(key), supports.tags.put ? { team: 'search' } : {});
  },
};

/** To break addresses, signatures and file systems. */
const names = [
  'sp ace/größe 日本語 🤗/plus+and&amp=/100%/a%20b/quote\'"s/semi;colon,(star*)!~$@:.tar',
  'a?b#c\\d<e>|^`{f}[g].tar',
  // 1,000 bytes, in folders that a file system can hold
  Array.from({ length: 5 }, () => 'k'.repeat(199)).join('/'),
];

async function fetch(trial: Trial, model: string): Promise<FetchResult> {
  const args = ['fetch', model, '-o', address(trial.key), ...inParts, '--json'];
  return resultOf<FetchResult>(await trial.run(args));
}

/** A server that does not take an option is spoken of as such. */
async function optional(
  { run }: Trial,
  args: readonly string[],
  outcome: 'kept' | 'ignored' | 'refused',
  option: string,
): Promise<void> {
  const { code, stderr } = await run(args);
  assert.equal(code, outcome === 'refused' ? 2 : 0, stderr);
  if (outcome === 'refused') assert.match(stderr, new RegExp(`does not take[^]*--${option}`));
}
