import assert from 'node:assert/strict';

import type { Checksum } from '../../../src/s3/proof.ts';
import type { UploadResult } from '../../../src/verbs/upload.ts';
import type { Bench, Outcome, Running } from '../bench.ts';
import type { Supports } from '../servers/server.ts';
import { bucket, type Outside } from './outside.ts';
import { writes, type Wire } from './wire.ts';

/** What a contract is tried with: modelpack at one end of a wire, a server at the other, and a look past both. */
export interface Trial {
  readonly bench: Bench;
  readonly supports: Supports;
  readonly outside: Outside;
  readonly wire: Wire;
  /** A bundle of five parts, of one, and another one of five. */
  readonly large: Local;
  readonly small: Local;
  readonly other: Local;
  /** A key that no other contract uses. */
  readonly key: string;
  /** Runs modelpack to its end. */
  run(args: readonly string[], more?: RunOptions): Promise<Outcome>;
  start(args: readonly string[]): Running;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A file for its standard input. */
  readonly input?: string;
}

/** Holds, or throws. */
export type Contract = (trial: Trial) => Promise<void>;
/** By sentences that say what holds. */
export type Contracts = Readonly<Record<string, Contract>>;

/** A bundle on disk. */
export interface Local {
  readonly model: string;
  readonly path: string;
  readonly id: string;
  readonly size: number;
  readonly sha256: string;
}

/** The least that S3 takes, so that small bundles have several. */
export const inParts = ['--part-size', '5MiB'] as const;

export const address = (key: string) => `s3://${bucket}/${key}`;

/** The document of a run that has to succeed. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what it asked for
export function resultOf<T>({ code, stdout, stderr }: Outcome): T {
  assert.equal(code, 0, `exit code ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

export function fails({ code, stderr }: Outcome, expected: number, message: RegExp): void {
  assert.equal(code, expected, `exit code ${code} where ${expected} was expected: ${stderr}`);
  assert.match(stderr, message);
}

export async function upload(trial: Trial, local: Local, ...more: readonly string[]): Promise<UploadResult> {
  const args = ['upload', local.path, address(trial.key), ...inParts, ...more, '--json'];
  return resultOf<UploadResult>(await trial.run(args));
}

/** The object is this bundle, to the last byte, and nothing unfinished is beside it. */
export async function holds({ outside }: Trial, key: string, local: Local): Promise<void> {
  const found = await outside.object(key);
  assert.ok(found !== undefined, `there is no ${key}`);
  const { size, sha256, metadata } = found;
  assert.deepEqual({ size, sha256 }, { size: local.size, sha256: local.sha256 }, `${key} has other bytes`);
  assert.equal(metadata['modelpack-id'], local.id, `${key} has another id`);
  assert.deepEqual(await outside.uploads(key), [], `${key} has unfinished uploads`);
}

/** By what an object can be compared best, here. */
export function bestProof({ crc32, md5Etag }: Supports, made: 'put' | 'parts'): Checksum['algorithm'] {
  if (crc32[made] === 'whole') return 'CRC32';
  return md5Etag ? 'ETAG-MD5' : 'SIZE';
}

/** How many requests wrote something. */
export function written({ log }: Wire): number {
  return log.filter(({ kind }) => writes.has(kind)).length;
}
