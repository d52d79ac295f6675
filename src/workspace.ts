import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';

import ignore, { type Ignore } from 'ignore';

import { replaceFile, unreadable } from './disk.ts';
import { codeOf, ModelpackError } from './errors.ts';

/** Files as they are on disk, with absolute paths. */
export interface Workspace {
  /** Python files and notebooks. */
  readonly code: readonly WorkspaceFile[];
  /** Files that may describe a deployment: templates, Dockerfiles, Terraform, requirements. */
  readonly deployments: readonly WorkspaceFile[];
  readonly skipped: readonly Skipped[];
}

export interface WorkspaceFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface Skipped {
  readonly path: string;
  readonly reason: string;
}

export interface WorkspaceOptions {
  /** Patterns of what is left out, as in `.gitignore`. */
  readonly exclude: readonly string[];
  /** Files of a deployment; undefined to look for them. */
  readonly deployments: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/** Bytes of a file of code, and of a file of a deployment, that are still read. */
const MOST_CODE = 10 * 1024 * 1024;
const MOST_DEPLOYMENT = 2 * 1024 * 1024;
/** Folders above the ones named that are searched for deployments, unless a repository begins before. */
const ABOVE = 4;

/** What others made, copied or built: nobody mends it here. */
const foreign = new Set(
  '.git .hg .svn .venv venv node_modules __pycache__ site-packages .tox .nox .mypy_cache .pytest_cache .ruff_cache .ipynb_checkpoints .eggs __pypackages__ .aws-sam .serverless .terraform cdk.out build dist _build'.split(
    ' ',
  ),
);

interface Filter {
  readonly folder: string;
  readonly patterns: Ignore;
}

/**
 * Reads what is to be checked. What `.gitignore` leaves out is left out here, and links to folders are not followed.
 *
 * @throws ModelpackError `not-found` or `refused` for a path that was named
 */
export async function readWorkspace(paths: readonly string[], options: WorkspaceOptions): Promise<Workspace> {
  const code = new Map<string, WorkspaceFile>();
  const deployments = new Map<string, WorkspaceFile>();
  const skipped: Skipped[] = [];
  const { exclude, signal } = options;

  async function add(
    to: Map<string, WorkspaceFile>,
    path: string,
    most: number,
    named: boolean,
  ): Promise<void> {
    if (to.has(path)) return;
    try {
      const { size } = await stat(path);
      if (size > most) skipped.push({ path, reason: `it has more than ${most / 1024 / 1024} MB` });
      else to.set(path, { path, bytes: await readFile(path) });
    } catch (error) {
      if (named) throw unreadable(path, error);
      skipped.push({ path, reason: `it cannot be read: ${codeOf(error) ?? 'unknown'}` });
    }
  }

  async function walk(folder: string, filters: readonly Filter[]): Promise<void> {
    signal.throwIfAborted();
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      skipped.push({ path: folder, reason: `it cannot be read: ${codeOf(error) ?? 'unknown'}` });
      return [];
    });
    const inner = await withOwn(folder, filters);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      const isFolder = entry.isDirectory();
      if (isOut(path, isFolder, inner)) continue;
      if (isFolder) {
        if (!foreign.has(entry.name)) await walk(path, inner);
      } else if (isCode(entry.name)) await add(code, path, MOST_CODE, false);
      else if (options.deployments === undefined && isDeployment(entry.name))
        await add(deployments, path, MOST_DEPLOYMENT, false);
    }
  }

  for (const named of paths) {
    const path = resolve(named);
    const info = await stat(path).catch((error: unknown) => Promise.reject(unreadable(named, error)));
    // A folder that was named is meant, whatever git thinks of it.
    const above = (await filtersAbove(path)).filter((filter) => !isOut(path, true, [filter]));
    if (!info.isDirectory()) await add(code, path, MOST_CODE, true);
    else await walk(path, [...above, { folder: path, patterns: ignore().add([...exclude]) }]);
    if (options.deployments === undefined) {
      for (const folder of await foldersAbove(info.isDirectory() ? path : join(path, 'x'))) {
        for (const name of (await readdir(folder).catch(() => [])).filter(isDeployment)) {
          const file = join(folder, name);
          if ((await lstat(file)).isFile()) await add(deployments, file, MOST_DEPLOYMENT, false);
        }
      }
    }
  }
  for (const named of options.deployments ?? [])
    await add(deployments, resolve(named), MOST_DEPLOYMENT, true);
  return { code: [...code.values()], deployments: [...deployments.values()], skipped };
}

function isCode(name: string): boolean {
  return /\.(?:py|pyw|ipynb)$/.test(name);
}

function isDeployment(name: string): boolean {
  return /^requirements[\w.-]*\.txt$|\.(?:ya?ml|tf)$|^(?:template|serverless)\.json$|^(?:Docker|Container)file|\.[Dd]ockerfile$/.test(
    name,
  );
}

function isOut(path: string, isFolder: boolean, filters: readonly Filter[]): boolean {
  return filters.some(({ folder, patterns }) => {
    const inside = relative(folder, path).split(sep).join('/');
    return inside !== '' && !inside.startsWith('../') && patterns.ignores(isFolder ? `${inside}/` : inside);
  });
}

async function withOwn(folder: string, filters: readonly Filter[]): Promise<readonly Filter[]> {
  const text = await readFile(join(folder, '.gitignore'), 'utf8').catch(() => undefined);
  return text === undefined ? filters : [...filters, { folder, patterns: ignore().add(text) }];
}

/** The folders above a path, to the one where its repository begins. */
async function foldersAbove(path: string): Promise<string[]> {
  const folders: string[] = [];
  let folder = path;
  for (let level = 0; level < ABOVE; level++) {
    if (await stat(join(folder, '.git')).catch(() => undefined)) break;
    const parent = dirname(folder);
    if (parent === folder) break;
    folders.push(parent);
    folder = parent;
  }
  return folders;
}

async function filtersAbove(path: string): Promise<readonly Filter[]> {
  let filters: readonly Filter[] = [];
  for (const folder of (await foldersAbove(path)).toReversed()) filters = await withOwn(folder, filters);
  return filters;
}

/**
 * Replaces the text of a file in one step.
 *
 * @throws ModelpackError `usage` if it is not any more what was read
 */
export async function rewrite(path: string, before: string, after: string): Promise<void> {
  if ((await readFile(path, 'utf8')) !== before) {
    throw new ModelpackError('usage', `${path} was changed meanwhile`, {
      hint: 'run the same command again',
    });
  }
  await replaceFile(path, after, (await stat(path)).mode);
}
