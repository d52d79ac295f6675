import type { SizeReport } from '../../../budget/report.ts';
import type { Effect } from '../../../budget/effect.ts';
import { formatSize } from '../../../size.ts';
import { functionsTitle, LEAST, rowsOf, settingsOf, verdictOf, type Row } from '../size-check/rows.ts';
import { markup, type Markup } from './markup.ts';
import type { Drawn } from './page.ts';

/** The functions of a template, each with its verdict. */
export function functionSection(report: SizeReport): Markup {
  const { functions = [] } = report;
  if (functions.length === 0) return markup``;
  const items = functions.map(
    (each) => markup`<li class="${each.fits ? 'fits' : 'over'}">
<span class="mark" aria-hidden="true">${each.fits ? '✓' : '✗'}</span>
<div><strong class="path">${each.name}</strong> <span class="dim">${settingsOf(each)}</span></div>
<span class="remark">${each.fits ? '' : markup`<span class="hidden">does not fit: </span>`}${verdictOf(each)}</span>
</li>`,
  );
  return markup`<section aria-labelledby="functions"><h2 id="functions">${functionsTitle(report)}</h2><ul class="functions">${items}</ul></section>`;
}

/** A bar for each budget, against its own limit. */
export function budgetSection(report: SizeReport, since: Drawn['since']): Markup {
  const rows = rowsOf(report).map((row) =>
    budgetRow(
      row,
      since?.diff.budgets.find(({ name }) => name === row.budget.name),
    ),
  );
  const notes = [
    ...((report.functions ?? []).length > 1 ? [`The ${LEAST}.`] : []),
    ...(since === undefined || since.diff.same
      ? []
      : [`The gap in a bar is where it ended in ${since.target}.`]),
  ];
  return markup`<section aria-labelledby="budgets"><h2 id="budgets">Budgets of AWS Lambda</h2>
<ul class="budgets">${rows}</ul>
${notes.map((note) => markup`<p class="note path">${note}</p>`)}</section>`;
}

function budgetRow({ budget, label, needed, limit, remark, decides, kind }: Row, effect?: Effect): Markup {
  const scale = Math.max(budget.needed, budget.limit);
  const share = (bytes: number) => `${(Math.min(1, bytes / scale) * 100).toFixed(2)}%`;
  const former = effect === undefined || effect.before === effect.after ? undefined : effect.before;
  const state = budget.fits ? 'fits' : decides ? 'over' : 'warns';
  return markup`<li class="${state}">
<div class="name"><span class="mark" aria-hidden="true">${budget.fits ? '✓' : '✗'}</span>${label}${decides ? markup` <span class="tag">decides</span>` : ''}</div>
<div class="numbers"><b>${needed}</b> of ${limit}</div>
<div class="bar" aria-hidden="true" style="--used:${share(budget.needed)};--limit:${share(budget.limit)}${former === undefined ? '' : `;--former:${share(former)}`}"><span class="used"></span>${former === undefined ? '' : markup`<span class="former"></span>`}<span class="limit"></span></div>
<div class="remark">${kind === 'advice' && !budget.fits ? `over by ${formatSize(budget.over)}: ` : ''}${remark}${former === undefined ? '' : markup` <span class="before">before: ${formatSize(former)}</span>`}</div>
<div class="note">${budget.note}</div>
</li>`;
}
