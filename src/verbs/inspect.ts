import { checkOf } from '../bundle/check.ts';
import type { FORMAT, IndexFile, IndexModel } from '../bundle/contents.ts';
import { requireBundle } from '../bundle/read.ts';
import { MiB, type Stored } from '../bytes.ts';
import type { Run } from '../events.ts';
import type { Part } from '../parts.ts';
import { nowhere } from '../sink/sink.ts';
import { transfer } from '../transfer.ts';
import type { Pickled } from '../weights/file.ts';
import { picklesIn } from '../weights/pickles.ts';

export interface InspectedFile extends IndexFile {
  /** Of a file that is unpickled when it is loaded. */
  readonly pickle?: Pickled;
}

export interface InspectedModel extends IndexModel {
  readonly files: readonly InspectedFile[];
}

/** The document of `inspect --json`: the index, with the id, the number of files and the pickles. Sizes are bytes. */
export interface InspectResult {
  readonly schema: 'modelpack.inspect/1';
  readonly location: string;
  readonly id: string;
  readonly format: typeof FORMAT;
  readonly size: number;
  readonly files: number;
  readonly models: readonly InspectedModel[];
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

export interface InspectOptions {
  /** Look into the files that may be pickles; otherwise the index alone is read. */
  readonly pickles: boolean;
  readonly run: Run;
}

/** Says what is in a bundle, and what its pickles import. */
export async function inspectBundle(stored: Stored, options: InspectOptions): Promise<InspectResult> {
  const bundle = await requireBundle(stored, stored.location);
  const { id, index, layout } = bundle;
  const { format, size, models } = index;
  const found = options.pickles ? await picklesIn(bundle, options.run) : [];
  const pickles = new Map(found.map(({ path, ...pickle }) => [path, pickle]));
  function inspected(model: IndexModel): InspectedModel {
    const files = model.files.map((file) => {
      const pickle = pickles.get(`${model.name}/${file.path}`);
      return pickle === undefined ? file : { ...file, pickle };
    });
    return { ...model, files };
  }
  return {
    schema: 'modelpack.inspect/1',
    location: stored.location,
    id,
    format,
    size,
    files: layout.members.length - 1,
    models: models.map(inspected),
  };
}

/** Parts read at once, and their size in bytes: enough for S3, and little memory. */
const VERIFY = { jobs: 4, partSize: 8 * MiB } as const;

/**
 * Recomputes every sha256 of a bundle and compares every other byte with the index.
 *
 * @throws ModelpackError `integrity` at the first thing that is wrong
 */
export async function verifyBundle(stored: Stored, run: Run): Promise<VerifyResult> {
  const started = Date.now();
  const { location } = stored;
  const { id, size, layout } = await requireBundle(stored, location);
  const files = layout.members.length - 1;
  run.report({ type: 'transfer', verb: 'verify', to: location, total: size, reused: 0, files });
  const onFile = (member: { path: string }) => run.report({ type: 'file', path: member.path });
  const onWritten = ({ start, end }: Part) => run.report({ type: 'bytes', count: end - start, from: 'disk' });
  const check = checkOf(layout, { where: location, onFile, digest: true });
  const sha256 = await transfer(stored, nowhere, { ...VERIFY, check, onWritten, run });
  const seconds = (Date.now() - started) / 1000;
  return { schema: 'modelpack.verify/1', location, id, size, files, sha256: sha256!, ok: true, seconds };
}
