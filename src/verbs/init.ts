import { readFile, stat } from 'node:fs/promises';
import { dirname, extname, join, relative, sep } from 'node:path';

import { SCHEMA_FILE } from '../config/schema.ts';
import { newConfig, newJsonConfig, withSources, withSourcesInJson, type NewSource } from '../config/write.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { readConfig } from '../config/read.ts';
import { isPath } from '../source/folder.ts';
import { isHubName, parseHubName } from '../source/hub/name.ts';
import { splitName } from '../source/sources.ts';
import { replaceFile } from '../disk.ts';
import { rewrite } from '../workspace.ts';
import { usedModels } from './lint.ts';

export interface InitOptions {
  /** The configuration to write, or to add to. */
  readonly path: string;
  /** The bundle that the sources go into. */
  readonly bundle: string;
  readonly destination: string | undefined;
  /** Where code is looked through when no source is named. */
  readonly code: readonly string[];
  readonly run: Run;
}

/** The document of `init --json`. */
export interface InitResult {
  readonly schema: 'modelpack.init/1';
  readonly config: string;
  readonly bundle: string;
  /** Whether the configuration is new. */
  readonly created: boolean;
  /** What was added, and the line of code that loads it. */
  readonly sources: readonly { readonly source: string; readonly from: string | null }[];
}

/**
 * Writes a configuration of sources, or of the models that code loads, or adds them to the one that is there.
 *
 * @throws ModelpackError `not-found` when the code names no model, `usage` for a configuration that cannot be read
 */
export async function initProject(named: readonly string[], options: InitOptions): Promise<InitResult> {
  const { path, bundle, destination, code, run } = options;
  for (const source of named) checkName(source);
  const sources: readonly NewSource[] =
    named.length > 0
      ? named.map((source) => ({ source, from: undefined }))
      : await found(code, dirname(path), run);
  if (sources.length === 0) {
    throw new ModelpackError('not-found', 'the code here names no model', {
      hint: 'name one: modelpack init google-bert/bert-base-cased',
    });
  }
  const isJson = extname(path) === '.json';
  const before = await readFile(path, 'utf8').catch(() => undefined);
  const result = (created: boolean, added: readonly NewSource[]): InitResult => ({
    schema: 'modelpack.init/1',
    config: path,
    bundle,
    created,
    sources: added.map(({ source, from }) => ({ source, from: from ?? null })),
  });
  if (before === undefined) {
    const schema = await localSchema(dirname(path));
    const text = (isJson ? newJsonConfig : newConfig)({ name: bundle, sources, destination }, schema);
    readConfig(text, path); // what cannot be read back is not written
    await replaceFile(path, text);
    return result(true, sources);
  }
  const { bundles } = readConfig(before, path);
  const all = new Set(
    bundles
      .filter(({ name }) => name === bundle || named.length === 0)
      .flatMap((each) => each.sources.map(({ asked }) => asked)),
  );
  const added = sources.filter(({ source }) => !all.has(source));
  if (added.length > 0) {
    const text = (isJson ? withSourcesInJson : withSources)(before, {
      name: bundle,
      sources: added,
      destination,
    });
    requireAll(text, path, bundle, [
      ...bundles.filter(({ name }) => name === bundle).flatMap((each) => each.sources),
      ...added.map(({ source }) => ({ asked: source })),
    ]);
    await rewrite(path, before, text);
  }
  return result(false, added);
}

/** @throws ModelpackError `usage` when aliases and merges kept a source out of the bundle */
function requireAll(text: string, path: string, bundle: string, all: readonly { asked: string }[]): void {
  const now = readConfig(text, path).bundles.find(({ name }) => name === bundle)?.sources ?? [];
  const missing = all.find(({ asked }) => now.every((each) => each.asked !== asked));
  if (missing === undefined) return;
  throw new ModelpackError('usage', `${path}: the sources of ${bundle} stand elsewhere, behind an alias`, {
    hint: 'write them out, or add to them there',
  });
}

/** Whether there is such a model is told by the lock; a slip of the hand is told now. */
function checkName(source: string): void {
  const { reference } = splitName(source);
  if (!isPath(reference) && isHubName(reference)) parseHubName(reference);
}

async function found(code: readonly string[], folder: string, run: Run): Promise<NewSource[]> {
  const used = await usedModels(code, run);
  return used.map(({ source, path, line }) => ({
    source,
    from: `${relative(folder, path).split(sep).join('/')}:${line}`,
  }));
}

/** Where modelpack is installed beside the configuration, its own schema. */
async function localSchema(folder: string): Promise<string | undefined> {
  const path = `node_modules/modelpack/${SCHEMA_FILE}`;
  return (await stat(join(folder, path)).catch(() => undefined)) === undefined ? undefined : `./${path}`;
}
