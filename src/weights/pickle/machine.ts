import { Malformed, Unreadable } from '../failure.ts';

/**
 * A text that may become a name, or what tells that the function `loader` is called with bytes that can be looked into;
 * undefined for every other value.
 */
export type Value = string | Literal | typeof loader | undefined;

/** Bytes as they stand in the pickle, or the arguments of a call that has only them. */
export interface Literal {
  readonly kind: 'bytes' | 'arguments';
  readonly start: number;
  readonly length: number;
}

/** The function that PyTorch's tensors are loaded by when they are pickled without torch.save. */
export const loader = Symbol('torch.storage._load_from_bytes');

/** Values on the stack, and entries of the memo: far more than what weights are made of. */
const LIMIT = 2 ** 20;

/** The stack and the memo of an unpickler, of which only little is known. */
export class Machine {
  readonly #stack: Value[] = [];
  /** Heights of the stack. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, Value>();

  push(value: Value): void {
    bound(this.#stack.push(value) + this.#marks.length);
  }

  mark(): void {
    bound(this.#marks.push(this.#stack.length) + this.#stack.length);
  }

  /** The top value. No value below the last mark can be taken. */
  pop(): Value {
    this.#check(1);
    return this.#stack.pop();
  }

  /** @returns whether the loader was among what some object now has */
  drop(count: number): boolean {
    this.#check(count);
    return this.#cut(this.#stack.length - count);
  }

  /** The same of all values above the last mark. */
  dropMark(): boolean {
    const mark = this.#marks.pop();
    if (mark === undefined) throw new Malformed('has no mark where one is needed');
    return this.#cut(mark);
  }

  /** What POP does: a mark is a value to it. */
  dropAny(): void {
    if (this.#stack.length > this.#floor) this.#stack.pop();
    else this.dropMark();
  }

  top(): Value {
    this.#check(1);
    return this.#stack.at(-1);
  }

  put(key: number): void {
    this.#memo.set(key, this.top());
    bound(this.#memo.size);
  }

  memoize(): void {
    this.put(this.#memo.size);
  }

  get(key: number): void {
    if (!this.#memo.has(key)) throw new Malformed('refers to what it did not remember');
    this.push(this.#memo.get(key));
  }

  #cut(height: number): boolean {
    const had = this.#stack.includes(loader, height);
    this.#stack.length = height;
    return had;
  }

  get #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #check(count: number): void {
    if (this.#stack.length - this.#floor < count)
      throw new Malformed('takes more from its stack than there is');
  }
}

function bound(count: number): void {
  if (count > LIMIT) throw new Unreadable('holds too much at once');
}
