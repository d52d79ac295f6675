import assert from 'node:assert/strict';

import { address, fails, holds, inParts, upload, written, type Contracts, type Trial } from './trial.ts';
import type { Kind } from './wire.ts';

export const conditions: Contracts = {
  async '--no-clobber sends where nothing is'(trial) {
    const { key, large } = trial;
    assert.equal((await upload(trial, large, '--no-clobber')).skipped, false);
    await holds(trial, key, large);
  },

  async '--no-clobber sends nothing where something is'(trial) {
    const { key, outside, wire, large, small } = trial;
    await outside.put(key, 'there before');
    for (const local of [small, large]) {
      const args = ['upload', local.path, address(key), ...inParts, '--no-clobber'];
      fails(await trial.run(args), 3, /exists/);
    }
    fails(await trial.run(['fetch', large.model, '-o', address(key), '--no-clobber']), 3, /exists/);
    assert.equal(written(wire), 0);
    assert.equal((await outside.object(key))?.size, 'there before'.length);
  },

  '--no-clobber holds when the key appears before it is put': (trial) => race(trial, 'put'),
  '--no-clobber holds when the key appears before the parts are completed': (trial) =>
    race(trial, 'complete'),
};

/** Something else appears at the key after it was looked at, just before the request that would replace it. */
async function race(trial: Trial, last: 'put' | 'complete'): Promise<void> {
  const { key, large, outside, small, supports, wire } = trial;
  const local = last === 'put' ? small : large;
  wire.hold = async ({ kind }: { kind: Kind }) => {
    if (kind === last) await outside.put(key, 'appeared');
  };
  const outcome = await trial.run(['upload', local.path, address(key), ...inParts, '--no-clobber']);
  if (supports.ifNoneMatch[last]) {
    fails(outcome, 3, /exists/);
    assert.equal((await outside.object(key))?.size, 'appeared'.length);
    assert.deepEqual(await outside.uploads(key), []);
  } else {
    // The condition is ignored: nobody can tell, and docs/s3.md says so.
    assert.equal(outcome.code, 0, outcome.stderr);
    await holds(trial, key, local);
  }
}
