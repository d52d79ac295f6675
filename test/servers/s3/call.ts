import type { Payload } from './payload.ts';
import type { ParsedRequest } from './request.ts';
import type { RequestBody } from './request-body.ts';
import type { Rules } from './rules.ts';
import type { SignatureSeed } from './signature.ts';
import type { Store } from './store.ts';

/** A verified request on its way to an operation, with all an operation may use. */
export interface Call {
  readonly request: ParsedRequest;
  readonly body: RequestBody;
  readonly payload: Payload;
  readonly seed: SignatureSeed;
  readonly store: Store;
  readonly rules: Rules;
  readonly region: string;
  readonly minPartSize: number;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  now(): number;
}
