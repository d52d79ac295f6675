import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where the main thread of a Node process spent its time, in seconds, most first. */
export type Profile = readonly (readonly [kind: string, seconds: number])[];

/** As `--cpu-prof` writes it: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds. */
  readonly timeDeltas: readonly number[];
}

interface Frame {
  readonly name: string;
  readonly url: string;
}

/** Runs `run` with flags for Node that make it write a profile, and sums that up. */
export async function profiled(run: (flags: readonly string[]) => Promise<unknown>): Promise<Profile> {
  const folder = await mkdtemp(join(tmpdir(), 'modelpack-profile-'));
  try {
    await run(['--cpu-prof', '--cpu-prof-dir', folder]);
    const [file] = await readdir(folder);
    if (file === undefined) throw new Error('no profile was written');
    return sumUp(JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function sumUp({ nodes, samples, timeDeltas }: CpuProfile): Profile {
  const frames = new Map<number, Frame>();
  const callers = new Map<number, number>();
  for (const { id, callFrame, children = [] } of nodes) {
    frames.set(id, { name: callFrame.functionName, url: callFrame.url });
    for (const child of children) callers.set(child, id);
  }

  /** The function itself first, then who called it. */
  function* stackOf(id: number): Generator<Frame> {
    for (let at: number | undefined = id; at !== undefined; at = callers.get(at)) yield frames.get(at)!;
  }

  const sums = new Map<string, number>();
  for (const [i, id] of samples.entries()) {
    const kind = kindOf([...stackOf(id)]);
    sums.set(kind, (sums.get(kind) ?? 0) + timeDeltas[i]! / 1e6);
  }
  return [...sums].toSorted(([, a], [, b]) => b - a);
}

const WRITES = new Set(['writev', 'writeBuffer', 'writeLatin1String', 'writeUtf8String']);

function kindOf(stack: readonly Frame[]): string {
  const { name, url } = stack[0]!;
  if (name === '(idle)') return 'idle';
  if (name === '(garbage collector)') return 'garbage collection';
  if (stack.some((frame) => frame.url.startsWith('node:internal/modules/'))) return 'loading modules';
  if (url === 'node:internal/crypto/hash') return 'sha256, sha1, MD5';
  if (name === 'crc32') return 'CRC32';
  if (WRITES.has(name) && url === '') return 'writing to sockets';
  if (name === 'receiveRange') return 'copying what arrives';
  // Natives and Node's own belong to who called them.
  const owner = stack.find((frame) => frame.url.startsWith('file:'))?.url ?? '';
  const [, part] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(owner) ?? [];
  if (part !== undefined) return part.startsWith('@smithy/') || part.startsWith('@aws-') ? 'AWS SDK' : part;
  return owner === '' ? 'Node' : 'modelpack';
}
