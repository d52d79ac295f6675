import { describe, expect, it } from 'vitest';

import { keeper } from '../../src/source/keep.ts';
import { temporaryFolder } from '../helpers/tmp.ts';

const MiB = 1024 ** 2;

describe('what was read for its hash', () => {
  it('is kept in memory up to 32 MiB in all', async () => {
    await using keeping = keeper(undefined);
    const kept = await keeping.place(30 * MiB, true);
    await kept?.write(Buffer.from('abc'), 1000);
    const into = Buffer.alloc(2);
    await kept?.read(into, 1001);
    expect(into.toString()).toBe('bc');
    expect((await keeping.place(2 * MiB, true))?.memory?.length).toBe(2 * MiB);
    expect(await keeping.place(1, true)).toBeUndefined();
  });

  it('is then kept in a file that has no name', async () => {
    await using folder = await temporaryFolder();
    await using keeping = keeper(folder.path);
    const [one, other] = [await keeping.place(40 * MiB, true), await keeping.place(40 * MiB, true)];
    await one?.write(Buffer.from('one'), 39 * MiB);
    await other?.write(Buffer.from('other'), 39 * MiB);
    const into = Buffer.alloc(3);
    await one?.read(into, 39 * MiB);
    expect(into.toString()).toBe('one');
    await other?.read(into, 39 * MiB + 2);
    expect(into.toString()).toBe('her');
    expect(await folder.list()).toEqual([]);
  });

  it('is not kept where there is no room, no folder, or no need: a local file is read again', async () => {
    await using folder = await temporaryFolder();
    await using here = keeper(folder.path);
    expect(await here.place(2 ** 52, true)).toBeUndefined();
    expect(await here.place(40 * MiB, false)).toBeUndefined();
    await using nowhere = keeper(folder.join('not', 'there'));
    expect(await nowhere.place(40 * MiB, true)).toBeUndefined();
  });
});
