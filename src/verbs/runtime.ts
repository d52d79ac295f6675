import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { zipSync } from 'fflate';

import { replaceFile } from '../disk.ts';
import { codeOf, ModelpackError } from '../errors.ts';
import { onDisk } from '../sink/disk-failure.ts';
import { version } from '../version.ts';

/** The loader as one Python file, or as a zip to publish as a layer of Lambda. */
export const runtimeKinds = ['python', 'layer'] as const;
export type RuntimeKind = (typeof runtimeKinds)[number];

/** The document of `runtime --json`. */
export interface RuntimeResult {
  readonly schema: 'modelpack.runtime/1';
  readonly kind: RuntimeKind;
  readonly location: string;
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
  readonly version: string;
  /** False when the very same file was there. */
  readonly written: boolean;
}

export interface RuntimeOptions {
  /** A file, or a folder to put it in; the name that it has by default unless given. */
  readonly output?: string | undefined;
  /** Replace a file with another content. */
  readonly force: boolean;
}

export const runtimeNames = {
  python: 'modelpack_runtime.py',
  layer: 'modelpack-runtime-layer.zip',
} as const satisfies Record<RuntimeKind, string>;

/** The same bytes on every machine. */
export async function runtimeBytes(kind: RuntimeKind): Promise<Uint8Array> {
  const source = await readFile(new URL(`../../python/${runtimeNames.python}`, import.meta.url));
  return kind === 'python' ? source : layerOf(source);
}

/**
 * Lambda unpacks a layer below /opt, and Python looks in /opt/python.
 * https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
 *
 * Of the options, the time is read in the zone of this machine, and the mode is that of a file that everybody may read.
 */
function layerOf(source: Uint8Array): Uint8Array {
  const options = { level: 9, mtime: new Date(1980, 0, 1), os: UNIX, attrs: 0o100644 << 16 } as const;
  return zipSync({ [`python/${runtimeNames.python}`]: [source, options] });
}

/** Of those who made a zip: so that its attributes are a mode. APPNOTE.TXT, 4.4.2.2 */
const UNIX = 3;

/**
 * Writes the loader.
 *
 * @throws ModelpackError `usage` when another file is in the way
 */
export async function writeRuntime(kind: RuntimeKind, options: RuntimeOptions): Promise<RuntimeResult> {
  const bytes = await runtimeBytes(kind);
  const { output = runtimeNames[kind], force } = options;
  const location = (await isFolder(output)) ? join(output, runtimeNames[kind]) : output;
  const written = await onDisk(location, async () => {
    const there = await readFile(location).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
    if (there?.equals(bytes) === true) return false;
    if (there !== undefined && !force) {
      throw new ModelpackError('usage', `${location} exists and is another file`, {
        hint: 'choose another name with -o, or replace it with --force',
      });
    }
    await replaceFile(location, bytes);
    return true;
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { schema: 'modelpack.runtime/1', kind, location, size: bytes.length, sha256, version, written };
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return path.endsWith('/') || found?.isDirectory() === true;
}
