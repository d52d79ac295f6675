import ora from 'ora';

import { meter } from './meter.ts';
import type { Reporter } from './reporter.ts';
import { shorten } from '../render/table.ts';
import { words } from './words.ts';

const REDRAW_MS = 100;

/** One line that moves, at the bottom of a terminal. */
export function terminalReporter(stream: NodeJS.WriteStream, verbose: boolean): Reporter {
  const state = meter();
  const spinner = ora({ stream, discardStdin: false });

  function draw(): void {
    // The spinner takes two columns; a line that wraps could not be taken back.
    spinner.text = shorten(state.line(), Math.max(10, (stream.columns ?? 80) - 3));
  }

  const timer = setInterval(draw, REDRAW_MS).unref();
  spinner.start();
  return {
    report(event) {
      state.take(event);
      const line = words(event, verbose);
      if (line === undefined) return;
      spinner.clear();
      stream.write(`${line}\n`);
      spinner.render();
    },
    stop() {
      clearInterval(timer);
      spinner.stop();
    },
  };
}
