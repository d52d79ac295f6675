import { messageOf, ModelpackError } from '../errors.ts';
import { describeAttributes, keepsAttributes } from '../s3/attributes.ts';
import { beginMultipart, multipart, type Multipart } from '../s3/multipart.ts';
import { nameBehind } from '../s3/object.ts';
import { compare, differs, type Compared, type Target } from '../s3/stored.ts';
import { abortUpload } from '../s3/uploads.ts';
import { formatS3Url } from '../s3/url.ts';
import { formatCount, formatSize } from '../size.ts';
import { heedAbandonment } from './abandon.ts';
import type { S3Writer, S3Writing } from './s3.ts';
import { provenParts, sameAs } from './s3-parts.ts';
import { removeUnanswered, resumable } from './s3-resume.ts';
import { StartOver } from './sink.ts';
import { uploadJournal, type UploadHead, type UploadJournal } from './upload-journal.ts';

const ABORT_SECONDS = 10;

/**
 * Writes an object by a multipart upload, parts in any order, and goes on with one that an earlier run left. The
 * object appears whole or not at all, and is compared with what was sent before this says that it is there.
 */
export async function multipartWriter(target: Target, writing: S3Writing): Promise<S3Writer> {
  const journal = await uploadJournal(writing.stateFolder, target);
  try {
    return await openWriter(target, writing, journal);
  } catch (error) {
    await journal.close();
    throw error;
  }
}

async function openWriter(target: Target, writing: S3Writing, journal: UploadJournal): Promise<S3Writer> {
  const { client, url, attributes, run } = target;
  const { content, id, partSize, fresh, force, fixed } = writing;
  const where = formatS3Url(url);

  const head = { id, partSize, attributes: describeAttributes(attributes), begun: Date.now() };
  const { former } = journal;
  const { best: resumed, notes } = fresh
    ? { best: undefined, notes: [] }
    : await resumable(target, { ...head, content, force }, former);
  const noted = fixed && resumed?.recorded === true ? resumed.stored : new Map<never, never>();
  const proven = provenParts(noted, former, partSize);
  const upload =
    resumed === undefined
      ? await begin(target, journal, head)
      : multipart(target, resumed.uploadId, resumed.checksums);
  const { uploadId } = upload;
  for (const text of notes) run.report({ type: 'note', text });
  // Of one that was begun elsewhere the next run must not believe that it has our attributes.
  const attributesHere = resumed?.attributesKnown === false ? undefined : head.attributes;
  await journal.begin({ ...head, uploadId, attributes: attributesHere }, proven.parts, proven.from);

  const sent = new Map(proven.parts.map((part) => [part.number, part]));
  let reused = sent.size;
  let compared: Compared | undefined;
  const abandonment = heedAbandonment(run);

  /** Bytes of each part that S3 has, by number: a run that ends early has not come to compare all of them. */
  function sizes(): ReadonlyMap<number, number> {
    const found = [...(resumed?.stored.values() ?? [])].map(({ number, size }) => [number, size] as const);
    return new Map([...found, ...[...sent.values()].map(({ number, length }) => [number, length] as const)]);
  }

  async function discard(): Promise<void> {
    // Its own time: the run's signal may be what brought us here.
    abandonment.release();
    const signal = AbortSignal.timeout(ABORT_SECONDS * 1000);
    try {
      await abortUpload(client, { url, uploadId }, { ...run, signal });
      await journal.remove();
    } catch (error) {
      await journal.close();
      const text = `the unfinished upload ${uploadId} of ${where} could not be removed (${messageOf(error)}); it is billed until it is`;
      run.report({ type: 'note', text });
    }
  }

  return {
    from: proven.from,
    reused: proven.from,
    has: () => false,
    readBack: () => Promise.reject(new Error('nothing of an upload is read back')),
    async write({ number }, bytes, signal) {
      const there = sameAs(resumed?.stored.get(number), bytes);
      if (there !== undefined) reused++;
      const part = there ?? (await upload.send(number, bytes, signal).catch(startOver));
      sent.set(number, part);
      journal.sent(part);
    },
    checked: (position) => journal.checked(position),
    async finish() {
      const parts = [...sent.values()].toSorted((a, b) => a.number - b.number);
      const made = await upload.complete(parts).catch((error: unknown) => {
        // Of what an earlier run left nothing is sure: what S3 does not take now, it would not take the next time.
        const doubtful =
          error instanceof ModelpackError && ['unknown', 'usage', 'integrity'].includes(error.code);
        if (reused > 0 && doubtful) throw new StartOver(error.message, { cause: error });
        return startOver(error);
      });
      compared = await compare(target, parts, made);
      if (compared === undefined) throw differs(url);
      if (resumed?.attributesKnown === false && !keepsAttributes(compared.head, attributes)) {
        throw new StartOver(`the upload to ${where} was begun elsewhere with other metadata`);
      }
      abandonment.release();
      await journal.remove();
      if (reused === 0) return;
      const text = `in S3 already: ${formatCount(reused, 'part')} of ${formatCount(sent.size)}`;
      run.report({ type: 'note', text });
    },
    stored() {
      const { etag, versionId, checksum } = compared!;
      return { etag, versionId, checksum, parts: { total: sent.size, sent: sent.size - reused, reused } };
    },
    async keep() {
      const there = [...sizes().values()];
      if (force || there.length === 0) return discard();
      const size = there.reduce((sum, length) => sum + length, 0);
      const left = `left in S3 for the next run: ${formatCount(there.length, 'part')}, ${formatSize(size)}`;
      const now = run.signal.aborted ? 'Ctrl-C again, or later ' : '';
      run.report({ type: 'note', text: `${left}; to remove them: ${now}modelpack uploads ${where} --abort` });
      if (await abandonment.isWanted()) return discard();
      abandonment.release();
      await journal.close();
    },
    discard,
  };
}

/** Begins an upload, which is ours even if S3 made it and its answer is lost: the next run knows it by the journal. */
async function begin(
  target: Target,
  journal: UploadJournal,
  head: Omit<UploadHead, 'uploadId'>,
): Promise<Multipart> {
  await journal.begin({ ...head, uploadId: undefined }, [], 0);
  try {
    const { upload, repeated } = await beginMultipart(target);
    if (repeated) await removeUnanswered(target, head.begun, upload.uploadId);
    return upload;
  } catch (error) {
    const refused = error instanceof ModelpackError && !['network', 'interrupted'].includes(error.code);
    if (refused) await journal.remove();
    throw error;
  }
}

/**
 * An upload that a clean-up or a lifecycle rule removed, that lost a race, or of which a part is not what S3 said, has
 * to be made anew.
 */
function startOver(error: unknown): never {
  const again = ['NoSuchUpload', 'InvalidPart', 'ConditionalRequestConflict'].includes(nameBehind(error));
  throw again ? new StartOver((error as Error).message, { cause: error }) : error;
}
