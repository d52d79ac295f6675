/**
 * Where a Python library puts the models that it downloads, and what moves them. Read from the libraries' sources:
 * `evidence` says where.
 */
export interface Library {
  /** As people call it, with the versions it is about: `transformers 4.x`. */
  readonly name: string;
  /** The modules whose import means that it is used. */
  readonly modules: readonly string[];
  readonly calls: readonly CacheCall[];
  /** In their order of precedence, highest first, after the argument. */
  readonly variables: readonly CacheVariable[];
  /** Variables that it no longer reads, or never read for this, though people set them. */
  readonly removed?: readonly string[];
  /** What `modelpack env` sets: a variable, and the folder below the cache root. */
  readonly settings: readonly Setting[];
  /** Where models go if nothing says otherwise. */
  readonly fallback: string;
  /** Whether the fallback can be written on Lambda, or nothing is written. */
  readonly safe?: boolean;
  /** Whether it makes folders or files when it is imported, before anything is loaded. */
  readonly writesAtImport?: boolean;
  /** What it writes, and when. */
  readonly writes: string;
  readonly note?: string;
  /** How it is known: `source` is read in the library, `run` is executed with a home folder that cannot be made. */
  readonly verified: string;
  /** `repository@version or commit:path:lines`. */
  readonly evidence: readonly string[];
}

export interface CacheVariable {
  readonly name: string;
  /** Where models are below its value; empty for the value itself. */
  readonly below: string;
  readonly readAt: 'import' | 'call';
  readonly note?: string;
}

export interface Setting {
  readonly variable: string;
  readonly folder: string;
}

/** A call that looks for a model and may download it. */
export interface CacheCall {
  /**
   * The dotted name, such as `transformers.*.from_pretrained`: `*` is anything within a name, and modules in between
   * may be left out.
   */
  readonly call: string;
  /** What has to be given for it to leave the fallback: one of them, or with `all` each of them. */
  readonly arguments: readonly CacheArgument[];
  readonly all?: boolean;
  /**
   * - `load`: finds or downloads a model;
   * - `download`: only downloads;
   * - `install`: installs a package, which cannot work in a function;
   * - `path`: takes a path, and downloads if there is nothing;
   * - `set`: moves the cache of the library;
   * - `plain`: nothing to check, listed for the reader.
   */
  readonly kind: 'load' | 'download' | 'install' | 'path' | 'set' | 'plain';
  /** Where the model is named; a path there means that nothing is downloaded. */
  readonly model?: CacheArgument;
  /** It downloads only with one of these arguments, and neither None nor False in it. */
  readonly onlyWith?: readonly CacheArgument[];
  /** Arguments that mean that nothing is downloaded, each with its value. */
  readonly offline?: Readonly<Record<string, boolean>>;
  /** Names of models that are looked up, where other values are files of one's own. */
  readonly known?: readonly string[];
  /** An argument which looks right and does not reach the download. */
  readonly futile?: string;
  readonly note?: string;
}

export interface CacheArgument {
  readonly name: string;
  /** Zero-based, without self; left out for what is given by name only. */
  readonly position?: number;
  /** The argument whose dictionary holds it: `model_kwargs` of `pipeline`. */
  readonly inside?: string;
}
