import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** What a command took, with everything that it started. What only Linux tells is 0 elsewhere. */
export interface Measured {
  readonly seconds: number;
  /** Of processor time, the user's and the system's. */
  readonly cpu: number;
  /** The most memory that was resident at once, in bytes. */
  readonly peak: number;
  /** Bytes that went to a disk, or will from the page cache; what is only in memory (tmpfs) does not count. */
  readonly written: number;
}

/**
 * The shell counts what its children took, and Linux adds their input and output to the shell's: both also for those
 * that are gone by the time one could ask.
 */
const WRAPPER = `
exec 4>&2
TIMEFORMAT='%R %U %S'
{ time "$@" 2>&4 3>&- 4>&-; } 2>&3
code=$?
grep -s ^write_bytes /proc/$$/io >&3
exit $code`;

const POLL_MS = 20;

/** Runs a command to its end. @throws when its exit code is not 0, with what it said */
export async function measure(
  command: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Measured> {
  const child = spawn('bash', ['-c', WRAPPER, 'bash', ...command], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let said = '';
  let told = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  }
  child.stdio[3]?.on('data', (chunk: Buffer) => (told += chunk.toString()));
  let peak = 0;
  const timer = setInterval(() => {
    void residentBelow(child.pid!).then((bytes) => (peak = Math.max(peak, bytes)));
  }, POLL_MS);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  }).finally(() => clearInterval(timer));
  const took = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+)$/m.exec(told);
  if (code !== 0 || took === null) throw new Error(`${command.join(' ')} ended with ${code}: ${said}`);
  const [seconds = 0, user = 0, system = 0] = took.slice(1).map(Number);
  return { seconds, cpu: user + system, peak, written: Number(/^write_bytes: (\d+)$/m.exec(told)?.[1] ?? 0) };
}

/** Of the processes that a process started, and those that they started. Each is counted with its own high-water mark. */
async function residentBelow(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const each = children.split(' ').filter((child) => child !== '');
  const sizes = await Promise.all(
    each.map(async (child) => (await peakOf(child)) + (await residentBelow(Number(child)))),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The kernel's high-water mark, so that polling misses only the very end. */
async function peakOf(pid: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
