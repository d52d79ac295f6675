import { isTrue } from '../environment.ts';
import type { Io } from '../io.ts';
import type { Reporter } from './reporter.ts';

export const progressKinds = ['auto', 'plain', 'json', 'none'] as const;
export type ProgressKind = (typeof progressKinds)[number];

export interface ReporterOptions {
  readonly progress: ProgressKind;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** The reporter for this run: a moving line on a terminal, plain lines elsewhere and in CI. */
export async function chooseReporter(
  io: Io,
  { progress, quiet, verbose }: ReporterOptions,
): Promise<Reporter> {
  if (quiet || progress === 'none') return { report() {}, stop() {} };
  if (progress === 'json') return (await import('./json.ts')).jsonReporter(io.stderr, verbose);
  // A terminal that says it has no columns would never be done with clearing a line.
  const isTerminal = io.stderr.isTTY && io.stderr.columns > 0 && io.env['TERM'] !== 'dumb';
  const moving = progress === 'auto' && isTerminal && !isTrue(io.env['CI']);
  if (moving) return (await import('./terminal.ts')).terminalReporter(io.stderr, verbose);
  return (await import('./plain.ts')).plainReporter(io.stderr, verbose);
}
