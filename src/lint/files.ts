import { readModule, type Module } from './python/module.ts';
import type { Source } from './python/source.ts';
import type { Parsed } from './python/tree.ts';

export type Parse = (text: string) => Parsed | undefined;

/** A file of the project, whose tree is there only while it is looked at. */
export interface ProjectFile {
  readonly source: Source;
  /** What it imports, dotted. */
  readonly imports: readonly string[];
  readonly lines: number;
  /** Where it stops being Python; undefined if it is all Python. */
  readonly firstError: number | undefined;
}

/** Trees take 50 times the room of their text: so much text (UTF-16 units) has trees at once. */
const ROOM = 4_000_000;

/** The files of a project, parsed when they are needed and forgotten when others are. */
export class Files {
  readonly all: readonly ProjectFile[];
  /** Those that took too long to parse. */
  readonly tooLong: readonly string[];
  readonly #parse: Parse;
  readonly #parsed = new Map<string, Module>();
  readonly #sources = new Map<string, Source>();
  #size = 0;

  constructor(sources: readonly Source[], parse: Parse) {
    this.#parse = parse;
    const all: ProjectFile[] = [];
    const tooLong: string[] = [];
    for (const source of sources) {
      this.#sources.set(source.path, source);
      const module = this.module(source.path);
      if (module === undefined) {
        tooLong.push(source.path);
        this.#sources.delete(source.path);
        continue;
      }
      const { imports, firstError, lines } = module;
      all.push({
        source,
        firstError,
        lines: lines.count,
        imports: [...new Set(imports.map(({ name }) => name))],
      });
    }
    this.all = all;
    this.tooLong = tooLong;
  }

  source(path: string): Source | undefined {
    return this.#sources.get(path);
  }

  module(path: string): Module | undefined {
    const known = this.#parsed.get(path);
    if (known !== undefined) {
      this.#parsed.delete(path);
      this.#parsed.set(path, known); // the one used last
      return known;
    }
    const source = this.#sources.get(path);
    const tree = source && this.#parse(source.text);
    if (source === undefined || tree === undefined) return undefined;
    const module = readModule(source, tree);
    this.#parsed.set(path, module);
    this.#size += source.text.length;
    for (const [oldest, { source: old }] of this.#parsed) {
      if (this.#size <= ROOM || oldest === path) break;
      this.#parsed.delete(oldest);
      this.#size -= old.text.length;
    }
    return module;
  }
}
