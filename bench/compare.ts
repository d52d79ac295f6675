import { loadavg } from 'node:os';

import { cpuOf, type Measured } from './measure.ts';

/** One way to do the work of a case. */
export interface Side {
  readonly name: string;
  /** Brings things to where they were; not measured. */
  readonly before?: () => Promise<void>;
  readonly run: () => Promise<Measured>;
  /** Throws when the work was not done. */
  readonly after?: () => Promise<void>;
}

/** A run, and the processor time that the servers took meanwhile. */
export interface Round extends Measured {
  readonly servers: number;
}

export interface Outcome {
  readonly name: string;
  readonly rounds: readonly Round[];
  readonly median: Round;
}

export interface Comparison {
  readonly sides: readonly Outcome[];
  /** The system's load over the last minute, before and after: other work on the machine shows here. */
  readonly load: readonly [number, number];
}

/** Runs the sides in turn, so that what else the machine does meets all of them alike. */
export async function compare(
  sides: readonly Side[],
  rounds: number,
  servers: readonly number[] = [],
): Promise<Comparison> {
  const before = loadavg()[0]!;
  const measured = sides.map(({ name }) => ({ name, rounds: [] as Round[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [i, side] of sides.entries()) {
      await side.before?.();
      const idle = await busy(servers);
      const took = await side.run();
      const atEnd = await busy(servers);
      await side.after?.();
      // The first one warms the page cache and the servers.
      if (round > 0) measured[i]!.rounds.push({ ...took, servers: atEnd - idle });
    }
  }
  return {
    sides: measured.map((side) => ({ ...side, median: medianOf(side.rounds) })),
    load: [before, loadavg()[0]!],
  };
}

async function busy(servers: readonly number[]): Promise<number> {
  const each = await Promise.all(servers.map(cpuOf));
  return each.reduce((sum, seconds) => sum + seconds, 0);
}

/** Of each figure by itself. */
function medianOf(rounds: readonly Round[]): Round {
  const of = (figure: keyof Round) => median(rounds.map((round) => round[figure]));
  return {
    seconds: of('seconds'),
    cpu: of('cpu'),
    peak: of('peak'),
    written: of('written'),
    servers: of('servers'),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}
