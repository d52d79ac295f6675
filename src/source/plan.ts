import { createHash } from 'node:crypto';

import { bundleOf, type Bundle, type Former, type ReadMember } from '../bundle/bundle.ts';
import { layOut, type LayoutModel, type Member } from '../bundle/layout.ts';
import { MiB, type Content } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import type { Report, Run } from '../events.ts';
import { together } from '../together.ts';
import { digest, digestFormer, isRecognisable } from './digest.ts';
import { keeper, type Kept } from './keep.ts';
import type { Model, ModelFile } from './source.ts';

/** A bundle that is only planned: its bytes come from the models' sources when they are read. */
export interface Plan extends AsyncDisposable {
  readonly bundle: Bundle;
  /** False when a hash is missing: sizes and offsets are right, and the bundle's id is not. */
  readonly complete: boolean;
  /** The same, to look into before the transfer: what this machine has counts then, not now. */
  readonly ahead: Bundle;
  /** The git blob sha1 that a file must have too, where its source knows it. */
  blobSha1(member: Member): string | undefined;
}

export interface PlanOptions {
  /** What the destination holds: files of it are used instead of read, where a hash can tell that they are the same. */
  readonly former?: Former | undefined;
  /** Leave the hashes of large remote files unknown rather than download them. */
  readonly onlyLook?: boolean | undefined;
  /** A folder for remote files that were downloaded for their hash. Without one, large ones are downloaded again. */
  readonly temporary?: string | undefined;
  readonly run: Run;
}

/** Read at once for their hash. Most are a few KB, so it is latency that counts. */
const READS = 16;
/** The Hub's limit for files in git: what is not larger is read for a plan. */
const SMALL = 10 * MiB;

/**
 * Plans the bundle of `models`. Files whose sha256 the source does not give in advance (the Hub knows only the
 * git hash of small ones) are read now, so that the index is complete; everything else stays where it is.
 *
 * @throws ModelpackError `integrity` when a file is not what its source said
 */
export async function plan(models: readonly Model[], options: PlanOptions): Promise<Plan> {
  const { former, onlyLook = false, temporary, run } = options;
  const kept = new Map<ModelFile, Kept>();
  const hashes = new Map<ModelFile, string>();
  const keeping = keeper(temporary);
  const unknown = models.flatMap((model) =>
    model.files.filter(({ sha256 }) => sha256 === undefined).map((file) => ({ model, file })),
  );
  const wanted = unknown
    .filter(({ file }) => !onlyLook || file.remote !== true || file.size <= SMALL)
    .toSorted((a, b) => a.file.size - b.file.size); // the small ones are kept first

  async function learn(model: Model, file: ModelFile, current: Run): Promise<void> {
    const place = await keeping.place(file.size, file.remote === true && !onlyLook);
    // What is read again for the transfer counts then.
    const reading = place === undefined ? { ...current, report: quietHere(run.report) } : current;
    const content: Content = {
      size: file.size,
      read: (into, start) => model.read(file, into, start, reading),
    };
    const found = (await digestFormer(model, file, former, place)) ?? (await digest(content, file, place));
    if (found.wrong !== undefined) throw otherFile(`${model.name}/${file.path}`, found.wrong);
    hashes.set(file, found.sha256);
    if (found.kept !== undefined) kept.set(file, found.kept);
    run.report({ type: 'preparing', done: hashes.size, total: wanted.length });
    if (file.remote === true && !isRecognisable(file)) {
      const why = 'was downloaded first, because nothing gave its sha256';
      run.report({ type: 'note', text: `${model.name}/${file.path} ${why}; it is ${found.sha256}` });
    }
  }

  function readerFor(reading: Run): ReadMember {
    return async (member, into, start, signal = reading.signal) => {
      const model = models[member.model]!;
      const file = model.files[member.file]!;
      const here = kept.get(file);
      if (here === undefined) return model.read(file, into, start, { ...reading, signal });
      await here.read(into, start);
      reading.report({ type: 'bytes', count: into.length, from: 'kept' });
    };
  }

  try {
    if (wanted.length > 0) run.report({ type: 'preparing', done: 0, total: wanted.length });
    await together(
      run,
      wanted.map(
        ({ model, file }) =>
          (current) =>
            learn(model, file, current),
      ),
      READS,
    );
    const layout = await layOut(models.map((model) => complete(model, hashes)));
    return {
      bundle: bundleOf(layout, readerFor(run)),
      ahead: bundleOf(layout, readerFor({ ...run, report: quietHere(run.report) })),
      complete: hashes.size === unknown.length,
      blobSha1: (member) => models[member.model]!.files[member.file]!.blobSha1,
      [Symbol.asyncDispose]: () => keeping[Symbol.asyncDispose](),
    };
  } catch (error) {
    await keeping[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Models as they would be laid out, without reading a file: offsets and sizes are right, since hashes are all of one
 * length, but hashes that only reading would tell are not.
 */
export function plannedModels(models: readonly Model[]): LayoutModel[] {
  return models.map((model) => complete(model, new Map()));
}

/**
 * What was asked for, as one hash: the models at their revisions and their files by the hashes that the sources give.
 * The same request always gives the same bundle.
 *
 * @param also what else decides whether the bundle may be used
 * @returns undefined when a source does not fix its files in advance
 */
export function requestOf(models: readonly Model[], also: readonly string[] = []): string | undefined {
  const described = models.map(({ name, source, revision, ref, license, files }) => ({
    name,
    source,
    revision,
    ref,
    license,
    files: files.map(({ path, size, sha256, blobSha1, md5 }) => ({
      path,
      size,
      hash: sha256 ?? blobSha1 ?? md5,
    })),
  }));
  if (described.some(({ files }) => files.some(({ hash }) => hash === undefined))) return undefined;
  const inOrder = described
    .map((model) =>
      JSON.stringify({ ...model, files: model.files.toSorted((a, b) => (a.path < b.path ? -1 : 1)) }),
    )
    .toSorted();
  return createHash('sha256')
    .update([...inOrder, ...also].join('\n'))
    .digest('hex');
}

/** Stands in a plan for a hash that only reading would tell. */
export const UNKNOWN_HASH = '0'.repeat(64);

function complete(model: Model, hashes: ReadonlyMap<ModelFile, string>): LayoutModel {
  const { name, source, revision, ref, license, files } = model;
  return {
    name,
    source,
    revision,
    ref,
    license,
    files: files.map((file) => ({ ...file, sha256: file.sha256 ?? hashes.get(file) ?? UNKNOWN_HASH })),
  };
}

function quietHere(report: Report): Report {
  return (event) => {
    if (event.type !== 'bytes' || event.from === 'network') report(event);
  };
}

function otherFile(path: string, wrong: string): ModelpackError {
  return new ModelpackError('integrity', `${path} has ${wrong}`, {
    hint: 'it was damaged on its way, or replaced where it comes from; nothing of it was kept',
  });
}
