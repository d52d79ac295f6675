import { readFile, stat, writeFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import type { FetchResult } from '../../src/verbs/fetch.ts';
import { filesIn, flipBit, foreignTar, sha256Of } from '../helpers/bundle.ts';
import { id, kept, inBundle, open, isDownload } from '../helpers/tiny.ts';

describe.concurrent('a destination', () => {
  test('that holds the same bundle is left alone, and nothing is downloaded', async () => {
    await using bench = await open();
    const first = (await bench.run(['fetch', id, '-o', 'models.tar', '--json'])).json<FetchResult>();
    const before = await stat(bench.folder.join('models.tar'));
    bench.hub.log.length = 0;
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--json']);
    expect(run.code).toBe(0);
    expect(run.json<FetchResult>()).toEqual({
      ...first,
      transfer: { downloaded: 0, reused: first.size, seconds: expect.any(Number) },
      skipped: true,
    });
    expect(bench.hub.log.filter(isDownload)).toEqual([]);
    const after = await stat(bench.folder.join('models.tar'));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    expect(await bench.folder.list()).toEqual(['models.tar']);
  });

  test('that holds the same bundle is said to be there already', async () => {
    await using bench = await open();
    await bench.run(['fetch', id, '-o', 'models.tar']);
    const run = await bench.run(['fetch', id, '-o', 'models.tar']);
    expect(run).toMatchObject({ code: 0, stdout: 'models.tar\n' });
    expect(run.stderr).toMatch(/^already there: 7 files/m);
  });

  test('is written anew with --force', async () => {
    await using bench = await open();
    const first = (await bench.run(['fetch', id, '-o', 'models.tar', '--json'])).json<FetchResult>();
    const again = (
      await bench.run(['fetch', id, '-o', 'models.tar', '--force', '--json'])
    ).json<FetchResult>();
    expect(again).toMatchObject({ skipped: false, sha256: first.sha256, transfer: { reused: 0 } });
    expect(again.transfer.downloaded).toBe(first.transfer.downloaded);
  });

  test('that holds another bundle is replaced', async () => {
    await using bench = await open();
    await bench.run(['fetch', 'acme/other', '-o', 'models.tar']);
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--json']);
    expect(run.json<FetchResult>()).toMatchObject({ skipped: false });
    expect(await filesIn(bench.folder.join('models.tar'))).toEqual(inBundle(kept));
    expect(await bench.folder.list()).toEqual(['models.tar']);
  });

  test('keeps its bundle when the one to replace it fails', async () => {
    await using bench = await open();
    await bench.run(['fetch', 'acme/other', '-o', 'models.tar']);
    const before = await sha256Of(bench.folder.join('models.tar'));
    bench.hub.fault({ origin: 'cdn', action: { kind: 'flip', at: 70_000 } });
    const run = await bench.run(['fetch', id, '-o', 'models.tar']);
    expect(run.code).toBe(7);
    expect(await sha256Of(bench.folder.join('models.tar'))).toBe(before);
    expect(await bench.folder.list()).toEqual(['models.tar']);
  });

  test.each([
    ['damaged', (path: string) => flipBit(path, 300_000)],
    ['damaged in its index', (path: string) => flipBit(path, 700)],
    ['cut off', async (path: string) => writeFile(path, (await readFile(path)).subarray(0, 200_000))],
  ])('that holds the same bundle, but %s, is fetched again', async (_, damage) => {
    await using bench = await open();
    const path = bench.folder.join('models.tar');
    await bench.run(['fetch', id, '-o', 'models.tar']);
    const right = await sha256Of(path);
    await damage(path);
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--json']);
    expect(run.json<FetchResult>()).toMatchObject({ skipped: false, sha256: right });
    expect(await sha256Of(path)).toBe(right);
    expect(await bench.folder.list()).toEqual(['models.tar']);
  });

  test.each([
    ['a text', () => 'my diary'],
    ['an empty file', () => ''],
    ['a tar that is no bundle', foreignTar],
  ])('that holds %s is refused without --force', async (_, made) => {
    await using bench = await open();
    const content = Buffer.from(await made());
    const path = await bench.folder.write('models.tar', content);
    const refused = await bench.run(['fetch', id, '-o', 'models.tar']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/models\.tar exists and is no bundle\nhint: .*--force/);
    expect(content.equals(await readFile(path))).toBe(true);
    expect(await bench.folder.list()).toEqual(['models.tar']);
    expect((await bench.run(['fetch', id, '-o', 'models.tar', '--force'])).code).toBe(0);
    expect((await bench.run(['verify', 'models.tar'])).code).toBe(0);
  });

  test('that is a folder, or in a folder that does not exist, is a slip of the user', async () => {
    await using bench = await open();
    await bench.folder.write('folder/file', '');
    const folder = await bench.run(['fetch', id, '-o', 'folder']);
    expect(folder).toMatchObject({ code: 2, stdout: '' });
    const missing = await bench.run(['fetch', id, '-o', 'no/models.tar']);
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toContain('hint: mkdir -p no\n');
    expect(await bench.folder.list()).toEqual(['folder']);
  });
});
