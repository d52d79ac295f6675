import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';

import { codeOf, ModelpackError } from '../errors.ts';

/** A live run touches its lock this often; one that was not touched for longer than `STALE` is nobody's. */
const TOUCH_SECONDS = 10;
const STALE_SECONDS = 60;

interface Owner {
  readonly pid: number;
  readonly host: string;
}

export interface Lock {
  release(): Promise<void>;
}

/**
 * Keeps two runs off one output. A file with its owner and a pulse rather than `flock`, which lies on network
 * file systems (https://github.com/huggingface/huggingface_hub/issues/4228); the hashes at the end make a lying lock cost bandwidth, never a
 * wrong bundle.
 *
 * @param output what is written, for messages
 * @throws ModelpackError `usage` while another run holds it
 */
export async function lock(path: string, output: string): Promise<Lock> {
  if (!(await create(path))) {
    await takeOver(path, output);
    if (!(await create(path))) throw held(path, output, undefined);
  }
  const pulse = setInterval(() => {
    const now = new Date();
    // A lock that someone removed has nothing to touch; the run goes on, its rename is atomic.
    utimes(path, now, now).catch(() => {});
  }, TOUCH_SECONDS * 1000).unref();
  return {
    async release() {
      clearInterval(pulse);
      await rm(path, { force: true });
    },
  };
}

async function create(path: string): Promise<boolean> {
  const handle = await open(path, 'wx').catch((error: unknown) => {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  });
  if (handle === undefined) return false;
  const owner: Owner = { pid: process.pid, host: hostname() };
  await handle.writeFile(`${JSON.stringify(owner)}\n`);
  await handle.close();
  return true;
}

/** Moves a dead run's lock away. Of two that try at once, one moves it and the other finds it gone. */
async function takeOver(path: string, output: string): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => '');
  const owner = parse(before);
  if (!(await isStale(path, owner))) throw held(path, output, owner);
  const away = `${path}.${process.pid}`;
  await rename(path, away).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
  if ((await readFile(away, 'utf8').catch(() => before)) !== before) {
    await rename(away, path); // it was a new run's already
    throw held(path, output, undefined);
  }
  await rm(away, { force: true });
}

async function isStale(path: string, owner: Owner | undefined): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return true;
  if ((Date.now() - found.mtimeMs) / 1000 > STALE_SECONDS) return true;
  if (owner?.host !== hostname()) return false;
  return owner.pid === process.pid || !isAlive(owner.pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 only asks
    return !isZombie(pid);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/**
 * A process that has ended and for which nobody has waited still takes signals: in a container whose first process
 * waits for nobody, for ever. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
function isZombie(pid: number): boolean {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return line.startsWith(' Z', line.lastIndexOf(')') + 1); // the name before may hold anything
  } catch {
    return false; // there is no such file system
  }
}

function parse(text: string): Owner | undefined {
  try {
    const { pid, host } = JSON.parse(text) as Owner;
    return Number.isInteger(pid) && pid > 0 && typeof host === 'string' ? { pid, host } : undefined;
  } catch {
    return undefined; // torn by a crash: only its age counts
  }
}

function held(path: string, output: string, owner: Owner | undefined): ModelpackError {
  const who = owner === undefined ? 'another run' : `another run (process ${owner.pid} on ${owner.host})`;
  return new ModelpackError('usage', `${who} is writing ${output}`, {
    hint: `wait for it to end; if it is gone, remove ${path}`,
  });
}
