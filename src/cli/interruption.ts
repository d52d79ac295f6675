import { setMaxListeners } from 'node:events';

import { ModelpackError } from '../errors.ts';
import { exitCodes } from './exit-codes.ts';

/** The first Ctrl-C (or SIGTERM) stops the run cleanly, the second one at once. */
export function interruption(process: NodeJS.Process): AbortSignal {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // every request listens; Node would take that for a leak
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(exitCodes.interrupted);
      process.stderr.write('\nstopping; once more to quit at once\n');
      stop.abort(
        new ModelpackError('interrupted', 'interrupted', {
          hint: 'run the same command again; a fetch to a file goes on where it stopped',
        }),
      );
    });
  }
  return stop.signal;
}
