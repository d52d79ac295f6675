import type { Report } from '../../events.ts';

export interface Reporter {
  readonly report: Report;
  /** Takes down what is on the screen; nothing is drawn after it. */
  stop(): void;
}
