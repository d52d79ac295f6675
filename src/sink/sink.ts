import type { Bundle, Former } from '../bundle/bundle.ts';
import type { Check } from '../bundle/check.ts';
import type { Part } from '../parts.ts';

/**
 * Where parts go, in any order and several at once. `bytes` are the sink's only until the promise settles.
 * Nothing is visible at the destination before `finish`; after it everything is.
 */
export interface Sink {
  /** Where to begin, in bytes; parts that end before it are there, and were checked by the run that sent them. */
  readonly from?: number;
  /** Whether an earlier run left this part; its bytes are then read back and checked instead of fetched. */
  has(part: Part): boolean;
  readBack(part: Part, into: Uint8Array): Promise<void>;
  write(part: Part, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Told that all bytes before `position` are right. */
  checked?(position: number): void;
}

/** Takes everything and keeps nothing: what passes is only checked. */
export const nowhere: Sink = {
  has: () => false,
  readBack: () => Promise.reject(new Error('nothing is kept')),
  write: () => Promise.resolve(),
};

/** A sink for one bundle or file, from its first part to its end. Exactly one of the three ends is called. */
export interface Writer extends Sink {
  /** Bytes that an earlier run left. */
  readonly reused: number;
  /** Makes everything visible. */
  finish(): Promise<void>;
  /** Ends without success, leaving what the next run can go on with. */
  keep(): Promise<void>;
  /** Ends without success and leaves nothing. */
  discard(): Promise<void>;
}

/** The destination has lost what was sent, or asks for all of it again. */
export class StartOver extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartOver';
  }
}

/** What a bundle is written with. */
export interface BeginOptions {
  /** Bytes of a part. */
  readonly partSize: number;
  /** Nothing of an earlier run is used. */
  readonly fresh: boolean;
  /** What was asked for (`requestOf`), to be known by the next time; undefined when that cannot be said. */
  readonly request: string | undefined;
}

/** A place for a bundle: a file, or an object in S3. */
export interface Destination extends AsyncDisposable {
  /** As the user may paste it; `{id}` in it has become the bundle's id. */
  location(id: string): string;
  /** Whether the sha256 of the whole bundle is told; an object's parts may be there already. */
  readonly digest: boolean;
  /** The smallest part that it takes, in bytes. */
  readonly minPartSize: number;
  /** What stands there from before: small files are taken from it. */
  readonly former: Former | undefined;
  /**
   * Whether exactly this bundle is there already.
   *
   * @returns its sha256, null where that would mean reading all of it over a network; undefined when it is not there
   */
  find(bundle: Bundle, check: Check): Promise<{ readonly sha256: string | null } | undefined>;
  /**
   * Whether the bundle of this request is there, told by what was noted when it was written: without reading the
   * small files that its id depends on.
   *
   * @param id of the bundle, where it is known without reading them
   */
  recall(
    request: string,
    id?: string,
  ): Promise<{ readonly id: string; readonly size: number | undefined } | undefined>;
  begin(bundle: Bundle, options: BeginOptions): Promise<Writer>;
}
