import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

import type { Content } from './content.ts';

type Algorithm = 'sha256' | 'blobSha1';

/** Shared by all fixtures of the process: a test file that starts ten hubs hashes its big file once. */
const known = new Map<string, string>();

export function sha1Hex(text: string | Buffer): string {
  return createHash('sha1').update(text).digest('hex');
}

export function sha256Hex(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

/** SHA-256 of the content, computed when first asked for; blocks for about a second per 1.5 GB. */
export function sha256(content: Content): string {
  return remembered('sha256', content);
}

/** The name git gives the content: SHA-1 of `blob <length>\0` and the bytes. */
export function blobSha1(content: Content): string {
  return remembered('blobSha1', content);
}

/** Computes the hash without blocking the process, for later. */
export async function prepare(algorithm: Algorithm, content: Content): Promise<void> {
  const key = `${algorithm}:${content.name}`;
  if (known.has(key)) return;
  const steps = hashing(algorithm, content);
  let step = steps.next();
  for (let chunks = 1; step.done !== true; chunks++) {
    if (chunks % 8 === 0) await setImmediate();
    step = steps.next();
  }
  known.set(key, step.value);
}

function remembered(algorithm: Algorithm, content: Content): string {
  const key = `${algorithm}:${content.name}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const steps = hashing(algorithm, content);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  known.set(key, step.value);
  return step.value;
}

function* hashing(algorithm: Algorithm, content: Content): Generator<undefined, string> {
  const hash = createHash(algorithm === 'sha256' ? 'sha256' : 'sha1');
  if (algorithm === 'blobSha1') hash.update(`blob ${content.size}\0`);
  for (const chunk of content.chunks(0, content.size)) {
    hash.update(chunk);
    yield;
  }
  return hash.digest('hex');
}
