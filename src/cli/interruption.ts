import { getEventListeners, setMaxListeners } from 'node:events';

import { ModelpackError } from '../errors.ts';
import { exitCodes } from './exit-codes.ts';

export interface Interruption {
  /** Aborted by the first Ctrl-C (or SIGTERM): the run stops cleanly, and leaves what the next one can go on with. */
  readonly signal: AbortSignal;
  /** Aborted by the second Ctrl-C: nothing is to be left. Where nobody listens, it ends the process at once. */
  readonly abandon: AbortSignal;
}

function isHeeded(signal: AbortSignal): boolean {
  return getEventListeners(signal, 'abort').length > 0;
}

export function interruption(process: NodeJS.Process): Interruption {
  const stop = new AbortController();
  const abandon = new AbortController();
  setMaxListeners(0, stop.signal); // every request listens; Node would take that for a leak
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (!stop.signal.aborted) {
        process.stderr.write('\nstopping; once more to quit at once\n');
        stop.abort(
          new ModelpackError('interrupted', 'interrupted', {
            hint: 'run the same command again: it goes on where it stopped',
          }),
        );
      } else if (name === 'SIGINT' && !abandon.signal.aborted && isHeeded(abandon.signal)) {
        abandon.abort();
      } else {
        process.exit(exitCodes.interrupted);
      }
    });
  }
  return { signal: stop.signal, abandon: abandon.signal };
}
