import { BLOCK } from '../bundle/preamble.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { isS3Url } from '../s3/url.ts';
import { matcher } from '../source/glob.ts';
import { together } from '../together.ts';
import { bundleOf, type Bundle } from './bundle.ts';
import { classified, NoRoom, NotFound } from './errors.ts';
import { openFile } from './file.ts';
import { contentsOf, endOfIndex, type Contents, type Member } from './contents.ts';
import { hold, memoryFor, rangesFrom, type Held } from './memory.ts';
import type { Origin, Traffic } from './origin.ts';
import { requireMemory } from './room.ts';
import { openS3, type S3Sender } from './s3.ts';
import { lineOf, statsOf } from './stats.ts';
import { verifier } from './verify.ts';

export interface OpenOptions {
  /** Only these files, by patterns as in `modelpack fetch --include`; `org/name/` is all of a model. */
  readonly only?: string | readonly string[];
  /** Compare the sha256 of every file that is read. Default false. */
  readonly verify?: boolean;
  /** Requests to S3 at once, 1 to 256. Default 16. */
  readonly connections?: number;
  /** Of S3; else AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL. A bucket then stands in the path. */
  readonly endpointUrl?: string;
  /** Of S3; else AWS_REGION. */
  readonly region?: string;
  /** An `S3Client` of your own, with other credentials say. It should make one attempt only (`maxAttempts: 1`). */
  readonly client?: S3Sender;
  /** Is given the one line that says what it took; false for none. Default `console.info`. */
  readonly log?: false | ((line: string) => void);
  readonly signal?: AbortSignal;
}

/** S3 answers one connection with some 50 to 90 MB/s; more than 16 are no faster for one thread. */
const CONNECTIONS = 16;
const MOST_CONNECTIONS = 256;

/**
 * Reads a bundle into memory: all of it, or some files.
 *
 * If the same location was prefetched, that is waited for, and is the result.
 *
 * @param location `s3://bucket/key` or a file; the variable MODELPACK_BUNDLE unless given
 * @throws NotFound, AccessDenied, NetworkError, Corrupt, Changed, NoRoom
 * @throws ModelpackError `usage` for a wrong location, or other options than it was prefetched with
 */
export async function open(location?: string, options: OpenOptions = {}): Promise<Bundle> {
  const from = given(location);
  const begun = prefetched.get(from);
  if (begun === undefined) return load(from, options, () => {});
  if (changes(options, begun.options)) {
    throw new ModelpackError('usage', `${from} was prefetched with other options`, {
      hint: 'give prefetch() the options, and open() none',
    });
  }
  return begun.bundle;
}

interface Prefetched {
  readonly options: OpenOptions;
  readonly bundle: Promise<Bundle>;
}

const prefetched = new Map<string, Prefetched>();

/**
 * Begins to read a bundle, and returns at once. Every `open` of the same location gives this bundle, until it is
 * closed. A failure is thrown by those `open` calls that wait for it; later ones begin anew.
 */
export function prefetch(location?: string, options: OpenOptions = {}): void {
  const from = given(location);
  if (prefetched.has(from)) return;
  function forget(): void {
    if (prefetched.get(from)?.bundle === bundle) prefetched.delete(from);
  }
  const bundle = load(from, options, forget);
  prefetched.set(from, { options, bundle });
  bundle.catch(forget);
}

function given(location = process.env['MODELPACK_BUNDLE'] ?? ''): string {
  if (location !== '') return location;
  throw new ModelpackError('usage', 'no bundle is named', {
    hint: "open('s3://bucket/models.tar'), or set MODELPACK_BUNDLE",
  });
}

/** Whether what is asked for now differs from what is being read. */
function changes(asked: OpenOptions, begun: OpenOptions): boolean {
  const other = (key: 'only' | 'verify') =>
    asked[key] !== undefined && JSON.stringify([asked[key]].flat()) !== JSON.stringify([begun[key]].flat());
  return other('only') || other('verify');
}

async function load(location: string, options: OpenOptions, onClose: () => void): Promise<Bundle> {
  const { only, verify = false, connections = CONNECTIONS, log = toConsole } = options;
  const [opened, started] = [Date.now(), performance.now()];
  const traffic: Traffic = { bytes: 0, requests: 0, retries: 0 };
  if (!(Number.isInteger(connections) && connections >= 1 && connections <= MOST_CONNECTIONS)) {
    throw new ModelpackError(
      'usage',
      `connections: ${connections} is no number from 1 to ${MOST_CONNECTIONS}`,
    );
  }
  const run: Run = {
    signal: options.signal ?? new AbortController().signal,
    report: (event) => void (event.type === 'retry' && traffic.retries++),
  };
  try {
    run.signal.throwIfAborted();
    await using origin = isS3Url(location)
      ? await openS3(location, { ...options, connections, run }, traffic)
      : await openFile(location, traffic);
    const contents = await readContents(origin, run);
    const held = await readFiles(origin, chosen(contents, only, location), verify, run);
    await origin.finish();
    const stats = statsOf({ opened, seconds: (performance.now() - started) / 1000, ...traffic });
    if (log !== false) log(lineOf(location, stats));
    return bundleOf(location, contents, held, stats, onClose);
  } catch (error) {
    throw classified(error);
  }
}

async function readContents(origin: Origin, run: Run): Promise<Contents> {
  const { location, size, head } = origin;
  const end = endOfIndex(head, size, location);
  if (end <= head.length) return contentsOf(head.subarray(BLOCK, end), size, location);
  const bytes = Buffer.alloc(end);
  head.copy(bytes);
  const rest = { at: head.length, into: bytes.subarray(head.length) };
  await origin.read({ start: head.length, end, pieces: [rest] }, run);
  return contentsOf(bytes.subarray(BLOCK), size, location);
}

function chosen(
  { members, index }: Contents,
  only: OpenOptions['only'],
  location: string,
): readonly Member[] {
  if (only === undefined) return members;
  const isWanted = matcher([only].flat());
  const found = members.filter(({ path }) => isWanted(path));
  if (found.length > 0) return found;
  throw new NotFound(`no file of ${location} matches ${[only].flat().join(' ')}`, {
    hint: `its models are ${index.models.map(({ name }) => name).join(', ')}`,
  });
}

async function readFiles(
  origin: Origin,
  members: readonly Member[],
  verify: boolean,
  run: Run,
): Promise<Held[]> {
  const { location, head, atOnce } = origin;
  requireMemory(location, memoryFor(members, head));
  const held = holdOrFail(members, head, location);
  const ranges = rangesFrom(head.length, held);
  const completed = verify ? verifier(location, head.length, held, ranges) : () => {};
  const reads = ranges.map((range, number) => async (inner: Run) => {
    await origin.read(range, inner);
    completed(number);
  });
  await together(run, reads, atOnce);
  return held;
}

function holdOrFail(members: readonly Member[], head: Buffer<ArrayBuffer>, location: string): Held[] {
  try {
    return hold(members, head);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new NoRoom(location, memoryFor(members, head), 0, { cause });
  }
}

function toConsole(line: string): void {
  // oxlint-disable-next-line no-console -- Lambda gives it a time, a request and a level
  console.info(line);
}
