/** `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * What a `Range` header asks of `size` bytes; the whole for no header, a malformed one, or several ranges
 * (of which the Hub makes the whole file too: huggingface_hub#2248).
 */
export function spanOf(header: string | undefined, size: number): Span | 'whole' | 'unsatisfiable' {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return 'whole';
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < start) return 'whole';
  return start >= size ? 'unsatisfiable' : { start, end };
}
