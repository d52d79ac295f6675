import type { CiRun } from '../../../verbs/ci.ts';
import { annotation } from '../annotation.ts';
import { github as lintGithub } from '../lint/github.ts';
import { changeInWords } from '../lock.ts';
import { github as sizeGithub } from '../size-check/github.ts';
import { besideOf } from './words.ts';

/** Annotations for a GitHub Actions log, of what stopped the run or should be known. No final newline. */
export function github({ result, linted, locked, sizes }: CiRun, lockPath: string): string {
  const lines = linted === undefined ? [] : [lintGithub(linted, linted.report.level)];
  for (const bundle of locked?.bundles ?? []) {
    if (bundle.upToDate) continue;
    lines.push(
      annotation(
        result.failed === 'lock' ? 'error' : 'warning',
        { title: `${bundle.bundle} is not as locked`, at: { path: lockPath, ...TOP } },
        `${changeInWords(bundle)}\ntake it: modelpack lock`,
      ),
    );
  }
  for (const { bundle, sizeCheck } of result.bundles) {
    if (sizeCheck !== null && !sizeCheck.fits) lines.push(sizeGithub(sizeCheck, besideOf(sizes.get(bundle))));
  }
  return lines.filter((line) => line !== '').join('\n');
}

const TOP = { line: 1, column: 1, endLine: 1, endColumn: 1 };
