import { limits, MB } from '../budget/limits.ts';
import { ModelpackError } from '../errors.ts';
import { brief, quoted } from '../printable.ts';
import { formatCount } from '../size.ts';
import type { TemplateFunction } from './functions.ts';
import type { Resolve } from './value.ts';
import { literal, type Node } from './yaml.ts';

/** A setting in MB: what Lambda takes, in bytes, and the option that says it in place of the template. */
interface Range {
  readonly flag: '--tmp' | '--memory';
  readonly min: number;
  readonly max: number;
}

export const storage: Range = { flag: '--tmp', min: limits.tmpDefault.bytes, max: limits.tmpMax.bytes };
export const memory: Range = { flag: '--memory', min: limits.memoryMin.bytes, max: limits.memoryMax.bytes };

/** Reads the properties of one function. Every error has the line. */
export class Properties {
  readonly #path: string;
  readonly #function: TemplateFunction;
  readonly #resolve: Resolve;

  constructor(path: string, own: TemplateFunction, resolve: Resolve) {
    this.#path = path;
    this.#function = own;
    this.#resolve = resolve;
  }

  /** Whole MB, as bytes. */
  size(keys: readonly string[], { flag, min, max }: Range): number | undefined {
    const node = this.#find(keys, `say it: ${flag} <size>`);
    if (node === undefined) return undefined;
    const bytes = /^\d{1,9}$/.test(node.text ?? '') ? Number(node.text) * MB : Number.NaN;
    if (bytes >= min && bytes <= max) return bytes;
    throw this.error(node.line, `has ${keys.join('.')} ${shown(node)}`, {
      hint: `Lambda takes whole MB from ${formatCount(min / MB)} to ${formatCount(max / MB)}`,
    });
  }

  choice<const T extends string>(keys: readonly string[], words: readonly T[]): T | undefined {
    const node = this.#find(keys, 'say its parameter: --parameter <name=value>');
    if (node === undefined) return undefined;
    const word = words.find((each) => each === node.text);
    if (word !== undefined) return word;
    throw this.error(node.line, `has ${keys.join('.')} ${shown(node)}`, {
      hint: `it takes ${words.join(' or ')}`,
    });
  }

  /** Whether there is such a property, whatever it is. */
  has([key, ...inner]: readonly string[]): boolean {
    const { properties, general } = this.#function;
    return [properties, general].some((layer) => {
      const node = inner.reduce((at: Node, each) => at.get(each), layer?.get(key!) ?? literal(undefined, 0));
      return node.exists;
    });
  }

  error(line: number, what: string, options: { readonly hint: string }): ModelpackError {
    const { name } = this.#function;
    return new ModelpackError('usage', `${this.#path}:${line}: ${brief(name)} ${what}`, options);
  }

  /** The function's own, or what holds for all; undefined where neither says it. */
  #find(keys: readonly string[], hint: string): Node | undefined {
    const { properties, general } = this.#function;
    for (const layer of [properties, general]) {
      let node = layer;
      for (const key of [undefined, ...keys]) {
        if (node === undefined) break;
        const written = key === undefined ? node : node.get(key);
        const found = this.#resolve(written);
        if ('why' in found)
          throw this.error(written.line, `has a ${keys.join('.')} that is not known: ${found.why}`, { hint });
        node = found.node.exists ? found.node : undefined;
      }
      if (node !== undefined) return node;
    }
    return undefined;
  }
}

function shown(node: Node): string {
  return node.text === undefined ? 'of the wrong kind' : quoted(node.text);
}
