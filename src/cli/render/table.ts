import { printable } from '../../printable.ts';

/** What text takes on the screen, in cells: its code points. */
export function widthOf(text: string): number {
  return Array.from(text).length;
}

/** The width of the widest. */
export function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(widthOf));
}

/** Pads on the right, so that the text stands left. */
export function left(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function right(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

/** Cuts the beginning off where the text is too wide: the end of a path says more. */
export function shorten(text: string, width: number): string {
  const points = Array.from(text);
  if (points.length <= width) return text;
  return `…${points.slice(points.length - Math.max(1, width - 1)).join('')}`;
}

/**
 * Lines of at most `width` cells, broken between words only; a number keeps what it counts.
 * A word that is wider stands alone.
 */
export function wrap(text: string, width: number): string[] {
  return text === '' ? [] : fill(text.split(/(?<!\d) +/), width);
}

/** Puts as many words on each line as it takes. */
export function fill(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** A bar that is full at `share` 1 and one cell short of `cells` then; the last cell says that it is over. */
export function bar(share: number, over: boolean, cells: number): string {
  const room = cells - 1;
  if (over) return `${'█'.repeat(room)}▏`;
  if (share === 0) return '';
  const eighths = Math.min(room * 8, Math.max(1, Math.floor(share * room * 8)));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

/** A table in GitHub's Markdown. `sides` has one of `l`, `c`, `r` a column. Pipes in cells are escaped. */
export function markdownTable(
  heads: readonly string[],
  sides: string,
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rules = Array.from(sides, (side) => ({ l: ':--', c: ':-:', r: '--:' })[side] ?? '---');
  return [line(heads), line(rules), ...rows.map(line)].join('\n');
}

/** `text` as code: nothing in it is read as Markdown, and nobody is mentioned. */
export function codeSpan(text: string): string {
  const ticks = '`'.repeat(longestTicks(text) + 1);
  return ticks.length === 1 ? `\`${text}\`` : `${ticks} ${text} ${ticks}`;
}

/** A command in a block that GitHub offers to copy. */
export function fence(command: string): string {
  const ticks = '`'.repeat(Math.max(3, longestTicks(command) + 1));
  return `${ticks}sh\n${command}\n${ticks}`;
}

/** Pipes are left to the table. */
export function escapeMarkdown(text: string): string {
  return printable(text).replaceAll(/[\\`*_[\]<>]/g, String.raw`\$&`);
}

function longestTicks(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
