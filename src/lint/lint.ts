import type { Deployment } from './deploy/deployment.ts';
import { compareFindings, findingIn, type Finding } from './finding.ts';
import { ignoresIn, ignoresOf, isIgnored, statementRows } from './ignores.ts';
import { Project } from './project.ts';
import { usedBy } from './catalog.ts';
import { libraries } from '../cache-paths/table.ts';
import type { Files } from './files.ts';
import type { Module } from './python/module.ts';
import { rules } from './rules/all.ts';

export interface Linted {
  /** In the order of files and lines. */
  readonly findings: readonly Finding[];
  /** How many comments kept from being reported. */
  readonly ignored: number;
}

/** Everything that the rules have to say of files that are loaded together. */
export function lint(files: Files, deployments: readonly Deployment[]): Linted {
  const project = new Project(files, deployments);
  const findings: Finding[] = [];
  let ignored = 0;
  for (const { source, firstError } of files.all) {
    const module =
      firstError !== undefined || isWorthwhile(source.text) ? files.module(source.path) : undefined;
    if (module === undefined) continue;
    const ignores = ignoresIn(module);
    for (const rule of rules) {
      for (const remark of rule.check(module, project)) {
        const finding = findingIn(module, rule.code, rule.level, remark);
        const rows = ignores.length === 0 ? undefined : statementRows(module, remark.range.from);
        if (rows !== undefined && isIgnored(finding, rows, ignores)) ignored++;
        else findings.push(finding);
      }
    }
    const gap = syntaxGap(module);
    if (gap !== undefined) findings.push(gap);
  }
  for (const deployment of deployments) {
    const ignores = ignoresOf(deployment.file);
    for (const rule of rules) {
      for (const remark of rule.checkDeployment?.(deployment, project) ?? []) {
        const finding = findingIn(deployment.file, rule.code, rule.level, remark);
        const row = deployment.file.lines.row(remark.range.from);
        if (isIgnored(finding, { first: row, last: row }, ignores)) ignored++;
        else findings.push(finding);
      }
    }
  }
  return { findings: distinct(findings).toSorted(compareFindings), ignored };
}

/** What every finding has in its file: a library of the table by name, or one of these words. */
const words = new RegExp(
  libraries
    .flatMap(({ modules, calls }) => [...modules, ...calls.map(({ call }) => call)])
    .map((name) => name.split('.')[0]!)
    .concat('from_pretrained', 'environ', 'putenv', 'download_file', 'pickle', 'dill', 'multiprocess')
    .concat('concurrent', 'subprocess', String.raw`os\.`, 'pip')
    .filter((word, at, all) => all.indexOf(word) === at)
    .join('|'),
);

/** Whether there can be anything to find, which saves the time for most files of a large project. */
function isWorthwhile(text: string): boolean {
  return words.test(text);
}

/** A file that is not all Python: what surrounds the gap was checked. */
function syntaxGap(module: Module): Finding | undefined {
  const { firstError } = module;
  if (firstError === undefined) return undefined;
  return findingIn(module, 'syntax-error', 'note', {
    range: { from: firstError, to: firstError },
    message: 'this is not Python as it is known here; what surrounds it was checked as well as possible',
  });
}

function distinct(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ code, path, start, message }) => {
    const key = JSON.stringify([code, path, start, message]);
    return !seen.has(key) && seen.add(key);
  });
}

/** The libraries of the table that files import or call. */
export function librariesIn(files: Files): readonly string[] {
  const project = new Project(files, []);
  const found = new Set<string>();
  const add = (name: string) => usedBy(name).forEach((library) => found.add(library.name));
  for (const { source, imports } of files.all) {
    // What the project has itself is not the library of that name.
    for (const name of imports) if (project.find(name, source.path) === undefined) add(name);
    const module = isWorthwhile(source.text) ? files.module(source.path) : undefined;
    for (const { name, listed } of module === undefined ? [] : project.uses(module)) {
      if (name !== undefined) add(name);
      if (listed !== undefined) found.add(listed.library.name);
    }
  }
  return [...found];
}
