import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** Processor time that a process has taken so far, in seconds. Linux counts it in hundredths; 0 elsewhere. */
export async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, in brackets, may hold anything; utime and stime are the 12th and 13th after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

/** The same of all processes together. */
export async function cpuOfAll(): Promise<number> {
  const stat = await readFile('/proc/stat', 'utf8').catch(() => '');
  const [user = 0, nice = 0, system = 0] = stat.split(/\s+/).slice(1, 4).map(Number);
  return (user + nice + system) / 100;
}

/** Waits until nothing keeps the machine busy any more, at most so many seconds. */
export async function quiet(seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const before = await cpuOfAll();
    await delay(1000);
    const share = ((await cpuOfAll()) - before) / availableParallelism();
    if (share < 0.1) return;
  }
}
