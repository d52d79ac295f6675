export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

/** The one currency of streams: the consumer pulls, so it sets the pace. */
export type Bytes = AsyncIterable<Uint8Array>;

/**
 * Something of known size that can be read at any place, several times at once.
 * A plan, a file on disk and an object in S3 are the three behind a bundle.
 */
export interface Content {
  /** In bytes. */
  readonly size: number;
  /** Fills all of `into` with the bytes from `start` on; rejects when it cannot. */
  read(into: Uint8Array, start: number, signal?: AbortSignal): Promise<void>;
}

/** A content that exists somewhere, open until it is disposed of. */
export interface Stored extends Content, AsyncDisposable {
  /** As the user may paste it. */
  readonly location: string;
}

const CHUNK = 4 * MiB;

/**
 * The bytes from `start` up to `end` (exclusive), in order, as chunks that are reused: a chunk is the consumer's
 * until it asks for the next one.
 */
export async function* open(content: Content, start = 0, end = content.size): Bytes {
  const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK, Math.max(0, end - start)));
  for (let position = start; position < end;) {
    const chunk = buffer.subarray(0, Math.min(buffer.length, end - position));
    await content.read(chunk, position);
    yield chunk;
    position += chunk.length;
  }
}
