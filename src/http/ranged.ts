import type { Run } from '../events.ts';
import { discard } from './client.ts';
import { rangeHeader, receiveRange, type RangeRequest } from './range.ts';
import type { Served } from './redirect.ts';
import { Retryable, retrying } from './retry.ts';
import { passingFailure } from './status.ts';

/** The bytes that one attempt is asked for: those that no earlier one has put in place. */
export type Rest = Omit<RangeRequest, 'url'>;

export interface FillOptions {
  /** For messages: the file. */
  readonly what: string;
  /** Of the whole file, in bytes. */
  readonly size: number;
  readonly run: Run;
  readonly attempt: (rest: Rest) => Promise<void>;
}

/**
 * Fills `into` with the bytes of a file from `start` on. After a failure that may pass, it goes on at the byte that
 * was reached.
 *
 * @throws ModelpackError `network` when it gave up; whatever `attempt` threw that is not `Retryable`
 */
export async function fill(into: Uint8Array, start: number, options: FillOptions): Promise<void> {
  const { what, size, run, attempt } = options;
  if (into.length === 0) return; // no range of an empty file can be asked for
  let filled = 0;
  let before = 0;
  const onBytes = (count: number): void => {
    filled += count;
    run.report({ type: 'bytes', count, from: 'network' });
  };
  async function attemptRest(): Promise<void> {
    before = filled;
    const { signal } = run;
    await attempt({ size, start: start + filled, into: into.subarray(filled), signal, onBytes });
  }
  await retrying(attemptRest, { what, run, progressed: () => filled > before });
}

/** Where the bytes of a file are served. `foreign`: elsewhere than asked, perhaps by a signed address that expires. */
export interface Place {
  readonly url: URL;
  readonly foreign: boolean;
}

/** How the ranges of one file are asked for. */
export interface RangedFile {
  /** Asked once, and again when what it gave is refused. */
  locate(run: Run): Promise<Place>;
  send(place: Place, headers: Readonly<Record<string, string>>, run: Run): Promise<Served>;
  /** Looks at an answer before its body is read; throws when it is not of the file that was announced. */
  accept?(answer: Served, rest: Rest): void;
  /** What it means that the file's own server refuses. */
  refused(answer: Served, run: Run): Promise<Error>;
}

export interface Ranges {
  /** One attempt at a range of the file. */
  receive(rest: Rest, run: Run): Promise<void>;
  /** Told by another answer where the bytes are served. */
  servedAt(place: Place): void;
}

export function ranges(file: RangedFile): Ranges {
  let place: Promise<Place> | undefined;

  /** Without a range (a signed address would be bound to it), and kept until it is refused. */
  function find(run: Run): Promise<Place> {
    if (place !== undefined) return place;
    const found = file.locate(run);
    place = found;
    found.catch(() => forget(found));
    return found;
  }

  /** Unless another part has asked for a new one meanwhile. */
  function forget(old: Promise<Place>): void {
    if (place === old) place = undefined;
  }

  async function receive(rest: Rest, run: Run): Promise<void> {
    const known = find(run);
    const { url, foreign } = await known;
    const headers = { range: rangeHeader(rest.start, rest.into.length) };
    const answer = await file.send({ url, foreign }, headers, run);
    if (answer.status === 206 || answer.status === 200) {
      file.accept?.(answer, rest);
      return receiveRange(answer, { ...rest, url: answer.url });
    }
    forget(known);
    if (!foreign) throw await file.refused(answer, run);
    discard(answer);
    // A signed address expires, after an hour or sooner; the 403 that comes then says nothing of access.
    throw (
      passingFailure(answer.status, answer.headers, url.host) ??
      new Retryable(`${url.host} answered ${answer.status}`, {
        waitSeconds: answer.status === 403 ? 0 : undefined,
      })
    );
  }

  function servedAt(known: Place): void {
    place = Promise.resolve(known);
  }

  return { receive, servedAt };
}
