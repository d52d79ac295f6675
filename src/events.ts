/** What happens during a run. The core reports, a reporter draws (`cli/reporter`). Sizes are bytes. */
export type RunEvent =
  | { readonly type: 'resolving'; readonly source: string }
  | {
      readonly type: 'resolved';
      readonly source: string;
      readonly revision: string | undefined;
      readonly files: number;
      readonly size: number;
    }
  /** Files whose hash nobody gave are read before the plan is complete; `total` of them. */
  | { readonly type: 'preparing'; readonly done: number; readonly total: number }
  /** Files that may execute code when they are loaded are looked into; `total` of them. */
  | { readonly type: 'looking'; readonly done: number; readonly total: number }
  /** A transfer begins. `reused` of its `total` bytes (undefined for a pipe) are at the destination already. */
  | {
      readonly type: 'transfer';
      readonly verb: 'fetch' | 'upload' | 'verify' | 'unpack';
      readonly to: string;
      readonly total: number | undefined;
      readonly reused: number;
      readonly files: number;
    }
  /** `count` more bytes arrived: from the network, from what this machine already had, or kept by this run. */
  | { readonly type: 'bytes'; readonly count: number; readonly from: 'network' | 'disk' | 'kept' }
  /** A file's hash was checked and is right. */
  | { readonly type: 'file'; readonly path: string }
  /** A request failed and is sent again after `wait` seconds. */
  | { readonly type: 'retry'; readonly what: string; readonly reason: string; readonly wait: number }
  /** An answer came; `url` without its query, which may be a signature. */
  | { readonly type: 'request'; readonly method: string; readonly url: string; readonly status: number }
  /** Something the user should know that is no failure. */
  | { readonly type: 'note'; readonly text: string }
  /** The transfer is over; the destination has been made visible. */
  | { readonly type: 'stored'; readonly location: string };

export type Report = (event: RunEvent) => void;

/** What every verb and every wait is given: how to stop, and whom to tell. */
export interface Run {
  readonly signal: AbortSignal;
  /** Aborted when nothing of a run that was stopped is to be left. */
  readonly abandon?: AbortSignal;
  readonly report: Report;
}
