import { relative, sep } from 'node:path';

import type { Run } from '../events.ts';
import { givenVariables, readDeployment } from '../lint/deploy/read.ts';
import { hclGrammar } from '../lint/deploy/terraform.ts';
import type { Deployment } from '../lint/deploy/deployment.ts';
import { Files } from '../lint/files.ts';
import { levels, type Finding, type Level } from '../lint/finding.ts';
import { apply } from '../lint/fix.ts';
import { librariesIn, lint } from '../lint/lint.ts';
import { modelsIn, type UsedModel } from '../lint/models.ts';
import { readSource, type Source } from '../lint/python/source.ts';
import { openParser, pythonGrammar } from '../lint/python/tree.ts';
import { readWorkspace, rewrite, type Skipped, type Workspace } from '../workspace.ts';
import { codeOf } from '../errors.ts';

export interface LintOptions {
  /** Findings at this level or above fail the check. */
  readonly level: Level;
  /** Patterns as in `.gitignore`. */
  readonly exclude?: readonly string[];
  /** Files that describe the deployment; looked for unless given. */
  readonly deployments?: readonly string[] | undefined;
  /** Variables that the function has from elsewhere. */
  readonly variables?: ReadonlyMap<string, string | undefined>;
  /** Paths in the report are relative to it. */
  readonly cwd: string;
  readonly run: Run;
}

/** The document of `lint --json`. Lines and columns count from one. */
export interface LintReport {
  readonly schema: 'modelpack.lint/1';
  /** Python files and notebooks that were checked. */
  readonly files: number;
  readonly lines: number;
  readonly deployments: readonly string[];
  readonly findings: readonly ReportedFinding[];
  readonly counts: Readonly<Record<Level, number>>;
  /** Kept silent by comments. */
  readonly ignored: number;
  readonly skipped: readonly Skipped[];
  readonly level: Level;
  readonly passed: boolean;
}

export interface ReportedFinding extends Omit<Finding, 'start' | 'end' | 'fix' | 'excerpt'> {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** Of a notebook, counted from one; the lines are those of the cell. */
  readonly cell?: number;
  readonly fixable: boolean;
}

export interface Linted {
  readonly report: LintReport;
  /** The findings as they were found, with excerpts and edits; paths as in the report. */
  readonly findings: readonly Finding[];
  /** Every file that was checked, as in the report. */
  readonly paths: readonly string[];
  readonly fixes: readonly FileFix[];
}

/** What `--fix` makes of a file. */
export interface FileFix {
  readonly path: string;
  readonly absolute: string;
  readonly before: string;
  readonly after: string;
  readonly findings: number;
}

/**
 * Looks for cache paths that cannot be set from the environment, and for models that go through a disk or are copied.
 *
 * @throws ModelpackError `not-found` or `refused` for a path that cannot be read
 */
export async function lintPaths(paths: readonly string[], options: LintOptions): Promise<Linted> {
  const { exclude = [], deployments: named, variables, cwd, run } = options;
  const workspace = await readWorkspace(paths, { exclude, deployments: named, signal: run.signal });
  const { files, skipped } = await readFiles(workspace);
  const deployments = await readDeployments(workspace, skipped);
  if (variables !== undefined && variables.size > 0) deployments.push(givenVariables(variables));
  run.signal.throwIfAborted();
  const { findings, ignored } = lint(files, deployments);
  const shown = (path: string) => relative(cwd, path).split(sep).join('/') || path;
  const counts = countLevels(findings);
  const failing = levels.slice(0, levels.indexOf(options.level) + 1);
  return {
    report: {
      schema: 'modelpack.lint/1',
      files: files.all.length,
      lines: files.all.reduce((sum, { lines }) => sum + lines, 0),
      deployments: deployments.filter(({ kind }) => kind !== 'given').map(({ path }) => shown(path)),
      findings: findings.map((finding) => reported({ ...finding, path: shown(finding.path) })),
      counts,
      ignored,
      skipped: skipped.map(({ path, reason }) => ({ path: shown(path), reason })),
      level: options.level,
      passed: failing.every((level) => counts[level] === 0),
    },
    findings: findings.map((finding) => ({ ...finding, path: shown(finding.path) })),
    paths: files.all.map(({ source }) => shown(source.path)),
    fixes: fixesOf(findings, files, shown),
  };
}

/** Writes what was fixed, each file at once. */
export async function writeFixes(fixes: readonly FileFix[]): Promise<void> {
  for (const { absolute, before, after } of fixes) await rewrite(absolute, before, after);
}

/** The libraries of the table that the code under these paths uses, by name. */
export async function librariesUnder(paths: readonly string[], run: Run): Promise<readonly string[]> {
  const workspace = await readWorkspace(paths, { exclude: [], deployments: [], signal: run.signal });
  return librariesIn((await readFiles(workspace)).files);
}

/** The models that the code under these paths loads, where it says which. */
export async function usedModels(paths: readonly string[], run: Run): Promise<readonly UsedModel[]> {
  const workspace = await readWorkspace(paths, { exclude: [], deployments: [], signal: run.signal });
  return modelsIn((await readFiles(workspace)).files);
}

async function readFiles({
  code,
  skipped: before,
}: Workspace): Promise<{ files: Files; skipped: Skipped[] }> {
  const parse = await openParser(pythonGrammar);
  const skipped = [...before];
  const sources: Source[] = [];
  for (const { path, bytes } of code) {
    const source = readSource(path, bytes);
    if (typeof source === 'string') skipped.push({ path, reason: source });
    else sources.push(source);
  }
  const files = new Files(sources, parse);
  skipped.push(...files.tooLong.map((path) => ({ path, reason: 'it takes too long to parse' })));
  return { files, skipped };
}

async function readDeployments({ deployments }: Workspace, skipped: Skipped[]): Promise<Deployment[]> {
  const hasTerraform = deployments.some(({ path }) => path.endsWith('.tf'));
  const parseHcl = hasTerraform ? await openParser(hclGrammar).catch(missing) : undefined;
  return deployments.flatMap(({ path, bytes }) => {
    if (path.endsWith('.tf') && parseHcl === undefined)
      skipped.push({ path, reason: 'the parser for Terraform is not installed (an optional dependency)' });
    return readDeployment(path, new TextDecoder().decode(bytes), parseHcl) ?? [];
  });
}

function missing(error: unknown): undefined {
  if (codeOf(error) !== 'MODULE_NOT_FOUND') throw error;
}

function countLevels(findings: readonly Finding[]): Record<Level, number> {
  const count = (level: Level) => findings.filter((each) => each.level === level).length;
  return { error: count('error'), warning: count('warning'), note: count('note') };
}

function reported(finding: Finding): ReportedFinding {
  const { code, level, path, start, end, message, help, instead, fix } = finding;
  return {
    code,
    level,
    path,
    ...(start.cell !== undefined && { cell: start.cell }),
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    message,
    ...(help !== undefined && { help }),
    ...(instead !== undefined && { instead }),
    fixable: fix !== undefined,
  };
}

function fixesOf(findings: readonly Finding[], files: Files, shown: (path: string) => string): FileFix[] {
  return files.all.flatMap(({ source: { path, text } }) => {
    const fixable = findings.filter((finding) => finding.path === path && finding.fix !== undefined);
    const after = apply(
      text,
      fixable.flatMap(({ fix }) => fix ?? []),
    );
    if (after === text) return [];
    return [{ path: shown(path), absolute: path, before: text, after, findings: fixable.length }];
  });
}
