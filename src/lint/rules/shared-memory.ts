import type { Use } from '../project.ts';
import type { Rule } from './rule.ts';

const primitives =
  'Pool|Queue|JoinableQueue|SimpleQueue|Lock|RLock|Semaphore|BoundedSemaphore|Event|Condition|Barrier|Value|Array';
const multiprocessing = new RegExp(
  `^(?:multiprocessing|torch\\.multiprocessing|multiprocess)(?:\\.(?:context|synchronize|queues|pool|sharedctypes))*(?:\\.get_context\\(\\))?\\.(?:${primitives})$`,
);

export const sharedMemory: Rule = {
  code: 'shared-memory',
  level: 'error',
  title: 'it needs /dev/shm, which Lambda does not have',
  why: `Locks, queues and pools of \`multiprocessing\` are made of POSIX semaphores, which need \`/dev/shm\`. Lambda has none:
\`OSError: [Errno 38] Function not implemented\`. Docker has one, so that it works there. \`Process\` with \`Pipe\`, and threads,
do work.`,
  bad: `from multiprocessing import Pool

def handler(event, context):
    with Pool(4) as pool:
        return pool.map(len, event["texts"])
`,
  good: `from concurrent.futures import ThreadPoolExecutor

def handler(event, context):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(len, event["texts"]))
`,
  *check(module, project) {
    for (const use of project.uses(module)) {
      const needs = needing(use);
      if (needs === undefined) continue;
      yield {
        range: use.callee,
        ...(use.call.byHand ? { level: 'note' as const } : needs.level && { level: needs.level }),
        message: `${needs.what} needs /dev/shm, which Lambda does not have`,
        help: needs.help,
      };
    }
  },
};

interface Need {
  readonly what: string;
  readonly help: string;
  readonly level?: 'warning' | 'note';
}

function needing({ name, args }: Use): Need | undefined {
  if (name === undefined) return undefined;
  const threads = 'use threads (concurrent.futures.ThreadPoolExecutor), or Process with Pipe';
  if (multiprocessing.test(name)) return { what: name, help: threads };
  if (/^multiprocessing\.shared_memory\.(?:SharedMemory|ShareableList)$/.test(name))
    return { what: name, help: 'use mmap, or a file below /tmp' };
  if (/^concurrent\.futures(?:\.process)?\.ProcessPoolExecutor$/.test(name))
    return { what: name, help: threads };
  if (/^torch\.utils\.data(?:\.dataloader)?\.DataLoader$/.test(name)) {
    const workers = args.get({ name: 'num_workers', position: 5 })?.value;
    const some = workers?.kind === 'constant' && typeof workers.value === 'number' && workers.value > 0;
    return some ? { what: 'DataLoader(num_workers>0)', help: 'use num_workers=0' } : undefined;
  }
  if (name !== 'joblib.Parallel' || args.get({ name: 'backend' }) !== undefined) return undefined;
  const jobs = args.get({ name: 'n_jobs', position: 0 })?.value;
  const threaded = args.get({ name: 'prefer' })?.value ?? args.get({ name: 'require' })?.value;
  if (jobs?.kind !== 'constant' || jobs.value === 1 || threaded !== undefined) return undefined;
  return {
    what: 'joblib.Parallel with processes',
    help: 'use backend="threading"; without it joblib runs one job after the other on Lambda, with a warning',
    level: 'note',
  };
}
