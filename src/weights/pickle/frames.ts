import { Malformed, Unreadable } from '../failure.ts';

/** FRAME and its length, in bytes. */
const FRAME_OPCODE = 9;

/**
 * Frames say how much may be read at once. CPython's unpickler loses bytes where an opcode reaches over the end of one,
 * and reads something else than what stands there.
 */
export class Frames {
  #end = 0;

  begin(start: number, length: number, left: number): void {
    if (length > left) throw new Malformed('ends in the middle of a frame');
    if (start - FRAME_OPCODE < this.#end) throw new Unreadable('has frames in each other');
    this.#end = start + length;
  }

  pass(start: number, end: number): void {
    if (start < this.#end && end > this.#end)
      throw new Unreadable('has an opcode that is not whole in its frame');
  }
}
