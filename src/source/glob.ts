/**
 * Globs as Python's `fnmatchcase` reads them, because that is what `hf download --include` does and what people
 * paste from model cards: `*` crosses `/`, `?`, `[abc]`, `[a-z]`, `[!abc]`, and nothing else is special.
 *
 * Not picomatch: its `[!a]` means something else, and every `*` becomes a `.*?` of one regular expression, which
 * took 20 s for `*a*a*a*a*a*a*a*a*b` on a path of 50 letters. Here the work is at most pattern × path.
 */

type OneCharacter = (character: string) => boolean;
type Step = OneCharacter | 'any run';

/** Tells whether a path matches one of `patterns`. `folder/` is everything below it; a leading `./` is ignored. */
export function matcher(patterns: readonly string[]): (path: string) => boolean {
  const all = patterns.map((pattern) => steps(wholePattern(pattern)));
  return (path) => {
    const characters = Array.from(path);
    return all.some((some) => matches(some, characters));
  };
}

/** The pattern that matches `path` and no other path. */
export function literal(path: string): string {
  return path.replace(/[*?[]/g, '[$&]');
}

function wholePattern(pattern: string): string {
  const relative = pattern.replace(/^(?:\.\/)+/, '');
  return relative.endsWith('/') ? `${relative}*` : relative;
}

function steps(pattern: string): Step[] {
  const characters = Array.from(pattern);
  const found: Step[] = [];
  let at = 0;
  while (at < characters.length) {
    const character = characters[at++];
    if (character === '*') {
      if (found.at(-1) !== 'any run') found.push('any run');
    } else if (character === '?') {
      found.push(() => true);
    } else if (character === '[' && closing(characters, at) !== undefined) {
      const end = closing(characters, at) ?? at;
      found.push(oneOf(characters.slice(at, end)));
      at = end + 1;
    } else {
      found.push((other) => other === character);
    }
  }
  return found;
}

/** Where the `]` of a set stands whose inside begins at `start`; one that comes first is a member of the set. */
function closing(characters: readonly string[], start: number): number | undefined {
  const first = characters[start] === '!' ? start + 1 : start;
  const end = characters.indexOf(']', first + 1);
  return end === -1 ? undefined : end;
}

function oneOf(inside: readonly string[]): OneCharacter {
  const negated = inside[0] === '!';
  const members = negated ? inside.slice(1) : inside;
  const ranges: { low: number; high: number }[] = [];
  for (let at = 0; at < members.length; at++) {
    const isRange = members[at + 1] === '-' && members[at + 2] !== undefined;
    const low = codePoint(members[at]);
    ranges.push({ low, high: isRange ? codePoint(members[at + 2]) : low });
    if (isRange) at += 2;
  }
  return (character) => {
    const code = codePoint(character);
    return ranges.some(({ low, high }) => low <= code && code <= high) !== negated;
  };
}

function codePoint(character: string | undefined): number {
  return character?.codePointAt(0) ?? Number.NaN;
}

/** A run takes as little as it can; on a mismatch only the latest run grows, which is enough and never explodes. */
function matches(pattern: readonly Step[], path: readonly string[]): boolean {
  let step = 0;
  let at = 0;
  let run: { step: number; at: number } | undefined;
  while (at < path.length) {
    const test = pattern[step];
    if (test === 'any run') {
      run = { step: ++step, at };
    } else if (test?.(path[at] ?? '') === true) {
      step++;
      at++;
    } else if (run === undefined) {
      return false;
    } else {
      run.at++;
      ({ step, at } = run);
    }
  }
  return pattern.slice(step).every((rest) => rest === 'any run');
}
