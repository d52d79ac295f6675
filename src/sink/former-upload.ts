import { messageOf } from '../errors.ts';
import type { Target } from '../s3/stored.ts';
import { abortUpload } from '../s3/uploads.ts';
import { formatS3Url } from '../s3/url.ts';
import { removeUnanswered } from './s3-resume.ts';
import { hasUploadJournal, uploadJournal } from './upload-journal.ts';

const ABORT_SECONDS = 10;

/**
 * Removes what this machine noted that a broken run left of an upload: the object is there, or comes to be without one.
 *
 * @param folder for all journals; undefined for none
 */
export async function removeFormerUpload(
  target: Pick<Target, 'client' | 'url' | 'run'>,
  folder: string | undefined,
): Promise<void> {
  if (!(await hasUploadJournal(folder, target))) return;
  const { client, url, run } = target;
  const journal = await uploadJournal(folder, target);
  const signal = AbortSignal.any([run.signal, AbortSignal.timeout(ABORT_SECONDS * 1000)]);
  const limited = { ...run, signal };
  try {
    const { uploadId, begun } = journal.former ?? {};
    if (uploadId !== undefined) await abortUpload(client, { url, uploadId }, limited);
    else if (begun !== undefined) await removeUnanswered({ client, url, run: limited }, begun);
    await journal.remove();
  } catch (error) {
    await journal.close();
    run.signal.throwIfAborted();
    const text = `what an earlier run left of ${formatS3Url(url)} could not be removed (${messageOf(error)}); it is billed until it is`;
    run.report({ type: 'note', text });
  }
}
