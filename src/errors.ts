/** What kind of failure it was. The command line turns each into its exit code. */
export type ErrorCode =
  | 'unknown'
  | 'usage'
  | 'check'
  | 'not-found'
  | 'refused'
  | 'network'
  | 'integrity'
  | 'no-room'
  | 'interrupted';

export interface ErrorOptions {
  /** What the user can do next, as a command to paste where there is one. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** A failure that the user can act on: `message` says what failed and on what, `hint` what to do next. */
export class ModelpackError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ModelpackError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system or library error, such as `ENOSPC`. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
