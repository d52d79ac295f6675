/** How a file is kept, which decides the shape of its download. */
export type Storage =
  | 'git' // shape A: 307 to the cache on the same host
  | 'lfs' // shape B: 302 to the CDN, no Xet headers
  | 'xet' // shape B with Xet headers, shape D when asked for
  | 'direct'; // shape C: 200 at once

/** Deterministic bytes of any size, made by offset and never held in memory. */
export interface GeneratedContent {
  readonly size: number;
  /** Files with equal size, seed, head and tail have equal bytes. */
  readonly seed: number;
  /** Replaces the first bytes, so that a file of any size can have a valid header. */
  readonly head?: Buffer;
  /** Replaces the last bytes. */
  readonly tail?: Buffer;
}

export interface RepoFile {
  /** Not checked: hostile names such as `../x` are served as they are. */
  readonly path: string;
  readonly content: Buffer | GeneratedContent;
  readonly storage: Storage;
}

export interface Repo {
  /** The canonical `namespace/name`. */
  readonly id: string;
  /** Bare or former names: the API redirects them, files answer directly. */
  readonly aliases?: readonly string[];
  /** `main`, `refs/tags/v1.0` (asked for as `v1.0`), `refs/pr/1`, `refs/convert/parquet`. */
  readonly revisions: Readonly<Record<string, readonly RepoFile[]>>;
  readonly private?: boolean;
  /** User names that may see a private repository. */
  readonly usersWithAccess?: readonly string[];
  readonly gated?: false | 'auto' | 'manual';
  readonly disabled?: boolean;
  readonly cardData?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  /** More fields of the model info: `pipeline_tag`, `library_name`, `config`, `safetensors`, … */
  readonly info?: Readonly<Record<string, unknown>>;
}

export interface Token {
  readonly name: string;
  /** Gated repositories this token may download. */
  readonly gatedAccess?: readonly string[];
  readonly pendingAccess?: readonly string[];
  readonly rejectedAccess?: readonly string[];
  /** A fine-grained token without the scope for gated repositories. */
  readonly fineGrained?: boolean;
}

export interface Mirror {
  readonly stripCommit?: boolean;
  readonly stripLinked?: boolean;
  readonly stripErrorCode?: boolean;
  /** File bodies arrive chunked, without a length. */
  readonly stripLength?: boolean;
}

/** Behaviour the sources disagree about; clients must live with both. */
export interface Unsettled {
  /** Model info of a public repository with a bad token: 401 (default) or as if anonymous. */
  readonly acceptBadTokenOnInfo?: boolean;
  /** `X-Linked-*` on the 307 of a git file. Default false. */
  readonly linkedOnGitRedirect?: boolean;
  /** A relative 307 when a file is asked for by a former name. Default false: the file itself. */
  readonly redirectRenamedFiles?: boolean;
}

export interface HubOptions {
  readonly repos: readonly Repo[];
  readonly tokens?: Readonly<Record<string, Token>>;
  /** Entries a page of the tree holds. Default 1000, and 100 with `expand`. */
  readonly treePageSize?: number;
  /** How the tree links its next page. Default `absolute`, on this fixture. */
  readonly linkStyle?: 'absolute' | 'relative' | 'canonical-host';
  /** How long a signed CDN URL works; fractions count. Default 3600. */
  readonly signedUrlSeconds?: number;
  /** A URL issued for a request with `Range` serves that range only. Default true. */
  readonly bindSignedRange?: boolean;
  /** CDN GETs without `Range` of files larger than this answer 400. Default: never. */
  readonly refuseRangelessAbove?: number;
  readonly mirror?: Mirror;
  /** Compress JSON and text for clients that accept it. Default true. */
  readonly gzip?: boolean;
  /** Requests a window allows. Without it the RateLimit headers count down but nothing is refused. */
  readonly quotas?: { readonly api?: number; readonly resolvers?: number; readonly windowSeconds?: number };
  /** Wait before every answer, both origins. */
  readonly delayMs?: number;
  /** Put in front of every path of the hub, as a gateway does: `/api/huggingfaceml/remote`. */
  readonly pathPrefix?: string;
  /** Sent as `X-HF-Warning` on every API answer, `topic; message`. */
  readonly warnings?: readonly string[];
  readonly unsettled?: Unsettled;
  /** Hash generated files when first needed (which blocks the process) instead of at start. */
  readonly lazy?: boolean;
  /** Ports of the two origins. Default 0: any free ones. */
  readonly port?: number;
  readonly cdnPort?: number;
}
