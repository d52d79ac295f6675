import assert from 'node:assert/strict';
import { join } from 'node:path';

import type { SizeReport } from '../../../src/budget/report.ts';
import type { InspectResult, VerifyResult } from '../../../src/verbs/inspect.ts';
import { sha256Of } from '../bench.ts';
import { address, fails, resultOf, upload, type Contracts } from './trial.ts';

export const reading: Contracts = {
  async 'a bundle is inspected and measured by one request, for its head'(trial) {
    const { key, large, wire } = trial;
    await upload(trial, large);
    const before = wire.log.length;
    const inspected = resultOf<InspectResult>(await trial.run(['inspect', address(key), '--json']));
    assert.deepEqual({ id: inspected.id, size: inspected.size }, { id: large.id, size: large.size });
    const { bundleSize } = resultOf<SizeReport>(await trial.run(['size-check', address(key), '--json']));
    assert.equal(bundleSize, large.size);
    const asked = wire.log.slice(before).map(({ method, headers }) => [method, headers.range]);
    const head = ['GET', 'bytes=0-1048575'];
    assert.deepEqual(asked, [head, head]);
  },

  async 'a bundle is verified by ranges of one version'(trial) {
    const { key, large, outside, wire } = trial;
    await upload(trial, large);
    const before = wire.log.length;
    const { id, sha256, ok } = resultOf<VerifyResult>(await trial.run(['verify', address(key), '--json']));
    assert.deepEqual({ id, sha256, ok }, { id: large.id, sha256: large.sha256, ok: true });
    const [first, ...rest] = wire.log.slice(before);
    assert.equal(first?.headers['if-match'], undefined);
    assert.ok(rest.length > 0);
    const { etag } = (await outside.object(key))!;
    for (const { headers } of rest) {
      assert.match(headers.range ?? '', /^bytes=\d+-\d+$/);
      assert.equal(headers['if-match'], etag);
    }
  },

  async 'a bundle is unpacked by ranges of one version'(trial) {
    const { bench, key, large, outside, wire } = trial;
    await upload(trial, large);
    const before = wire.log.length;
    const folder = await bench.path(key, 'unpacked');
    resultOf(await trial.run(['unpack', address(key), folder, '--json']));
    for (const { path, sha256 } of bench.hub.files(large.model)) {
      assert.equal(await sha256Of(join(folder, large.model, path)), sha256, `${path} differs from the Hub`);
    }
    const { etag } = (await outside.object(key))!;
    const [, ...rest] = wire.log.slice(before);
    assert.ok(rest.every(({ headers }) => headers['if-match'] === etag));
  },

  async 'a bundle that is replaced while it is read is never a mixture'(trial) {
    const { key, large, other, outside, wire } = trial;
    await upload(trial, other);
    await upload(trial, large, '--force');
    const { etag: before } = (await outside.object(key))!;
    let replaced: Promise<unknown> | undefined;
    wire.hold = ({ kind, headers }) => {
      if (kind !== 'get' || headers['if-match'] === undefined) return undefined;
      replaced ??= upload(trial, other);
      return replaced;
    };
    fails(await trial.run(['verify', address(key)]), 7, /was replaced while it was read/);
    assert.notEqual((await outside.object(key))?.etag, before);
  },

  async 'what is not there is missed'(trial) {
    const { key, large, small } = trial;
    const nowhere = `s3://no-such-bucket/${key}`;
    for (const local of [small, large]) {
      const args = ['upload', local.path, nowhere, '--part-size', '5MiB'];
      fails(await trial.run(args), 4, /there is no bucket no-such-bucket/);
    }
    fails(await trial.run(['upload', '-', nowhere], { input: large.path }), 4, /there is no bucket/);
    fails(await trial.run(['fetch', large.model, '-o', nowhere]), 4, /there is no bucket/);
    fails(await trial.run(['inspect', nowhere]), 4, /there is no bucket/);
    fails(await trial.run(['inspect', address(key)]), 4, new RegExp(`there is no ${address(key)}`));
    fails(await trial.run(['verify', address(key)]), 4, new RegExp(`there is no ${address(key)}`));
  },

  async 'a wrong secret is refused where it is checked'(trial) {
    const { key, large, outside, small, supports } = trial;
    const env = { AWS_SECRET_ACCESS_KEY: 'another-secret' };
    for (const args of [
      ['upload', small.path, address(key)],
      ['upload', large.path, address(key), '--part-size', '5MiB'],
      ['fetch', large.model, '-o', address(key)],
    ]) {
      const outcome = await trial.run(args, { env });
      if (supports.signatures) fails(outcome, 5, /credentials|denies access/);
      else assert.equal(outcome.code, 0, outcome.stderr);
    }
    if (supports.signatures) assert.equal(await outside.object(key), undefined);
  },
};
