import { constants } from 'node:buffer';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

import type { IndexModel } from '../bundle/contents.ts';
import { messageOf, ModelpackError } from '../errors.ts';
import { formatCount } from '../size.ts';
import { Corrupt, NotFound } from './errors.ts';
import type { Contents } from './contents.ts';
import { viewOf, type Held } from './memory.ts';
import { metricsOf, type OpenStats } from './stats.ts';
import { verifier } from './verify.ts';

/** A bundle in memory. Paths are those in the bundle, `<model>/<path>`, as `modelpack inspect` prints them. */
export interface Bundle {
  readonly location: string;
  /** sha256 of the index, hex: the same models at the same revisions have the same id. */
  readonly id: string;
  /** Of the whole bundle, in bytes. */
  readonly size: number;
  /** All models of the bundle, with source, revision and files, as its index has them. */
  readonly models: readonly IndexModel[];
  /** What opening it took. */
  readonly stats: OpenStats;
  /** The paths of the files in memory, in the order of the bundle; of one model, if it is named. @throws NotFound */
  files(model?: string): string[];
  has(path: string): boolean;
  /**
   * The bytes of a file, without a copy: whoever writes to them changes the bundle.
   *
   * @throws NotFound
   * @throws ModelpackError `usage` when no array of this version of Node is as long: then there is `stream`
   */
  get(path: string): Uint8Array<ArrayBuffer>;
  /** @throws NotFound; Corrupt when it is not UTF-8 */
  text(path: string): string;
  /** @throws NotFound; Corrupt when it is no JSON */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what the file holds
  json<T = unknown>(path: string): T;
  /** The bytes of a file in pieces of 1 MiB, without a copy. @throws NotFound */
  stream(path: string): Readable;
  /** Compares the sha256 of every file in memory with the index. @throws Corrupt */
  verify(): Promise<void>;
  /** `stats` in the embedded metric format: `console.log(JSON.stringify(bundle.metrics()))`. */
  metrics(namespace?: string): Record<string, unknown>;
  /** Lets go of the memory, as soon as nobody else holds any of it. After this there are no files. */
  close(): void;
}

/** Of a stream, in bytes. */
const CHUNK = 1024 * 1024;

export function bundleOf(
  location: string,
  { id, index }: Contents,
  held: readonly Held[],
  stats: OpenStats,
  onClose: () => void,
): Bundle {
  const files = new Map(held.map((file) => [file.member.path, file]));

  function find(path: string): Held {
    const found = files.get(path);
    if (found !== undefined) return found;
    const exists = index.models.some(({ name, files: own }) =>
      own.some((file) => `${name}/${file.path}` === path),
    );
    throw new NotFound(
      exists ? `${path} of ${location} is not in memory` : `there is no ${path} in ${location}`,
      {
        hint: exists
          ? 'it was left out by `only`, or the bundle is closed'
          : 'bundle.files() lists what there is',
      },
    );
  }

  function get(path: string): Uint8Array<ArrayBuffer> {
    const file = find(path);
    const { size } = file.member;
    if (size <= constants.MAX_LENGTH) return viewOf(file);
    const longest = `${formatCount(size)} bytes, an array of Node ${process.versions.node} at most ${formatCount(constants.MAX_LENGTH)}`;
    throw new ModelpackError('usage', `${path} has ${longest}`, {
      hint: 'use Node 22 or later, or bundle.stream()',
    });
  }

  function text(path: string): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(get(path));
    } catch (cause) {
      if (cause instanceof ModelpackError) throw cause;
      throw new Corrupt(`${path} of ${location} is no text: ${messageOf(cause)}`, { cause });
    }
  }

  return {
    location,
    id,
    size: index.size,
    models: index.models,
    stats,
    files(model) {
      if (model !== undefined && !index.models.some(({ name }) => name === model)) {
        throw new NotFound(`there is no model ${model} in ${location}`, {
          hint: `its models are ${index.models.map(({ name }) => name).join(', ')}`,
        });
      }
      const own = [...files.values()].filter(({ member }) => model === undefined || member.model === model);
      return own.map(({ member }) => member.path);
    },
    has: (path) => files.has(path),
    get,
    text,
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as above
    json<T>(path: string): T {
      const read = text(path);
      try {
        return JSON.parse(read) as T;
      } catch (cause) {
        throw new Corrupt(`${path} of ${location} is no JSON: ${messageOf(cause)}`, { cause });
      }
    },
    stream: (path) => Readable.from(chunksOf(find(path)), { objectMode: false }),
    async verify() {
      for (const file of files.values()) {
        verifier(location, index.size, [file], []);
        await setImmediate(); // hashing blocks; others get a turn after each file
      }
    },
    metrics: (namespace = 'modelpack') => metricsOf({ location, id }, stats, namespace),
    close() {
      files.clear();
      onClose();
    },
  };
}

export function* chunksOf(file: Held): Generator<Uint8Array> {
  const { size } = file.member;
  for (let start = 0; start < size; start += CHUNK) yield viewOf(file, start, Math.min(size, start + CHUNK));
}
