import { styleText } from 'node:util';

/** What the demo says between the commands: plain where it is piped, and never wider than 80 columns. */

/** A step did not give what it must. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected';
}

let steps = 0;

export function step(title: string, ...lines: readonly string[]): void {
  steps += 1;
  say('', paint('bold', `${steps}. ${title}`), ...lines.map(indent), '');
}

/** A command, as it would be typed. */
export function typed(words: readonly string[]): void {
  say(paint('cyan', `$ ${words.map(quote).join(' ')}`));
}

/** Something that was done without a command. */
export function did(text: string): void {
  say(paint('cyan', `> ${text}`));
}

export function note(...lines: readonly string[]): void {
  say(...lines.map(indent));
}

/** The demo goes on only if `fact` is true. @throws Unexpected */
export function proved(fact: boolean, text: string): asserts fact {
  if (!fact) throw new Unexpected(text);
  say(`  ${paint('green', '✓')} ${text}`);
}

export function failed(text: string): void {
  say('', `  ${paint('red', '✗')} ${text}`);
}

export function say(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

function indent(line: string): string {
  return line === '' ? '' : `   ${line}`;
}

function paint(style: 'bold' | 'cyan' | 'green' | 'red', text: string): string {
  const { NO_COLOR, TERM } = process.env;
  const plain = !process.stdout.isTTY || TERM === 'dumb' || (NO_COLOR ?? '') !== '';
  return plain ? text : styleText(style, text);
}

function quote(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word}'`;
}
