import { TokenParser, Tokenizer, TokenType } from '@streamparser/json';

import type { Watch } from '../bundle/check.ts';
import { messageOf, ModelpackError } from '../errors.ts';
import { quoted } from '../printable.ts';

/*
 * https://github.com/huggingface/safetensors#format
 *
 *   0       u64 LE   n, the length of the header
 *   8       n bytes  JSON {name: {dtype, shape, data_offsets: [begin, end]}}, padded with spaces
 *   8 + n            the tensors, back to back; offsets count from here
 */
const LENGTH = 8;
/** In bytes; a longer header is refused by the format's own library. */
const LONGEST_HEADER = 100_000_000;
/** Nothing stands before the JSON, which is an object. */
const BRACE = 0x7b;

/** Bits of one number of each type. https://github.com/huggingface/safetensors/blob/main/safetensors/src/tensor.rs */
const bits = new Map(
  Object.entries({
    4: 'F4',
    6: 'F6_E2M3 F6_E3M2',
    8: 'BOOL U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ',
    16: 'I16 U16 F16 BF16',
    32: 'I32 U32 F32',
    64: 'I64 U64 F64 C64',
  }).flatMap(([width, types]) => types.split(' ').map((type) => [type, BigInt(width)] as const)),
);

export function isSafetensorsName(path: string): boolean {
  return /\.safetensors$/i.test(path);
}

/**
 * Checks the header of a safetensors file as its own library does, so that no loader is given offsets that lead
 * outside of the file or into each other. What is wrong is said at the end of the file: if its hash is wrong, it is that
 * which has to be told.
 *
 * @param size of the whole file, in bytes
 * @param path for messages
 */
export function headerCheck(size: number, path: string): Watch {
  const tensors = new Tensors();
  const json = parser(tensors);
  let start = Buffer.alloc(0);
  /** Where the header ends; known when its length is there. */
  let end: number | undefined;
  let seen = LENGTH;
  let wrong: string | undefined;

  function update(data: Uint8Array): void {
    if (wrong !== undefined || seen === end) return;
    try {
      if (end !== undefined) return take(data, end);
      start = Buffer.concat([start, data]);
      if (start.length < LENGTH) return;
      end = LENGTH + lengthIn(start, size);
      take(start.subarray(LENGTH), end);
    } catch (error) {
      wrong = messageOf(error);
    }
  }

  function take(data: Uint8Array, until: number): void {
    const header = data.subarray(0, until - seen);
    if (seen === LENGTH && header.length > 0 && header[0] !== BRACE) {
      throw new Error('its header does not begin with {');
    }
    seen += header.length;
    json.write(header);
    if (seen < until) return;
    json.end();
    tensors.check(size - until);
  }

  function finish(): void {
    if (wrong === undefined && seen === end) return;
    throw new ModelpackError(
      'integrity',
      `${path} is no valid safetensors file: ${wrong ?? 'it is cut off'}`,
      { hint: 'it was published so, its hash is right: leave it out with --exclude, and tell its author' },
    );
  }

  return { update, finish };
}

function lengthIn(start: Buffer, size: number): number {
  const length = start.readBigUInt64LE(0);
  if (length > LONGEST_HEADER)
    throw new Error(`its header would have ${length} bytes, at most ${LONGEST_HEADER} are allowed`);
  if (LENGTH + Number(length) > size)
    throw new Error(`its header would have ${length} bytes, the file has ${size}`);
  return Number(length);
}

/** JSON: a name, an object in it, an array in that. */
const DEEPEST = 3;
/** Of one tensor, or of all metadata. */
const MOST_TOKENS = 1_000_000;

/** Gives the tensors one by one: a header of 100 MB takes no more memory than its names. */
function parser(tensors: Tensors): { write(chunk: Uint8Array): void; end(): void } {
  const tokens = new Tokenizer({ stringBufferSize: 64 * 1024 });
  const values = new TokenParser({ paths: ['$.*'], keepStack: false });
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  let depth = 0;
  let count = 0;
  tokens.onToken = (token) => {
    if (token.token === TokenType.LEFT_BRACE || token.token === TokenType.LEFT_BRACKET) depth += 1;
    if (token.token === TokenType.RIGHT_BRACE || token.token === TokenType.RIGHT_BRACKET) depth -= 1;
    if (depth > DEEPEST || ++count > MOST_TOKENS) throw new Error('its header has another shape');
    values.write(token);
  };
  values.onValue = ({ key, value }) => {
    count = 0;
    tensors.add(String(key), value);
  };
  return {
    write(chunk) {
      utf8.decode(chunk, { stream: true });
      tokens.write(chunk);
    },
    end() {
      if (!values.isEnded) throw new Error('its header is no complete JSON');
      if (!tokens.isEnded) tokens.end();
    },
  };
}

interface Extent {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

class Tensors {
  readonly #names = new Set<string>();
  readonly #extents: Extent[] = [];

  add(name: string, value: unknown): void {
    if (this.#names.has(name)) throw new Error(`it has two tensors ${quoted(name)}`);
    this.#names.add(name);
    if (name === '__metadata__') {
      const fits =
        value === null || (isObject(value) && Object.values(value).every((each) => typeof each === 'string'));
      if (!fits) throw new Error('its metadata are not all text');
    } else this.#extents.push(extentOf(name, value));
  }

  /** @param room for the data, in bytes: all of it, and nothing twice */
  check(room: number): void {
    let at = 0;
    for (const { name, begin, end } of this.#extents.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
      if (begin < at) throw new Error(`tensor ${quoted(name)} overlaps with another`);
      if (begin > at)
        throw new Error(`there are ${begin - at} bytes before tensor ${quoted(name)} that belong to none`);
      at = end;
    }
    if (at !== room) throw new Error(`its tensors take ${at} bytes, the file has ${room} for them`);
  }
}

function extentOf(name: string, value: unknown): Extent {
  const { dtype, shape, data_offsets: offsets } = isObject(value) ? value : {};
  const shaped = isSizes(shape) && isSizes(offsets) && offsets.length === 2 && typeof dtype === 'string';
  if (!shaped) throw new Error(`what it says of tensor ${quoted(name)} is not well formed`);
  const [begin, end] = offsets as [number, number];
  let wanted = bits.get(dtype);
  if (wanted === undefined) throw new Error(`tensor ${quoted(name)} is of the unknown type ${quoted(dtype)}`);
  for (const dimension of shape) {
    wanted *= BigInt(dimension);
    if (wanted > 2n ** 64n) throw new Error(`tensor ${quoted(name)} has a shape of more than 2^64 bits`);
  }
  if (wanted !== BigInt(end - begin) * 8n) {
    throw new Error(
      `tensor ${quoted(name)} has ${end - begin} bytes, its type and shape need ${wanted / 8n}`,
    );
  }
  return { name, begin, end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
