import type { Bytes } from '../../bytes.ts';
import type { Run } from '../../events.ts';
import { discard, networkFailure } from '../../http/client.ts';
import type { Served } from '../../http/redirect.ts';
import { retrying } from '../../http/retry.ts';

/**
 * All bytes of a file, from a server without ranges. Where it breaks off, it is asked for again and skipped to the byte
 * that was reached.
 *
 * @param open asks for all of it
 * @throws ModelpackError `network` when it gave up; what `open` throws that is not `Retryable`
 */
export async function* inOrder(what: string, open: () => Promise<Served>, run: Run): Bytes {
  let given = 0;
  let pass = bytesFrom(0, open, run);

  async function next(): Promise<Buffer | undefined> {
    try {
      return (await pass.next()).value;
    } catch (error) {
      pass = bytesFrom(given, open, run);
      throw error;
    }
  }

  for (;;) {
    const chunk = await retrying(next, { what, run });
    if (chunk === undefined) return;
    given += chunk.length;
    yield chunk;
  }
}

async function* bytesFrom(
  start: number,
  open: () => Promise<Served>,
  run: Run,
): AsyncGenerator<Buffer, undefined> {
  const answer = await open();
  let position = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      run.report({ type: 'bytes', count: chunk.length, from: 'network' });
      position += chunk.length;
      if (position > start) yield chunk.subarray(Math.max(0, chunk.length - (position - start)));
    }
  } catch (error) {
    throw networkFailure(error, answer.url, run.signal);
  } finally {
    discard(answer);
  }
}
