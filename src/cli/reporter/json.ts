import type { RunEvent } from '../../events.ts';
import type { Reporter } from './reporter.ts';

const PROGRESS_MS = 500;

/** Every event as a line of JSON (requests only when verbose); bytes are added up to a few lines a second. */
export function jsonReporter(stream: NodeJS.WriteStream, verbose: boolean): Reporter {
  const moved = { network: 0, disk: 0, kept: 0 };

  function print(value: RunEvent): void {
    stream.write(`${JSON.stringify(value)}\n`);
  }

  function flush(): void {
    for (const from of ['network', 'disk', 'kept'] as const) {
      if (moved[from] > 0) print({ type: 'bytes', count: moved[from], from });
      moved[from] = 0;
    }
  }

  const timer = setInterval(flush, PROGRESS_MS).unref();
  return {
    report(event) {
      if (event.type === 'request' && !verbose) return;
      if (event.type !== 'bytes') {
        flush();
        print(event);
      } else moved[event.from] += event.count;
    },
    stop() {
      clearInterval(timer);
      flush();
    },
  };
}
