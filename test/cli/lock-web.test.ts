import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { afterAll, expect, it } from 'vitest';

import type { FetchResult } from '../../src/verbs/fetch.ts';
import { openWebBench } from '../helpers/web-bench.ts';

const body = randomBytes(100_000);
const bench = await openWebBench({ '/model.bin': body });
const { folder, web } = bench;
afterAll(() => bench[Symbol.asyncDispose]());

const password = 'Pa55wordOfThisTest';
const signature = 's1gnatureOfThisTest';
const address = `${web.origin.replace('//', `//user:${password}@`)}/model.bin?sig=${signature}`;

async function run(...args: readonly string[]) {
  const outcome = await bench.run(args);
  for (const secret of [password, signature]) expect(outcome.stdout + outcome.stderr).not.toContain(secret);
  return outcome;
}

it('locks a file of the web by its bytes, without what its address keeps secret', async () => {
  await folder.write('modelpack.yaml', `bundles: {web: {sources: ["${address}"], destination: web.tar}}`);
  expect(await run('lock')).toMatchObject({ code: 0 });
  const lock = await readFile(folder.join('modelpack.lock'), 'utf8');
  expect(lock).toContain(`"asked": "${web.origin}/model.bin?…"`);
  for (const secret of [password, signature]) expect(lock).not.toContain(secret);
  const { code, json } = await run('fetch', '--frozen', '--bundle', 'web', '--json');
  expect(code).toBe(0);
  expect(lock).toContain(json<FetchResult>().id);
});

it('refuses a file that is no longer the one that is locked, and leaves nothing', async () => {
  const locked = ['fetch', '--frozen', '-o', 'other.tar'];
  web.put('/model.bin', Buffer.concat([body, body]));
  const longer = await run(...locked);
  expect(longer.stderr).toMatch(
    /^modelpack: model\.bin of .* has 200000 bytes, the lock says 100000\nhint: .*lock --check/m,
  );
  expect(longer.code).toBe(3);
  expect(await run('lock', '--check')).toMatchObject({
    code: 3,
    stdout: expect.stringContaining('97.7 KB → 195.3 KB'),
  });

  web.put('/model.bin', randomBytes(100_000));
  const others = await run(...locked);
  expect(others.stderr).toMatch(/model\.bin has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}/);
  expect(others.code).toBe(7);
  expect((await folder.list()).filter((name) => name.startsWith('other'))).toEqual([]);
});
