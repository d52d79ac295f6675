import type { SizeReport } from '../../../budget/report.ts';
import { encodeRecord } from '../../../report/record.ts';
import { formatSize } from '../../../size.ts';
import type { BundleDiff } from '../../../verbs/diff.ts';
import type { BundleSnapshot } from '../../../verbs/snapshot.ts';
import { isCommand, sequel, summary, UNITS, type Beside } from '../size-check/rows.ts';
import { budgetSection, functionSection } from './budgets.ts';
import { changeSection } from './changes.ts';
import { contentSection, leftOutSection } from './contents.ts';
import { Markup, markup } from './markup.ts';
import { style } from './style.ts';
import { answerOf, decisionOf, reasonOf } from './verdict.ts';

/** What a report is drawn from. */
export interface Drawn {
  readonly report: SizeReport;
  readonly beside: Beside;
  readonly snapshot: BundleSnapshot;
  /** What differs from an earlier state, if one was named. */
  readonly since?: { readonly target: string; readonly diff: BundleDiff } | undefined;
}

/** Nothing may be loaded, and nothing run. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The whole report as one page: no script, no request. */
export function page(drawn: Drawn): string {
  const { report, beside, snapshot, since } = drawn;
  const { answer, by } = answerOf(report);
  const body = markup`<header class="${report.fits ? 'fits' : 'over'}">
<p class="from">modelpack size-check</p>
<h1><span class="mark" aria-hidden="true">${report.fits ? '✓' : '✗'}</span> ${answer} <span class="by">${by}</span></h1>
<p class="reason">${reasonOf(report)}</p>
${meter(drawn)}
<p class="sum">${summary(report, beside)} · bundle ${formatSize(report.bundleSize)}</p>
</header>
<main>
${nextSection(report)}
${functionSection(report)}
${budgetSection(report, since)}
${contentSection(snapshot)}
${since === undefined ? '' : changeSection(since.target, since.diff)}
${leftOutSection(report, beside)}
</main>
<footer><p>${UNITS}. No byte of a model was downloaded for this page, and it loads nothing.</p></footer>`;
  const whole = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${`${answer}: ${by} · modelpack`}</title>
<link rel="icon" href="data:,">
<style>${new Markup(style)}</style>
</head>
<body>
${body}
${new Markup(encodeRecord(snapshot))}
</body>
</html>
`;
  return whole.toString();
}

/** What decides, as one wide bar. */
function meter({ report }: Drawn): Markup {
  const { budget } = decisionOf(report);
  const scale = Math.max(budget.needed, budget.limit);
  const [used, limit] = [budget.needed / scale, budget.limit / scale].map(
    (share) => `${(share * 100).toFixed(2)}%`,
  );
  return markup`<div class="meter" aria-hidden="true" style="--used:${used};--limit:${limit}"><span class="used"></span><span class="limit"></span></div>`;
}

function nextSection({ advice }: SizeReport): Markup {
  if (advice.length === 0) return markup``;
  const items = advice.map(({ code, text }) =>
    isCommand(text)
      ? markup`<li><pre tabindex="0"><code>${text}</code></pre>${sequel[code] === undefined ? '' : markup`<p>${sequel[code]}</p>`}</li>`
      : markup`<li><p>${capitalized(text)}</p></li>`,
  );
  return markup`<section aria-labelledby="next"><h2 id="next">What to do next</h2><ol class="next">${items}</ol></section>`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
