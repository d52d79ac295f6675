import type { RunEvent } from '../../events.ts';
import type { Reporter } from './reporter.ts';

const PROGRESS_MS = 500;

/** Every event as a line of JSON (requests only when verbose); bytes are added up to a few lines a second. */
export function jsonReporter(stream: NodeJS.WriteStream, verbose: boolean): Reporter {
  let network = 0;
  let disk = 0;

  function print(value: RunEvent): void {
    stream.write(`${JSON.stringify(value)}\n`);
  }

  function flush(): void {
    if (network > 0) print({ type: 'bytes', count: network, from: 'network' });
    if (disk > 0) print({ type: 'bytes', count: disk, from: 'disk' });
    network = 0;
    disk = 0;
  }

  const timer = setInterval(flush, PROGRESS_MS).unref();
  return {
    report(event) {
      if (event.type === 'request' && !verbose) return;
      if (event.type !== 'bytes') {
        flush();
        print(event);
      } else if (event.from === 'network') network += event.count;
      else disk += event.count;
    },
    stop() {
      clearInterval(timer);
      flush();
    },
  };
}
