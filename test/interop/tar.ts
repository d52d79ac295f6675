import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { sha256Of, type Bench } from './bench.ts';
import { fetchInto, type Made } from './bundle.ts';

/** Long names, names in several scripts, names for URLs to break, and empty files. */
const models = ['acme/odd', 'acme/tiny-bert'] as const;

export async function gnuTar(bench: Bench): Promise<string> {
  return extracts(bench, 'tar', {
    list: (file) => ['--quoting-style=literal', '-tf', file],
    extract: (file, folder) => ['-xf', file, '-C', folder],
  });
}

export async function bsdtar(bench: Bench): Promise<string> {
  return extracts(bench, 'bsdtar', {
    list: (file) => ['-tf', file],
    extract: (file, folder) => ['-xf', file, '-C', folder],
    // libarchive composes names on reading: `e` and an accent become `é`.
    name: (path) => path.normalize('NFC'),
  });
}

export async function tarfile(bench: Bench): Promise<string> {
  return extracts(bench, undefined, {
    list: (file) => ['-m', 'tarfile', '-l', file],
    extract: (file, folder) => ['-m', 'tarfile', '-e', file, folder],
  });
}

interface Reader {
  list(file: string): readonly string[];
  extract(file: string, folder: string): readonly string[];
  /** What it makes of a path. */
  name?(path: string): string;
}

/** `program` lists what the index says, in its order, and extracts nothing else, each file with its sha256. */
async function extracts(bench: Bench, program: string | undefined, reader: Reader): Promise<string> {
  const run = (args: readonly string[]) =>
    program === undefined ? bench.python(args) : bench.run(program, args);
  const made = await fetchInto(bench, 'made', ...models);
  const files = made.files.map((file) => ({ ...file, path: reader.name?.(file.path) ?? file.path }));
  const names = ['modelpack.json', ...files.map(({ path }) => path)];

  // Python's list ends every line with a space.
  const listed = (await run(reader.list(made.path))).split(/ ?\n/).slice(0, -1);
  assert.deepEqual(listed, names, 'lists other names than the index');

  const folder = await bench.path('extracted');
  await mkdir(folder);
  await run(reader.extract(made.path, folder));
  assert.deepEqual(
    (await filesUnder(folder)).toSorted(),
    names.toSorted(),
    'extracts other files than the index',
  );
  for (const { path, size, sha256 } of files) {
    const file = join(folder, path);
    assert.equal((await stat(file)).size, size, `${path} has another size`);
    assert.equal(await sha256Of(file), sha256, `${path} has another sha256`);
  }
  return `${files.length} files listed and extracted, each with the sha256 of the index`;
}

export async function offsets(bench: Bench): Promise<string> {
  const made = await fetchInto(bench, 'made', ...models);
  for (const { path, offset, size, sha256 } of made.files) {
    const bytes = made.bytes.subarray(offset, offset + size);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256, `${path} is not at its offset`);
  }
  checkAgainstHub(bench, made);
  return `${made.files.length} files stand where the index says, with the bytes the Hub has`;
}

/** The index must not only agree with the tar. */
function checkAgainstHub({ hub }: Bench, { bytes, files }: Made): void {
  const onHub = models.flatMap((id) => hub.files(id).map((file) => ({ path: `${id}/${file.path}`, file })));
  assert.deepEqual(files.map(({ path }) => path).toSorted(), onHub.map(({ path }) => path).toSorted());
  for (const { path, file } of onHub) {
    const { offset, size } = files.find((each) => each.path === path)!;
    assert.ok(file.bytes().equals(bytes.subarray(offset, offset + size)), `${path} differs from the Hub`);
  }
}

export async function reproducible(bench: Bench): Promise<string> {
  const [one, other] = [
    await fetchInto(bench, 'one', ...models),
    await fetchInto(bench, 'other', ...models.toReversed()),
  ];
  assert.ok(one.bytes.equals(other.bytes), 'two fetches of the same models differ');
  return `two fetches, their sources in another order: ${one.bytes.length} equal bytes`;
}

export async function readBundle(bench: Bench): Promise<string> {
  const { path } = await fetchInto(bench, 'made', ...models);
  return (await bench.python(['read_bundle.py', path])).trim();
}

export async function safetensors(bench: Bench): Promise<string> {
  const { path } = await fetchInto(bench, 'made', ...models);
  return (await bench.python(['tensors.py', path])).trim();
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
}
