import type { Bundle } from '../bundle/bundle.ts';
import { checkOf } from '../bundle/check.ts';
import { FORMAT, type IndexModel } from '../bundle/contents.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { readBundle } from '../bundle/read.ts';
import { openDisk, type DiskFile } from '../disk.ts';

/** The document of `inspect --json`: the index, with the id and the number of files. Sizes are bytes. */
export interface InspectResult {
  readonly schema: 'modelpack.inspect/1';
  readonly location: string;
  readonly id: string;
  readonly format: typeof FORMAT;
  readonly size: number;
  readonly files: number;
  readonly models: readonly IndexModel[];
}

/** The document of `verify --json`. */
export interface VerifyResult {
  readonly schema: 'modelpack.verify/1';
  readonly location: string;
  readonly id: string;
  readonly size: number;
  readonly files: number;
  /** Of the whole bundle. */
  readonly sha256: string;
  readonly ok: true;
  readonly seconds: number;
}

/** Says what is in a bundle; reads its index alone. */
export async function inspectBundle(path: string): Promise<InspectResult> {
  await using disk = await openDisk(path);
  const { id, index, layout } = await bundleIn(disk);
  const { format, size, models } = index;
  return {
    schema: 'modelpack.inspect/1',
    location: path,
    id,
    format,
    size,
    files: layout.members.length - 1,
    models,
  };
}

/**
 * Recomputes every sha256 of a bundle and compares every other byte with the index.
 *
 * @throws ModelpackError `integrity` at the first thing that is wrong
 */
export async function verifyBundle(path: string, run: Run): Promise<VerifyResult> {
  const started = Date.now();
  await using disk = await openDisk(path);
  const bundle = await bundleIn(disk);
  const files = bundle.layout.members.length - 1;
  run.report({ type: 'transfer', verb: 'verify', to: path, total: bundle.size, reused: 0, files });
  const onFile = (member: { path: string }) => run.report({ type: 'file', path: member.path });
  const check = checkOf(bundle.layout, { where: path, onFile });
  for await (const chunk of bundle.open()) {
    run.signal.throwIfAborted();
    check.update(chunk);
    run.report({ type: 'bytes', count: chunk.length, from: 'disk' });
  }
  const sha256 = check.finish();
  const seconds = (Date.now() - started) / 1000;
  return {
    schema: 'modelpack.verify/1',
    location: path,
    id: bundle.id,
    size: bundle.size,
    files,
    sha256,
    ok: true,
    seconds,
  };
}

async function bundleIn(disk: DiskFile): Promise<Bundle> {
  const bundle = await readBundle(disk, disk.path);
  if (bundle !== undefined) return bundle;
  throw new ModelpackError('integrity', `${disk.path} is no bundle`, {
    hint: 'a bundle is made by: modelpack fetch <source...> -o <file>',
  });
}
