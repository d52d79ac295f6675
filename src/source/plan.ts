import { createHash } from 'node:crypto';

import pLimit from 'p-limit';

import { bundleOf, type Bundle, type Former } from '../bundle/bundle.ts';
import type { Index } from '../bundle/contents.ts';
import { layOut, type LayoutModel, type Member } from '../bundle/layout.ts';
import { MiB, open, type Content } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import type { Report, Run } from '../events.ts';
import type { Model, ModelFile } from './source.ts';

/** A bundle that is only planned: its bytes come from the models' sources when they are read. */
export interface Plan {
  readonly bundle: Bundle;
  /** The git blob sha1 that a file must have too, where its source knows it. */
  blobSha1(member: Member): string | undefined;
}

/** Files that had to be read to know their hash are kept for the transfer, up to this many bytes in all. */
const KEPT = 32 * MiB;
/** Read at once for their hash. Most are a few KB, so it is latency that counts. */
const READS = 16;

/**
 * Plans the bundle of `models`. Files whose sha256 the source does not give in advance (the Hub knows only the
 * git hash of small ones) are read now, so that the index is complete; everything else stays where it is.
 *
 * @throws ModelpackError `integrity` when a file is not what its source said
 */
export async function plan(models: readonly Model[], run: Run, former?: Former): Promise<Plan> {
  const kept = new Map<ModelFile, Buffer>();
  let room = KEPT;
  const unknown = models.flatMap((model) =>
    model.files.filter((file) => file.sha256 === undefined).map((file) => ({ model, file })),
  );
  const hashes = new Map<ModelFile, string>();
  const limit = pLimit(READS);

  async function learn(model: Model, file: ModelFile): Promise<void> {
    const keep = file.size <= room;
    if (keep) room -= file.size;
    // What is read again for the transfer counts then.
    const reading = keep ? run : { ...run, report: quietOnDisk(run.report) };
    for (const content of contentsOf(model, file, former, reading)) {
      const digested = await digest(content, keep).catch((error: unknown) => {
        if (content.former) return undefined; // damaged: the source has it
        throw error;
      });
      if (digested === undefined) continue;
      const { bytes, sha256, blobSha1 } = digested;
      if (file.blobSha1 !== undefined && blobSha1 !== file.blobSha1) {
        if (content.former) continue;
        throw new ModelpackError(
          'integrity',
          `${model.name}/${file.path} has git blob sha1 ${blobSha1}, expected ${file.blobSha1}`,
        );
      }
      hashes.set(file, sha256);
      if (bytes !== undefined) kept.set(file, bytes);
      run.report({ type: 'preparing', done: hashes.size, total: unknown.length });
      return;
    }
  }

  await Promise.all(unknown.map(({ model, file }) => limit(() => learn(model, file))));
  const layout = await layOut(models.map((model) => complete(model, hashes)));

  async function readMember(
    member: Member,
    into: Uint8Array,
    start: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const model = models[member.model]!;
    const file = model.files[member.file]!;
    const bytes = kept.get(file);
    if (bytes === undefined) return model.read(file, into, start, { ...run, signal: signal ?? run.signal });
    into.set(bytes.subarray(start, start + into.length));
  }

  return {
    bundle: bundleOf(layout, readMember),
    blobSha1: (member) => models[member.model]!.files[member.file]!.blobSha1,
  };
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
 * @returns undefined when a source does not fix its files in advance
 */
export function requestOf(models: readonly Model[]): string | undefined {
  const described = models.map(({ name, source, revision, ref, license, files }) => ({
    name,
    source,
    revision,
    ref,
    license,
    files: files.map(({ path, size, sha256, blobSha1 }) => ({ path, size, hash: sha256 ?? blobSha1 })),
  }));
  if (described.some(({ files }) => files.some(({ hash }) => hash === undefined))) return undefined;
  const inOrder = described
    .map((model) =>
      JSON.stringify({ ...model, files: model.files.toSorted((a, b) => (a.path < b.path ? -1 : 1)) }),
    )
    .toSorted();
  return createHash('sha256').update(inOrder.join('\n')).digest('hex');
}

const UNKNOWN_HASH = '0'.repeat(64);

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

function quietOnDisk(report: Report): Report {
  return (event) => {
    if (event.type !== 'bytes' || event.from !== 'disk') report(event);
  };
}

/** Where a file's bytes may be had: the former bundle if it held the same file, then the source itself. */
function* contentsOf(model: Model, file: ModelFile, former: Former | undefined, run: Run) {
  const offset = file.blobSha1 === undefined ? undefined : former && offsetIn(former.index, model, file);
  if (former !== undefined && offset !== undefined) {
    const read = async (into: Uint8Array, start: number) => {
      await former.content.read(into, offset + start);
    };
    yield { size: file.size, read, former: true };
  }
  yield {
    size: file.size,
    read: (into: Uint8Array, start: number) => model.read(file, into, start, run),
    former: false,
  };
}

function offsetIn(index: Index, { source, revision }: Model, { path, size }: ModelFile): number | undefined {
  const model = index.models.find((each) => each.source === source && each.revision === revision);
  return model?.files.find((each) => each.path === path && each.size === size)?.offset;
}

async function digest(content: Content, keep: boolean) {
  const sha256 = createHash('sha256');
  const sha1 = createHash('sha1').update(`blob ${content.size}\0`);
  const bytes = keep ? Buffer.allocUnsafeSlow(content.size) : undefined;
  if (bytes !== undefined) await content.read(bytes, 0);
  for await (const chunk of bytes === undefined ? open(content) : [bytes]) {
    sha256.update(chunk);
    sha1.update(chunk);
  }
  return { bytes, sha256: sha256.digest('hex'), blobSha1: sha1.digest('hex') };
}
