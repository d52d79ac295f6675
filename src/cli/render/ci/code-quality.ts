import { createHash } from 'node:crypto';

import type { SizeReport } from '../../../budget/report.ts';
import type { Finding } from '../../../lint/finding.ts';
import { formatSize } from '../../../size.ts';
import type { CiRun } from '../../../verbs/ci.ts';
import { shown } from '../lint/shown.ts';
import { changeInWords } from '../lock.ts';
import { verdictOf } from '../size-check/rows.ts';

interface Issue {
  readonly check_name: string;
  readonly description: string;
  readonly severity: 'info' | 'minor' | 'major' | 'critical' | 'blocker';
  readonly fingerprint: string;
  readonly location: { readonly path: string; readonly lines: { readonly begin: number } };
}

const severities = { error: 'critical', warning: 'major', note: 'info' } as const;

/**
 * GitLab's code quality report: what lint found, what moved, and what does not fit. No final newline.
 *
 * @see https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
 */
export function codeQuality(
  { result, linted, locked }: CiRun,
  { configPath, lockPath }: { readonly configPath: string; readonly lockPath: string },
): string {
  const seen = new Map<string, number>();
  /** Not of the line, which moves when something is written above it. */
  function issue(rest: Omit<Issue, 'fingerprint'>): Issue {
    const key = [rest.check_name, rest.location.path, rest.description].join('\n');
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return { ...rest, fingerprint: createHash('sha256').update(`${key}\n${count}`).digest('hex') };
  }
  const found = linted === undefined ? [] : shown(linted.findings, linted.report.level);
  const issues = found.map((finding) => issue(ofFinding(finding)));
  for (const change of locked?.bundles ?? []) {
    if (change.upToDate) continue;
    issues.push(
      issue({
        check_name: 'modelpack lock',
        description: `${change.bundle} is not as locked: ${changeInWords(change)}`,
        severity: result.failed === 'lock' ? 'critical' : 'minor',
        location: { path: lockPath, lines: { begin: 1 } },
      }),
    );
  }
  for (const { bundle, sizeCheck } of result.bundles) {
    if (sizeCheck !== null) issues.push(...overBudget(bundle, sizeCheck, configPath).map(issue));
  }
  return JSON.stringify(issues, null, 2);
}

function ofFinding({ code, level, path, start, message, help }: Finding): Omit<Issue, 'fingerprint'> {
  return {
    check_name: code,
    description: help === undefined ? message : `${message}: ${help}`,
    severity: severities[level],
    location: { path, lines: { begin: start.cell === undefined ? start.line : 1 } },
  };
}

/** Where the function stands that is too small, or else the configuration. */
function overBudget(bundle: string, report: SizeReport, configPath: string): Omit<Issue, 'fingerprint'>[] {
  const check_name = 'modelpack size-check';
  const { budgets, functions, template = configPath } = report;
  if (functions !== undefined) {
    return functions
      .filter(({ fits }) => !fits)
      .map((each) => ({
        check_name,
        description: `${each.name} does not hold ${bundle}: ${verdictOf(each)}`,
        severity: 'blocker',
        location: { path: template, lines: { begin: each.line } },
      }));
  }
  const gates: readonly string[] = report.gate;
  return budgets
    .filter(({ fits }) => !fits)
    .map(({ name, needed, limit }) => ({
      check_name,
      description: `${bundle} needs ${formatSize(needed)} of ${formatSize(limit)} (${name})`,
      severity: gates.includes(name) ? 'blocker' : 'info',
      location: { path: configPath, lines: { begin: 1 } },
    }));
}
