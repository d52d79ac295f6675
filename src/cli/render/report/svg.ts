import { formatSize } from '../../../size.ts';
import { rowsOf, summary } from '../size-check/rows.ts';
import { COLOURS } from './contents.ts';
import { markup, Markup } from './markup.ts';
import type { Drawn } from './page.ts';
import { darkTints, tints } from './style.ts';
import { layTreemap, type Group } from './treemap.ts';
import { answerOf, reasonOf } from './verdict.ts';

const WIDTH = 720;
const EDGE = 24;
const INNER = WIDTH - 2 * EDGE;
const MAP = { top: 104, height: 190 } as const;
const ROW = 40;
/** Mean widths of characters of 13 pixels, in the widest of the usual fonts: nothing measures text here. */
const CHARACTER = 7.3;
const BOLD = 8.4;

/** The answer, the treemap and the budgets as one image, for a README or a comment: no script, no link, no request. */
export function svg({ report, beside, snapshot }: Drawn): string {
  const { answer, by } = answerOf(report);
  const models = snapshot.models.filter(({ files }) => files.some(({ size }) => size > 0));
  const groups = layTreemap(models, { width: INNER, height: MAP.height, head: 22, gap: 4 });
  const rows = rowsOf(report).filter(
    ({ decides, budget }) => decides || ['tmp', 'snapstart', 'memory'].includes(budget.name),
  );
  const top = groups.length === 0 ? MAP.top : MAP.top + MAP.height + 18;
  const height = top + rows.length * ROW + EDGE - 8;
  const bars = rows.map(({ budget, label, needed, limit, remark, decides }, at) => {
    const scale = Math.max(budget.needed, budget.limit);
    const [used, edge] = [budget.needed / scale, budget.limit / scale].map((share) =>
      (share * INNER).toFixed(1),
    );
    const y = top + at * ROW;
    const tone = budget.fits ? 'good' : decides ? 'bad' : 'warn';
    const state = budget.fits ? remark : `over by ${formatSize(budget.over)}`;
    return markup`<text class="ink" x="${EDGE}" y="${y + 12}"><tspan class="${tone}">${budget.fits ? '✓' : '✗'}</tspan> ${label} <tspan class="dim">${`${needed} of ${limit}`}</tspan></text>
<text class="${budget.fits ? 'dim' : tone}" x="${WIDTH - EDGE}" y="${y + 12}" text-anchor="end">${cut(state, 48)}</text>
<rect class="soft" x="${EDGE}" y="${y + 20}" width="${INNER}" height="7" rx="2"/><rect class="${tone}" x="${EDGE}" y="${y + 20}" width="${used}" height="7" rx="2"/>${budget.fits ? '' : markup`<rect class="paper within" x="${EDGE}" y="${y + 20}" width="${edge}" height="7"/><rect class="ink" x="${(EDGE + Number(edge) - 1).toFixed(1)}" y="${y + 18}" width="2" height="11"/>`}`;
  });
  const image = markup`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title what">
<title id="title">${`${answer} AWS Lambda: ${by}`}</title>
<desc id="what">${`${reasonOf(report)}. ${summary(report, beside)}.`}</desc>
<style>${new Markup(style)}</style>
<rect class="paper" x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>
<text x="${EDGE}" y="46" class="${report.fits ? 'good' : 'bad'} big"><tspan>${report.fits ? '✓' : '✗'}</tspan> <tspan class="ink">${answer}</tspan> <tspan class="by">${by}</tspan></text>
<text x="${EDGE}" y="74" class="dim">${cut(`${reasonOf(report)} · ${summary(report, beside)}`, Math.floor(INNER / CHARACTER))}</text>
<g transform="translate(${EDGE} ${MAP.top - 10})">${groups.map(drawGroup)}</g>
${bars}
</svg>
`;
  return image.toString();
}

function drawGroup({ name, size, model, x, y, width, cells }: Group): Markup {
  const whole = `${name} ${formatSize(size)}`;
  const title = fitting(whole, width, BOLD) === whole ? whole : fitting(name, width, BOLD);
  const rects = cells.map(
    (cell) =>
      markup`<rect class="m${model % COLOURS}" x="${cell.x.toFixed(1)}" y="${cell.y.toFixed(1)}" width="${Math.max(0.5, cell.width).toFixed(1)}" height="${Math.max(0.5, cell.height).toFixed(1)}" rx="2"/>${cellText(cell.name, cell.size, cell)}`,
  );
  return markup`${title === '' ? '' : markup`<text class="ink head" x="${x.toFixed(1)}" y="${(y + 15).toFixed(1)}">${title}</text>`}${rects}`;
}

function cellText(
  name: string,
  size: number,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
): Markup {
  const short = fitting(name.slice(name.lastIndexOf('/') + 1), width - 14);
  if (short === '' || height < 22) return markup``;
  const [left, top] = [(x + 7).toFixed(1), y + 17];
  const shown = formatSize(size);
  const second =
    height < 40 || fitting(shown, width - 14) !== shown
      ? ''
      : markup`<text class="ink" x="${left}" y="${(top + 17).toFixed(1)}">${shown}</text>`;
  return markup`<text class="ink" x="${left}" y="${top.toFixed(1)}">${short}</text>${second}`;
}

/** As much of a text as a width takes, in pixels; nothing of it where that would say nothing. */
function fitting(text: string, width: number, character = CHARACTER): string {
  const most = Math.floor(width / character);
  return most < 4 ? '' : cut(text, most);
}

function cut(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

const fills = (colours: readonly string[]) => colours.map((colour, at) => `.m${at}{fill:${colour}}`).join('');

const style = `text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}.within{fill-opacity:.5;stroke:none!important}.big{font-size:28px;font-weight:700;letter-spacing:-.01em}.by{font-weight:400}.head{font-weight:600}
.paper{fill:#fff;stroke:#e1e5eb}.ink{fill:#1b1f26}.dim{fill:#5a6270}.soft{fill:#eef1f5}.good{fill:#1a7a43}.bad{fill:#c22a33}.warn{fill:#8a5a00}${fills(tints)}
@media (prefers-color-scheme:dark){.paper{fill:#14171c;stroke:#2c323c}.ink{fill:#e8ebf0}.dim{fill:#a3abb8}.soft{fill:#262c35}.good{fill:#62cf8f}.bad{fill:#ff8a8a}.warn{fill:#f2b75c}${fills(darkTints)}}`;
