import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';

import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import yauzl, { type Entry } from 'yauzl';

import { modelpack, type RunOptions } from '../helpers/run.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import { modeOf } from '../helpers/tree.ts';

const root = new URL('../../', import.meta.url);
const source = await readFile(new URL('python/modelpack_runtime.py', root));
const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as { version: string };

async function openFolder() {
  const folder = await temporaryFolder();
  const run = (args: readonly string[], options: RunOptions = {}) =>
    modelpack(['runtime', ...args], { cwd: folder.path, ...options });
  return { folder, run, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The members of a zip as another reader than its writer sees them. */
async function membersOf(zip: Buffer): Promise<{ entry: Entry; data: Buffer }[]> {
  const members: { entry: Entry; data: Buffer }[] = [];
  const file = await yauzl.fromBufferPromise(zip);
  for await (const entry of file.eachEntry())
    members.push({ entry, data: await buffer(await file.openReadStreamPromise(entry)) });
  return members;
}

describe('modelpack runtime python', () => {
  it('writes the loader of this version beside the handler', async () => {
    await using bench = await openFolder();
    const outcome = await bench.run(['python']);
    expect(outcome).toMatchObject({ code: 0, stdout: 'modelpack_runtime.py\n' });
    expect(outcome.stderr).toContain('import modelpack_runtime as modelpack');
    expect(source.equals(await readFile(bench.folder.join('modelpack_runtime.py')))).toBe(true);
    expect(source.toString()).toContain(`\n__version__ = "${version}"\n`);
    expect(await bench.folder.list()).toEqual(['modelpack_runtime.py']);
  });

  it('says what it wrote as JSON', async () => {
    await using bench = await openFolder();
    const outcome = await bench.run(['python', '-o', 'own.py', '--json']);
    expect(outcome.json()).toEqual({
      schema: 'modelpack.runtime/1',
      kind: 'python',
      location: 'own.py',
      size: source.length,
      sha256: sha256(source),
      version,
      written: true,
    });
  });

  it('leaves the very same file alone, and replaces another one only with --force', async () => {
    await using bench = await openFolder();
    await bench.run(['python']);
    const again = await bench.run(['python', '--json']);
    expect(again.json()).toMatchObject({ written: false });
    const path = await bench.folder.write('modelpack_runtime.py', '# my own\n');
    expect(await bench.run(['python'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'modelpack: modelpack_runtime.py exists and is another file\nhint: choose another name with -o, or replace it with --force\n',
    });
    expect(await readFile(path, 'utf8')).toBe('# my own\n');
    expect(await bench.run(['python', '--force'])).toMatchObject({ code: 0 });
    expect(source.equals(await readFile(path))).toBe(true);
  });

  it('writes into a folder, which has to be there', async () => {
    await using bench = await openFolder();
    await bench.folder.write('src/handler.py', '');
    expect((await bench.run(['python', '-o', 'src'])).stdout).toBe('src/modelpack_runtime.py\n');
    expect(await bench.run(['python', '-o', 'nobody/'])).toMatchObject({
      code: 2,
      stderr: 'modelpack: nobody/modelpack_runtime.py: its folder does not exist\nhint: mkdir -p nobody\n',
    });
  });

  it('writes to standard output, and nothing else there', async () => {
    await using bench = await openFolder();
    expect(await bench.run(['python', '-o', '-'])).toMatchObject({
      code: 0,
      stdout: source.toString(),
      stderr: '',
    });
    const both = await bench.run(['python', '-o', '-', '--json']);
    expect(both.code).toBe(2);
    expect(both.json()).toMatchObject({ error: { code: 'usage' } });
    expect(await bench.folder.list()).toEqual([]);
  });
});

describe('modelpack runtime layer', () => {
  it('writes a zip that Lambda unpacks to where Python looks, for everybody to read', async () => {
    await using bench = await openFolder();
    const outcome = await bench.run(['layer']);
    expect(outcome).toMatchObject({ code: 0, stdout: 'modelpack-runtime-layer.zip\n' });
    expect(outcome.stderr).toContain('--zip-file fileb://modelpack-runtime-layer.zip');
    const zip = await readFile(bench.folder.join('modelpack-runtime-layer.zip'));
    const [member, ...more] = await membersOf(zip);
    expect(more).toEqual([]);
    expect(member!.entry.fileName).toBe('python/modelpack_runtime.py');
    expect((member!.entry.externalFileAttributes >>> 16).toString(8)).toBe('100644');
    expect(source.equals(member!.data)).toBe(true);
    expect(Object.keys(unzipSync(zip))).toEqual(['python/modelpack_runtime.py']);
    expect((await modeOf(bench.folder.join('modelpack-runtime-layer.zip'))) & 0o111).toBe(0);
  });

  it('is the same bytes at any time and in any zone', async () => {
    await using bench = await openFolder();
    const hashes = await Promise.all(
      ['UTC', 'Asia/Kolkata', 'America/St_Johns', 'Pacific/Kiritimati'].map(async (TZ, i) => {
        const outcome = await bench.run(['layer', '-o', `${i}.zip`, '--json'], { env: { TZ } });
        return outcome.json<{ sha256: string }>().sha256;
      }),
    );
    expect(new Set(hashes).size).toBe(1);
    expect(sha256(await readFile(bench.folder.join('0.zip')))).toBe(hashes[0]);
  });
});

it('is one of the two', async () => {
  await using bench = await openFolder();
  const outcome = await bench.run(['ruby']);
  expect(outcome.code).toBe(2);
  expect(outcome.stderr).toContain('Allowed choices are python, layer');
});
