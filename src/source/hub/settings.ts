/** Where a token was found: said in messages, so that a stale one can be tracked down. */
export interface Token {
  readonly value: string;
  readonly from: string;
}

/** How the Hub is reached. `cli/environment.ts` makes it from options and variables. */
export interface HubSettings {
  /** `https://huggingface.co` or a mirror; may have a path; no slash at the end. */
  readonly endpoint: string;
  readonly token: Token | undefined;
  /** The folder of `models--*`, shared with the Python libraries. */
  readonly cacheDir: string;
  /** Use the local cache alone. */
  readonly offline: boolean;
  /** Requests under way at once. */
  readonly jobs: number;
}

/** The one public Hub: its own links name it even when a mirror answered. */
export const canonicalEndpoint = 'https://huggingface.co';
