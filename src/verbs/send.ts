import type { Check } from '../bundle/check.ts';
import type { Content } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import type { Part } from '../parts.ts';
import { StartOver, type Writer } from '../sink/sink.ts';
import { transfer } from '../transfer.ts';

export interface SendOptions<W extends Writer> {
  readonly verb: 'fetch' | 'upload' | 'unpack';
  readonly location: string;
  /** How many files the content holds, for the progress. */
  readonly files: number;
  /** @param fresh nothing of an earlier run is used */
  readonly begin: (fresh: boolean) => Promise<W>;
  /** For one run through the content, into `writer`. */
  readonly check: (writer: W) => Check | undefined;
  /** Called when everything has been sent and before it is made visible; what it throws keeps it invisible. */
  readonly last?: () => Promise<void>;
  readonly onWritten?: (part: Part) => void;
  readonly partSize: number;
  readonly jobs: number;
  readonly run: Run;
}

/** Times that everything is sent: a destination that always asks for it again must not keep us for ever. */
const TRIES = 3;

/**
 * Sends a content from the first byte to the finished file or object, and again from the start where only that helps.
 *
 * @returns the writer, finished, and the sha256 of all bytes if they were checked
 */
export async function send<W extends Writer>(
  content: Content,
  options: SendOptions<W>,
): Promise<{ readonly writer: W; readonly sha256: string | undefined }> {
  const { verb, location, files, begin, check, last, run } = options;
  for (let tries = 1; ; tries++) {
    const writer = await begin(tries > 1);
    run.report({ type: 'transfer', verb, to: location, total: content.size, reused: writer.reused, files });
    try {
      const sha256 = await transfer(content, writer, { ...options, check: check(writer) });
      await last?.();
      await writer.finish();
      run.report({ type: 'stored', location });
      return { writer, sha256 };
    } catch (error) {
      const wrong = error instanceof ModelpackError && error.code === 'integrity';
      const taken = error instanceof ModelpackError && error.code === 'check';
      const lost = error instanceof StartOver;
      await (wrong || taken || lost ? writer.discard() : writer.keep());
      // What an earlier run left was not what its journal said: that costs a download, not the bundle.
      const again = lost || (wrong && writer.reused > 0);
      if (again && tries < TRIES) {
        const why = lost ? error.message : 'what an earlier run left is damaged';
        run.report({ type: 'note', text: `${why}; everything is sent again` });
        continue;
      }
      throw lost ? new ModelpackError('network', error.message, { cause: error }) : error;
    }
  }
}
