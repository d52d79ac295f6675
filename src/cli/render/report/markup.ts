import { printable } from '../../../printable.ts';

/** A piece of HTML or SVG that is safe as it is. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type Content = Markup | string | number | false | undefined | readonly Content[];

/** Markup with contents put in. Texts are escaped, whatever is in them; only `Markup` is taken as it is. */
export function markup(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(strings.reduce((text, next, at) => text + asText(contents[at - 1]) + next));
}

function asText(content: Content): string {
  if (content === false || content === undefined) return '';
  if (typeof content === 'string') return escaped(content);
  if (typeof content === 'number') return String(content);
  return content instanceof Markup ? content.toString() : content.map(asText).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return printable(text).replaceAll(/[&<>"']/g, (character) => entities[character]!);
}
