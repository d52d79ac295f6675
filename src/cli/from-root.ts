import { isAbsolute, relative, sep } from 'node:path';
import { join } from 'node:path/posix';

import type { SizeReport } from '../budget/report.ts';
import type { CiRun } from '../verbs/ci.ts';

/** A run with its paths as the root of the repository has them, where a pipeline looks for them. */
export interface FromRoot {
  (run: CiRun): CiRun;
  readonly place: (path: string) => string;
}

/** @param root of the checkout; undefined, or elsewhere, to leave paths as the working directory has them */
export function fromRoot(root: string | undefined, cwd: string): FromRoot {
  const below = root === undefined || root === '' ? '' : relative(root, cwd).split(sep).join('/');
  const isOutside = below.startsWith('..') || isAbsolute(below);
  const place = (path: string) => (isOutside || isAbsolute(path) ? path : join(below, path));
  const inside = (run: CiRun): CiRun => ({
    ...run,
    result: {
      ...run.result,
      bundles: run.result.bundles.map((bundle) => ({
        ...bundle,
        sizeCheck: bundle.sizeCheck && withTemplate(bundle.sizeCheck, place),
      })),
    },
    linted: run.linted && {
      ...run.linted,
      findings: run.linted.findings.map((finding) => ({ ...finding, path: place(finding.path) })),
    },
  });
  return Object.assign(inside, { place });
}

function withTemplate(report: SizeReport, place: (path: string) => string): SizeReport {
  return report.template === undefined ? report : { ...report, template: place(report.template) };
}
