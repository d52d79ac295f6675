import type { BundleDiff, FileDiff } from '../../../verbs/diff.ts';
import { countsOf, fileRows, marks, modelLine, sizesOf, words } from '../diff/rows.ts';
import { markup, type Markup } from './markup.ts';

/** Rows of files, at most. */
const MOST_ROWS = 200;

/** What differs from an earlier state. */
export function changeSection(since: string, diff: BundleDiff): Markup {
  const title = markup`<h2 id="changes">Since <span class="path">${since}</span></h2>`;
  if (diff.same) return section(title, markup`<p>Nothing differs.</p>`);
  const rows = fileRows({ ...diff, files: diff.files.toSorted(byBytes) });
  const shown = rows
    .slice(0, MOST_ROWS)
    .map(
      ({ change, path, before, after, remark }) =>
        markup`<tr class="${change}"><td><span class="change" aria-hidden="true">${marks[change]}</span><span class="hidden">${words[change]}</span></td><th scope="row" class="path">${path}</th><td>${before === '' || after === '' || before === after ? after || before : `${before} → ${after}`}</td><td class="remark path">${remark}</td></tr>`,
    );
  const rest = rows.length - shown.length;
  return section(
    title,
    markup`<p class="lead">${sizesOf(diff)}</p><p class="dim counts">${countsOf(diff)}</p>
${diff.models.length === 0 ? '' : markup`<ul class="models">${diff.models.map((model) => markup`<li class="path">${modelLine(model)}</li>`)}</ul>`}
${shown.length === 0 ? '' : markup`<table class="changes"><thead><tr><th scope="col"><span class="hidden">Change</span></th><th scope="col">File</th><th scope="col">Size</th><th scope="col">What</th></tr></thead><tbody>${shown}</tbody></table>`}
${rest > 0 ? markup`<p class="dim">and ${rest} more</p>` : ''}`,
  );
}

/** What moves most bytes first; what nobody knows of last. */
function byBytes(a: FileDiff, b: FileDiff): number {
  const weight = ({ change, before, after }: FileDiff) =>
    change === 'unknown' ? -1 : Math.abs((after ?? 0) - (before ?? 0));
  return weight(b) - weight(a);
}

function section(title: Markup, content: Markup): Markup {
  return markup`<section aria-labelledby="changes">${title}${content}</section>`;
}
