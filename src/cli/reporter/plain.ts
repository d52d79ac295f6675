import { meter } from './meter.ts';
import type { Reporter } from './reporter.ts';
import { words } from './words.ts';

const LINE_MS = 5_000;

/** A line every few seconds, for logs: no colour, no carriage return. */
export function plainReporter(stream: NodeJS.WriteStream, verbose: boolean): Reporter {
  const state = meter();
  let last = '';
  const timer = setInterval(() => {
    const line = state.line();
    if (line !== last) stream.write(`${line}\n`);
    last = line;
  }, LINE_MS).unref();
  return {
    report(event) {
      state.take(event);
      const line = words(event, verbose);
      if (line !== undefined) stream.write(`${line}\n`);
    },
    stop: () => clearInterval(timer),
  };
}
