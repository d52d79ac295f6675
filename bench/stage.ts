import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Side } from './compare.ts';
import { measure } from './measure.ts';
import { findPeer, type PeerName } from './peers.ts';
import { startHub, type Distance } from './servers/process.ts';
import { BUCKET, startS3, type Bucket, type S3Kind } from './servers/s3.ts';

export interface StageOptions {
  /** Of the weights on the Hub, in bytes. */
  readonly size: number;
  readonly s3: S3Kind;
  /** With which our side runs besides: one more side for each. */
  readonly flags: readonly (readonly string[])[];
  /** Folders of other builds of modelpack, to be measured besides this one. */
  readonly builds: readonly string[];
  /** Without, our side runs alone. */
  readonly peers: boolean;
  /** Peers also as one would set them, besides their defaults. */
  readonly tuned: boolean;
  readonly distance: Distance | undefined;
  /** For Node, where it runs our side. */
  readonly node?: readonly string[];
}

/** What the sides of a case meet: a Hub with `acme/big`, a bucket, and an empty folder. */
export interface Stage extends AsyncDisposable, StageOptions {
  readonly hub: string;
  readonly bucket: Bucket;
  readonly folder: string;
  /** Nothing of this machine's settings, but where Hub and bucket are. */
  readonly env: NodeJS.ProcessEnv;
  /** Of the servers. */
  readonly pids: readonly number[];
  /** Undefined, and noted, if there is none; undefined if none is wanted. */
  peer(name: PeerName): Promise<Found | undefined>;
  readonly missing: { readonly name: string; readonly why: string }[];
}

export interface Found {
  readonly program: string;
  readonly version: string;
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const { size, s3, distance, peers } = options;
  const folder = await mkdtemp(join(tmpdir(), 'modelpack-bench-'));
  const hub = await startHub(size, distance);
  const bucket = await startS3(s3, distance).catch(async (error: unknown) => {
    await hub[Symbol.asyncDispose]();
    throw error;
  });
  const missing: Stage['missing'] = [];
  return {
    ...options,
    hub: hub.endpoint,
    bucket,
    folder,
    env: {
      PATH: process.env['PATH'],
      LC_ALL: 'C.UTF-8',
      HOME: join(folder, 'home'),
      HF_ENDPOINT: hub.endpoint,
      HF_HUB_DISABLE_XET: '1', // the fixture has no Xet storage behind it
      HF_HUB_DISABLE_PROGRESS_BARS: '1',
      ...bucket.env,
    },
    pids: [hub.pid, bucket.pid],
    async peer(name) {
      if (!peers) return undefined;
      const found = await findPeer(name);
      if (found.program !== undefined) return found;
      missing.push(found);
      return undefined;
    },
    missing,
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await bucket[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const here = fileURLToPath(new URL('..', import.meta.url));

/** Our side, and once more with each of the flags, and from each of the other builds. */
export function ours(
  { flags, builds, node = [] }: Stage,
  make: (command: Command) => Omit<Side, 'name'>,
): Side[] {
  const side = (name: string, build: string, more: readonly string[] = []) => ({
    name,
    ...make((...args) => [process.execPath, ...node, join(build, 'bin/modelpack.js'), ...args, ...more]),
  });
  return [
    side('modelpack', here),
    ...flags.map((more) => side(`modelpack ${more.join(' ')}`, here, more)),
    ...builds.map((build) => side(`modelpack in ${build}`, resolve(build))),
  ];
}

type Command = (...args: readonly string[]) => readonly string[];

/** A side whose work is an object in the bucket, no smaller than the weights. */
export function toBucket(
  { bucket, env, size }: Stage,
  key: string,
  command: (address: string) => readonly string[],
  { settings = {}, before }: { settings?: NodeJS.ProcessEnv; before?: () => Promise<void> } = {},
): Omit<Side, 'name'> {
  return {
    async before() {
      await bucket.remove(key);
      await before?.();
    },
    run: () => measure(command(`s3://${BUCKET}/${key}`), { ...env, ...settings }),
    async after() {
      const found = await bucket.sizeOf(key);
      if (found < size) throw new Error(`${key} has ${found} bytes of ${size}`);
    },
  };
}
