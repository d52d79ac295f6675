import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { folder } from '../../src/source/folder.ts';
import { automatic } from '../../src/source/sources.ts';
import { temporaryFolder } from '../helpers/tmp.ts';

const run = { signal: new AbortController().signal, report: () => {} };
const resolve = (path: string) => folder.resolve(path, automatic, run);

async function made() {
  const at = await temporaryFolder();
  await mkdir(join(at.path, 'model', 'sub'), { recursive: true });
  await writeFile(join(at.path, 'model', 'sub', 'b.bin'), 'bb');
  await writeFile(join(at.path, 'model', 'a.json'), '{}');
  await writeFile(join(at.path, 'outside'), 'secret');
  return at;
}

describe('a folder as a source', () => {
  it('is all of its files, below its own name', async () => {
    await using at = await made();
    const model = await resolve(join(at.path, 'model'));
    expect(model).toMatchObject({
      name: 'model',
      source: './model',
      files: [
        { path: 'a.json', size: 2 },
        { path: 'sub/b.bin', size: 2 },
      ],
    });
  });

  it('follows a link to a file inside it', async () => {
    await using at = await made();
    await symlink('sub/b.bin', join(at.path, 'model', 'c.bin'));
    const model = await resolve(join(at.path, 'model'));
    const into = Buffer.alloc(2);
    await model.read(
      model.files.find(({ path }) => path === 'c.bin')!,
      into,
      0,
      run,
    );
    expect(into.toString()).toBe('bb');
  });

  it.each([
    ['out of it', '../outside'],
    ['to nothing', 'gone'],
    ['to a folder', 'sub'],
  ])('refuses a link %s rather than leave something out', async (_, target) => {
    await using at = await made();
    await symlink(target, join(at.path, 'model', 'link'));
    await expect(resolve(join(at.path, 'model'))).rejects.toMatchObject({ code: 'usage' });
  });

  it('may be a single file', async () => {
    await using at = await made();
    const model = await resolve(join(at.path, 'outside'));
    expect(model).toMatchObject({ name: 'outside', files: [{ path: 'outside', size: 6 }] });
  });

  it('notices a file that changes while it is read', async () => {
    await using at = await made();
    const model = await resolve(join(at.path, 'model'));
    await writeFile(join(at.path, 'model', 'a.json'), '{"longer":1}');
    await expect(model.read(model.files[0]!, Buffer.alloc(2), 0, run)).rejects.toMatchObject({
      code: 'integrity',
    });
  });
});
