import { once } from 'node:events';
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { ModelpackError } from '../../src/errors.ts';
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
    ['out of it', '../outside', /link is a link that leads out of .*model, to .*outside$/],
    ['to nothing', 'gone', /link is a link to nothing$/],
    ['to a folder', 'sub', /link is a link to a folder$/],
  ])('refuses a link %s rather than leave something out', async (_, target, message) => {
    await using at = await made();
    await symlink(target, join(at.path, 'model', 'link'));
    await expect(resolve(join(at.path, 'model'))).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    });
  });

  it('refuses what is no regular file, such as a socket', async () => {
    await using at = await made();
    const server = createServer().listen(join(at.path, 'model', 'socket'));
    await once(server, 'listening');
    await expect(resolve(join(at.path, 'model'))).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/socket is no regular file$/),
    });
    server.close();
  });

  it('may be a single file', async () => {
    await using at = await made();
    const model = await resolve(join(at.path, 'outside'));
    expect(model).toMatchObject({ name: 'outside', files: [{ path: 'outside', size: 6 }] });
  });

  it.each([
    ['grows', (path: string) => writeFile(path, '{"longer":1}')],
    ['is written again', (path: string) => writeFile(path, '[]').then(() => utimes(path, 1, 1))],
    ['is replaced', (path: string) => writeFile(`${path}.new`, '{}').then(() => rename(`${path}.new`, path))],
    ['is removed', (path: string) => rm(path)],
  ])('notices a file that %s before it is read', async (_, change) => {
    await using at = await made();
    const model = await resolve(join(at.path, 'model'));
    await change(join(at.path, 'model', 'a.json'));
    const read = model.read(model.files[0]!, Buffer.alloc(2), 0, run);
    await expect(read).rejects.toBeInstanceOf(ModelpackError);
    await expect(read).rejects.toMatchObject({ message: expect.stringMatching(/a\.json/) });
  });
});
