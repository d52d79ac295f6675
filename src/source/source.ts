import type { Run } from '../events.ts';

/** One file of a model. `path` is relative to the model, with `/`; `size` in bytes. */
export interface ModelFile {
  readonly path: string;
  readonly size: number;
  /** sha256 of the content in hex, where the source knows it before the file is read. */
  readonly sha256?: string | undefined;
  /** git blob sha1 of the content in hex, for files the Hub keeps in git. */
  readonly blobSha1?: string | undefined;
  /** md5 of the content in hex, where that is the hash that the model's library checks. */
  readonly md5?: string | undefined;
  /** Its bytes come over the network, however many they are: they are not read twice, nor for a plan alone. */
  readonly remote?: boolean | undefined;
}

/** Files that were not taken, and why: one row a reason. Sizes are bytes. */
export interface LeftOut {
  /** A short phrase: "the same weights for TensorFlow". */
  readonly reason: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** A source resolved to a fixed revision. */
export interface Model {
  /** Its folder in the bundle. */
  readonly name: string;
  /** Canonical form without revision: `hf:google-bert/bert-base-cased`. */
  readonly source: string;
  /** The commit, where there is such a thing. */
  readonly revision?: string | undefined;
  /** The branch or tag that was asked for. */
  readonly ref?: string | undefined;
  readonly license?: string | undefined;
  readonly files: readonly ModelFile[];
  readonly leftOut: readonly LeftOut[];
  /** Its folder may hold other models of its kind too: a file that both have, by path and hash, is one file. */
  readonly shares?: boolean | undefined;

  /**
   * Fails early where the files may be listed but not read.
   *
   * @throws ModelpackError `refused`
   */
  checkAccess(run: Run): Promise<void>;

  /**
   * Fills all of `into` with the bytes of `file` from byte `start` on. Retries by itself from the byte reached.
   * Several reads may be under way at once; the model bounds how many requests that makes.
   *
   * @throws ModelpackError `network` when it gave up, `integrity` when the file is shorter or another one
   */
  read(file: ModelFile, into: Uint8Array, start: number, run: Run): Promise<void>;
}

/** Which files of a repository are wanted. Globs as Python's fnmatch reads them: `*` crosses `/`. */
export interface Selection {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly weights: Weights | undefined;
  readonly all: boolean;
}

export const weightFormats = ['safetensors', 'pytorch', 'onnx', 'gguf', 'tensorflow', 'flax'] as const;
export type WeightFormat = (typeof weightFormats)[number];
export type Weights = WeightFormat | 'all';

/** Where models come from: turns what the user wrote into a model at a fixed revision. Moves no weights. */
export interface Source {
  /** How its references are written, for hints: `org/name`. */
  readonly spelling: string;
  /** Whether a reference is written as this source's are. */
  accepts(reference: string): boolean;
  /**
   * @throws ModelpackError `not-found`, `refused`, `network`, `usage`; `not-found` too when nothing matches `selection`
   */
  resolve(reference: string, selection: Selection, run: Run): Promise<Model>;
}
