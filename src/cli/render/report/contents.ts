import type { SizeReport } from '../../../budget/report.ts';
import type { ComparedModel } from '../../../lock/changes.ts';
import { formatCount, formatSize } from '../../../size.ts';
import type { BundleSnapshot } from '../../../verbs/snapshot.ts';
import { leftOutTotal, nameOf, type Beside } from '../size-check/rows.ts';
import { markup, type Markup } from './markup.ts';
import { layTreemap, MOST_FILES, type Cell, type Group } from './treemap.ts';

/** The two shapes of the treemap: for wide windows, and for phones. Their units are about pixels. */
const wide = { width: 1000, height: 440, head: 26, gap: 6 } as const;
const tall = { width: 360, height: 460, head: 26, gap: 5 } as const;

/** Files of a model that its table shows: those that the treemap does, at least. More are folded away, up to a limit. */
const SHOWN_ROWS = MOST_FILES;
const MOST_ROWS = 500;
/** Colours of models; more models begin again. */
export const COLOURS = 6;

/** The treemap, and below it the files in tables: what a cell links to. */
export function contentSection({ models }: BundleSnapshot): Markup {
  const drawn = models.filter(({ files }) => files.length > 0);
  const total = sizeOf(drawn.flatMap(({ files }) => files));
  if (total === 0) return markup``;
  return markup`<section aria-labelledby="contents"><h2 id="contents">What is in it</h2>
<p class="dim" id="map-note">Areas are in proportion to bytes. Each links to its file below.</p>
<div class="map wide" role="group" aria-labelledby="contents" aria-describedby="map-note">${layTreemap(drawn, wide).map((group) => groupCells(group, wide))}</div>
<div class="map tall" role="group" aria-labelledby="contents" aria-describedby="map-note">${layTreemap(drawn, tall).map((group) => groupCells(group, tall))}</div>
${drawn.map((model, at) => modelTable(model, at, total))}
</section>`;
}

function groupCells(group: Group, frame: typeof wide | typeof tall): Markup {
  const { name, size, model, cells } = group;
  const label = markup`<a class="group m${model % COLOURS}" href="#model-${model}" style="${placeOf(group, frame)};height:${percent(frame.head, frame.height)}"><span class="path">${name}</span> <small>${formatSize(size)}</small></a>`;
  return markup`${label}${cells.map((cell) => cellLink(cell, model, frame))}`;
}

function cellLink(cell: Cell, model: number, frame: typeof wide | typeof tall): Markup {
  const { name, size, file, x, y, width, height } = cell;
  const room = width < 46 || height < 18 ? 'tiny' : height < 40 ? 'short' : 'roomy';
  const tip = `${x + width / 2 > frame.width / 2 ? 'left' : 'right'} ${y + height / 2 > frame.height / 2 ? 'above' : 'below'}`;
  const short = name.slice(name.lastIndexOf('/') + 1);
  return markup`<a class="cell m${model % COLOURS} ${room} ${tip}" href="#${file === undefined ? `model-${model}` : `file-${model}-${file}`}" style="${placeOf(cell, frame)};height:${percent(height, frame.height)}" aria-label="${`${name}, ${formatSize(size)}`}"><span class="in" aria-hidden="true"><span>${short}</span> <small>${formatSize(size)}</small></span><span class="tip" aria-hidden="true"><span class="path">${name}</span> ${formatSize(size)}</span></a>`;
}

function placeOf(
  { x, y, width }: Cell | Group,
  frame: { readonly width: number; readonly height: number },
): string {
  return `left:${percent(x, frame.width)};top:${percent(y, frame.height)};width:${percent(width, frame.width)}`;
}

function percent(part: number, whole: number): string {
  return `${((part / whole) * 100).toFixed(3)}%`;
}

function modelTable({ name, source, revision, files }: ComparedModel, at: number, total: number): Markup {
  const inOrder = files.map((file, number) => ({ ...file, number })).toSorted((a, b) => b.size - a.size);
  const [shown, folded] = [inOrder.slice(0, SHOWN_ROWS), inOrder.slice(SHOWN_ROWS)];
  const rows = (some: typeof inOrder) =>
    some.map(
      (file) =>
        markup`<tr id="file-${at}-${file.number}"><th scope="row" class="path">${file.path}</th><td>${formatSize(file.size)}</td><td class="share"><span class="m${at % COLOURS}" style="width:${percent(file.size, total)}"></span></td></tr>`,
    );
  const table = (some: typeof inOrder) =>
    markup`<table><thead><tr><th scope="col">File</th><th scope="col">Size</th><th scope="col" class="share">Of all</th></tr></thead><tbody>${rows(some)}</tbody></table>`;
  const rest = folded.slice(0, MOST_ROWS);
  return markup`<details class="model" id="model-${at}" open><summary><span class="swatch m${at % COLOURS}" aria-hidden="true"></span><strong class="path">${name}</strong> <span class="dim">${formatCount(files.length, 'file')}, ${formatSize(sizeOf(files))}</span></summary>
<p class="dim path">${revision === undefined ? source : `${source} at ${revision.slice(0, 12)}`}</p>
${table(shown)}
${folded.length > 0 ? markup`<details class="rest"><summary>${formatCount(folded.length, 'smaller file')}, ${formatSize(sizeOf(folded))}</summary>${table(rest)}${folded.length > rest.length ? markup`<p class="dim">and ${formatCount(folded.length - rest.length)} more</p>` : ''}</details>` : ''}</details>`;
}

function sizeOf(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** What was not taken, and why, by target. */
export function leftOutSection({ leftOut, targets }: SizeReport, beside: Beside): Markup {
  if (leftOut.files === 0) return markup``;
  const blocks = targets.flatMap((target, at) => {
    const own = beside.leftOut?.[at];
    if (own === undefined || own.files === 0) return [];
    const rows = own.reasons.map(
      ({ reason, size, files }) =>
        markup`<tr><th scope="row">${reason}</th><td>${formatCount(files, 'file')}</td><td>${formatSize(size)}</td></tr>`,
    );
    return [
      markup`<table><caption class="path">${nameOf(target)}</caption><thead><tr><th scope="col">Why</th><th scope="col">Files</th><th scope="col">Size</th></tr></thead><tbody>${rows}</tbody></table>`,
    ];
  });
  return markup`<section aria-labelledby="left-out"><h2 id="left-out">Left out: ${leftOutTotal(leftOut)}</h2>${blocks}</section>`;
}
