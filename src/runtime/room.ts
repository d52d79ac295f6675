import { freemem } from 'node:os';

import { MiB } from '../bytes.ts';
import { NoRoom } from './errors.ts';

/** What limits this process, in bytes; undefined where nothing does. */
export interface Limits {
  /** The memory that the function is configured with. */
  readonly lambda: number | undefined;
  /** Of the control group. */
  readonly group: number | undefined;
  /** What the machine has left. */
  readonly free: number;
  /** What this process has resident. */
  readonly resident: number;
}

/**
 * For what is in memory besides the files while they are read: V8 collects the chunks of answers only after 64 MiB of
 * them (kExternalAllocationSoftLimit in its heap). Measured above 768 MiB of files: 57 on Node 20 and 22, 97 on 24, 79 on 26.
 */
const RESERVE = 96 * MiB;

export function limitsHere(env: NodeJS.ProcessEnv = process.env): Limits {
  // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: in MB of 1024² bytes
  const megabytes = Number(env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']);
  return {
    lambda: megabytes > 0 ? megabytes * MiB : undefined,
    group: process.constrainedMemory() || undefined,
    free: freemem(),
    resident: process.memoryUsage.rss(),
  };
}

/** How many bytes may be taken. */
export function availableIn({ lambda, group, free, resident }: Limits): number {
  const limit = Math.min(lambda ?? Infinity, group ?? Infinity);
  return Math.max(0, Math.min(limit - resident, free));
}

/**
 * Refuses what memory cannot hold, before it is read.
 *
 * @param bytes that the files take
 * @throws NoRoom
 */
export function requireMemory(location: string, bytes: number, limits: Limits = limitsHere()): void {
  const needed = bytes + RESERVE;
  const available = availableIn(limits);
  if (needed <= available) return;
  const megabytes = Math.ceil(((limits.lambda ?? 0) + needed - available) / MiB);
  const hint =
    limits.lambda === undefined
      ? 'give the process more memory, or open fewer files: open(location, { only: … })'
      : `set MemorySize to at least ${megabytes} MB, or open fewer files: open(location, { only: … })`;
  throw new NoRoom(location, needed, available, { hint });
}
