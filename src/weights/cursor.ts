import { Malformed } from './failure.ts';
import type { Windows } from './windows.ts';

/** Bytes kept ahead, so that nothing small has to be waited for. */
const AHEAD = 16;

/**
 * Reads forward. Each step first makes sure that its bytes are at hand (`ensure`), the only one that waits; what is
 * skipped is not read.
 */
export class Cursor {
  readonly #windows: Windows;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Of the first byte of `#bytes`. */
  #start: number;

  constructor(windows: Windows, start = 0) {
    this.#windows = windows;
    this.#start = start;
  }

  /** Of the next byte. */
  get position(): number {
    return this.#start + this.#at;
  }

  get left(): number {
    return this.#windows.size - this.position;
  }

  /** Whether the next `length` bytes, or all that are left, are at hand. */
  has(length: number = AHEAD): boolean {
    return this.#at + Math.min(length, this.left) <= this.#bytes.length;
  }

  /** Makes the next `length` bytes available, or all that are left. */
  async ensure(length: number = AHEAD): Promise<void> {
    if (this.has(length)) return;
    const position = this.position;
    this.#bytes = await this.#windows.at(position, Math.min(length, this.left));
    this.#start = position;
    this.#at = 0;
  }

  /** An unsigned number of up to 6 bytes, little-endian. */
  uint(length: number): number {
    return this.bytes(length).readUIntLE(0, length);
  }

  /** An unsigned number of 8 bytes, little-endian. */
  uint64(): number {
    return Number(this.bytes(8).readBigUInt64LE());
  }

  /** To be used before the next step. */
  bytes(length: number): Buffer {
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw new Malformed('ends in the middle');
    this.#at += length;
    return bytes;
  }

  skip(length: number): void {
    if (length > this.left) throw new Malformed('ends in the middle');
    this.#at += length;
    if (this.#at <= this.#bytes.length) return;
    this.#start = this.position;
    this.#at = 0;
    this.#bytes = Buffer.alloc(0);
  }

  /**
   * The bytes up to the next newline, which is passed.
   *
   * @returns undefined when there are more than `most`
   */
  async line(most: number): Promise<Buffer | undefined> {
    await this.ensure(most + 1);
    for (let long = false; ; long = true) {
      const end = this.#bytes.indexOf(0x0a, this.#at);
      if (end >= 0) {
        const line = this.#bytes.subarray(this.#at, end);
        this.#at = end + 1;
        return long || line.length > most ? undefined : line;
      }
      this.skip(this.#bytes.length - this.#at);
      if (this.left === 0) throw new Malformed('ends in the middle');
      await this.ensure();
    }
  }
}
