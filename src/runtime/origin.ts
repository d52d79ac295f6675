import type { Run } from '../events.ts';
import type { Range } from './memory.ts';

/** What a bundle is read from, always the same version of it. */
export interface Origin extends AsyncDisposable {
  /** As it was asked for. */
  readonly location: string;
  /** In bytes. */
  readonly size: number;
  /** The first MiB, or all if it is less: the index and the small files of most bundles. */
  readonly head: Buffer<ArrayBuffer>;
  /** How many ranges are worth reading at once. */
  readonly atOnce: number;
  /**
   * Reads a range into its pieces. A failure that may pass is tried again, from the byte that was reached.
   *
   * @throws ModelpackError, also when what is there is another version
   */
  read(range: Range, run: Run): Promise<void>;
  /** Looks, after everything was read, whether it was one version. */
  finish(): Promise<void>;
}

/** What it took to read a bundle. */
export interface Traffic {
  bytes: number;
  requests: number;
  retries: number;
}
