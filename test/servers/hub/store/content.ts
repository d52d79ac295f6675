import { createCipheriv, createHash } from 'node:crypto';

import type { GeneratedContent } from '../options.ts';

/** Bytes that can be read from any offset, any number of times. */
export interface Content {
  readonly size: number;
  /** Equal names mean equal bytes; known without reading them, so that a commit id costs no hash of a big file. */
  readonly name: string;
  /** The bytes from `start` to `end` (exclusive), in fresh buffers of at most 1 MiB. */
  chunks(start: number, end: number): Iterable<Buffer>;
}

const CHUNK = 1024 * 1024;
const none = Buffer.alloc(0);
const PAGE = 4096;

/** Twice the same pseudo-random MiB, so that any rotation of it is one contiguous copy. */
const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(CHUNK));
const twice = Buffer.concat([noise, noise]);

export function contentOf(from: Buffer | GeneratedContent): Content {
  return Buffer.isBuffer(from) ? held(from) : generated(from);
}

export function held(bytes: Buffer): Content {
  return {
    size: bytes.length,
    name: `bytes:${createHash('sha1').update(bytes).digest('hex')}:${bytes.length}`,
    *chunks(start, end) {
      for (let at = start; at < end; at += CHUNK) yield bytes.subarray(at, Math.min(at + CHUNK, end));
    },
  };
}

/*
 * Every page of 4096 bytes, at absolute offset p * 4096:
 *
 *   0   u32 LE   p           bytes at a wrong offset are seen, not only wrong bytes
 *   4   u32 LE   seed
 *   8   noise, rotated by the seed
 *
 * then `head` over the first bytes of the file, and `tail` over the last.
 */
function generated({ size, seed, head = none, tail = none }: GeneratedContent): Content {
  const rotation = (Math.imul(seed, 0x9e3779b1) >>> 12) & ~7;
  return {
    size,
    name: `seed:${seed}:${size}:${createHash('sha1').update(head).update(tail).digest('hex')}`,
    *chunks(start, end) {
      for (let at = start; at < end;) {
        const stop = Math.min(at - (at % CHUNK) + CHUNK, end);
        yield pages(at, stop);
        at = stop;
      }
    },
  };

  /** `start` and `end` lie in one MiB. */
  function pages(start: number, end: number): Buffer {
    const first = start - (start % PAGE);
    const bytes = Buffer.allocUnsafe(Math.ceil((end - first) / PAGE) * PAGE);
    twice.copy(bytes, 0, rotation + (first % CHUNK) - (rotation + (first % CHUNK) >= CHUNK ? CHUNK : 0));
    for (let at = 0; at < bytes.length; at += PAGE) {
      bytes.writeUInt32LE((first + at) / PAGE, at);
      bytes.writeUInt32LE(seed >>> 0, at + 4);
    }
    if (first < head.length) head.copy(bytes, 0, first);
    const last = size - tail.length;
    if (end > last) tail.copy(bytes, Math.max(0, last - first), Math.max(0, first - last));
    return bytes.subarray(start - first, end - first);
  }
}

/** The same bytes with one bit changed. */
export function flipped(content: Content, at: number): Content {
  return {
    size: content.size,
    name: `${content.name}:flipped:${at}`,
    *chunks(start, end) {
      let offset = start;
      for (const chunk of content.chunks(start, end)) {
        const hit = at >= offset && at < offset + chunk.length;
        offset += chunk.length;
        yield hit ? flip(chunk, at - (offset - chunk.length)) : chunk;
      }
    },
  };
}

function flip(chunk: Buffer, at: number): Buffer {
  const copy = Buffer.from(chunk);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}
