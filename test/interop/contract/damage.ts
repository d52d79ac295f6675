import assert from 'node:assert/strict';

import { address, holds, inParts, type Contracts, type Local, type Trial } from './trial.ts';
import type { Kind } from './wire.ts';

/** A bit is flipped on the way, once. What comes out is the right object, or a failure that says so. */
export const damage: Contracts = {
  'an object that is put whole, and damaged on the way': (trial) => damaged(trial, trial.small, 'put'),
  'a part that is damaged on the way': (trial) => damaged(trial, trial.large, 'part'),

  async 'standard input that is damaged on the way'(trial) {
    const { key, large, outside } = trial;
    flipOnce(trial, 'part');
    const { code, stderr } = await trial.run(['upload', '-', address(key)], { input: large.path });
    if (code === 0) assert.equal((await outside.object(key))?.sha256, large.sha256, 'it is another object');
    else assert.ok(code === 6 || code === 7, `exit code ${code}: ${stderr}`);
  },
};

async function damaged(trial: Trial, local: Local, kind: Kind): Promise<void> {
  const { key, wire } = trial;
  flipOnce(trial, kind);
  const { code, stderr } = await trial.run(['upload', local.path, address(key), ...inParts]);
  if (code === 0) await holds(trial, key, local);
  else assert.ok(code === 6 || code === 7, `exit code ${code}: ${stderr}`);
  assert.ok(wire.log.some((request) => request.kind === kind));
}

function flipOnce({ wire }: Trial, kind: Kind): void {
  let flipped = false;
  wire.damage = (request) => {
    if (flipped || request.kind !== kind) return false;
    flipped = true;
    return true;
  };
}
