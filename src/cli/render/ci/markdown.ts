import { printable } from '../../../printable.ts';
import { formatCount, formatSize } from '../../../size.ts';
import type { CiRun } from '../../../verbs/ci.ts';
import type { LockedChange } from '../../../verbs/lock-project.ts';
import { placeOf, shown } from '../lint/shown.ts';
import { bundleParts } from '../diff/markdown.ts';
import { countsOf, sizesOf } from '../diff/rows.ts';
import { markdown as sizeMarkdown } from '../size-check/markdown.ts';
import { codeSpan, escapeMarkdown, markdownTable } from '../table.ts';
import { besideOf, shippedWords, verdict } from './words.ts';

/** Findings that are listed: GitHub takes 1 MiB of a summary. */
const LISTED = 50;

/** The summary of a run: for GitHub's job summary or a comment. No final newline. */
export function markdown(run: CiRun): string {
  const { result, sizes } = run;
  const rows = result.bundles.map(({ bundle, id, size, fetch }) => [
    codeSpan(bundle),
    formatSize(size),
    codeSpan(id.slice(0, 12)),
    fetch === null ? '' : codeSpan(printable(fetch.location)),
    fetch === null ? '' : shippedWords(fetch),
  ]);
  const parts = [
    `## ${result.passed ? '✅' : '❌'} modelpack: ${verdict(run)}`,
    markdownTable(['bundle', 'size', 'id', 'location', ''], 'lrlll', rows),
    findings(run),
    ...(run.locked?.bundles ?? []).filter(({ upToDate }) => !upToDate).map(moved),
    ...result.bundles.flatMap(({ bundle, sizeCheck }) =>
      sizeCheck === null
        ? []
        : folded(bundle, sizeCheck.fits, sizeMarkdown(sizeCheck, besideOf(sizes.get(bundle)))),
    ),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function folded(bundle: string, fits: boolean, body: string): string {
  const title = `size check of <code>${bundle}</code>`; // a name of letters, digits, - and _
  return `<details${fits ? '' : ' open'}><summary>${title}</summary>\n\n${body}\n\n</details>`;
}

function findings({ linted }: CiRun): string {
  if (linted === undefined) return '';
  const found = shown(linted.findings, linted.report.level);
  if (found.length === 0) return '';
  const rows = found
    .slice(0, LISTED)
    .map((finding) => [
      finding.level,
      codeSpan(printable(placeOf(finding))),
      escapeMarkdown(finding.message),
    ]);
  const more = found.length > LISTED ? `\n\nand ${formatCount(found.length - LISTED)} more` : '';
  return `### Lint\n\n${markdownTable(['level', 'where', 'what'], 'lll', rows)}${more}`;
}

function moved(change: LockedChange): string {
  return [
    `### ${codeSpan(change.bundle)} is not as locked: ${countsOf(change)}; ${sizesOf(change)}`,
    change.reason === null ? '' : escapeMarkdown(change.reason),
    ...bundleParts(change),
    'Take it with `modelpack lock`, and commit `modelpack.lock`.',
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}
