import { loadavg } from 'node:os';

import { cpuOf, cpuOfAll, quiet } from './machine.ts';
import type { Measured } from './measure.ts';

/** One way to do the work of a case. */
export interface Side {
  readonly name: string;
  /** Brings things to where they were; not measured. */
  readonly before?: () => Promise<void>;
  readonly run: () => Promise<Measured>;
  /** Throws when the work was not done. */
  readonly after?: () => Promise<void>;
}

/** A run, and the processor time in seconds that was taken meanwhile */
export interface Round extends Measured {
  /** by the servers, */
  readonly servers: number;
  /** and by what has nothing to do with it: where this is much, the wall time means little. */
  readonly others: number;
}

export interface Outcome {
  readonly name: string;
  readonly rounds: readonly Round[];
  readonly median: Round;
}

export interface CompareOptions {
  readonly rounds: number;
  /** Their process ids. */
  readonly servers: readonly number[];
  /** Seconds to wait for a quiet machine before each run. */
  readonly wait: number;
}

export interface Comparison {
  readonly sides: readonly Outcome[];
  /** The system's load over the last minute, before and after. */
  readonly load: readonly [number, number];
}

/** Runs the sides in turn, so that what else the machine does meets all of them alike. */
export async function compare(sides: readonly Side[], options: CompareOptions): Promise<Comparison> {
  const { rounds, servers, wait } = options;
  const load = loadavg()[0]!;
  const measured = sides.map(({ name }) => ({ name, rounds: [] as Round[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [i, side] of sides.entries()) {
      await side.before?.();
      await quiet(wait);
      const before = await taken(servers);
      const took = await side.run();
      const after = await taken(servers);
      await side.after?.();
      const ofServers = after.servers - before.servers;
      const others = Math.max(0, after.all - before.all - ofServers - took.cpu);
      // The first one warms the page cache and the servers.
      if (round > 0) measured[i]!.rounds.push({ ...took, servers: ofServers, others });
    }
  }
  return {
    sides: measured.map((side) => ({ ...side, median: medianOf(side.rounds) })),
    load: [load, loadavg()[0]!],
  };
}

async function taken(servers: readonly number[]) {
  const each = await Promise.all(servers.map(cpuOf));
  return { servers: each.reduce((sum, seconds) => sum + seconds, 0), all: await cpuOfAll() };
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
    others: of('others'),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}
