import type { LeftOutSummary, SizeReport, SizeTarget } from '../../../budget/report.ts';
import { printable } from '../../../printable.ts';
import { formatCount, formatSize } from '../../../size.ts';
import { plain, type Paint } from '../paint.ts';
import { bar, fill, left, right, shorten, widest, widthOf, wrap } from '../table.ts';
import {
  functionsTitle,
  isCommand,
  labels,
  LARGEST,
  LEAST,
  leftOutNote,
  leftOutTotal,
  nameOf,
  rowsOf,
  sequel,
  settingsOf,
  summary,
  UNITS,
  verdictOf,
  type Beside,
  type Row,
} from './rows.ts';

export interface TextOptions extends Beside {
  /** The width to stay within, in cells; 100 unless told. */
  readonly columns?: number | undefined;
  /** Colours; none unless told. */
  readonly paint?: Paint | undefined;
}

const DECIDES = '   ← decides';
const LONGEST_BAR = 31;
/** A shorter bar shows nothing: the remarks go below their rows, and at last the bars go. */
const SHORTEST_BAR = 8;

interface Page {
  readonly columns: number;
  readonly paint: Paint;
}

/** For people; no final newline. Lines stay within `columns` from 40 on, unless a single word is wider. */
export function text(report: SizeReport, options: TextOptions = {}): string {
  const page: Page = { columns: options.columns ?? 100, paint: options.paint ?? plain };
  const blocks = [
    [...headLines(report, options, page), ...targetLines(report.targets, options, page)],
    functionLines(report, page),
    [...budgetLines(report, page), ...noteLines(report, page)],
    largestLines(report, page),
    leftOutLines(report.leftOut, page),
    nextLines(report, page),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function headLines(report: SizeReport, beside: Beside, page: Page): string[] {
  const head = summary(report, beside);
  const width = widest(budgetLines(report, { columns: page.columns, paint: plain }));
  const gap = width - widthOf(head) - widthOf(UNITS);
  if (gap >= 3) return [page.paint('bold', head) + page.paint('dim', ' '.repeat(gap) + UNITS)];
  return [page.paint('bold', head), ...wrap(UNITS, page.columns).map((line) => page.paint('dim', line))];
}

function targetLines(targets: readonly SizeTarget[], beside: Beside, page: Page): string[] {
  const names = targets.map(nameOf);
  const sizes = targets.map(({ size }) => formatSize(size));
  const notes = targets.map((_, at) => leftOutNote(beside.leftOut?.[at]));
  const name = widest(names);
  const size = widest(sizes);
  const room = page.columns - (2 + name + 3 + size + 3);
  const onOneLine = room >= widest(notes.map(({ short }) => short));

  return targets.flatMap((_, at) => {
    const { short, full } = notes[at]!;
    if (!onOneLine) {
      const below = [sizes[at]!, short].filter(Boolean).join(', ');
      return [`  ${shorten(names[at]!, page.columns - 2)}`, ...indented(wrap(below, page.columns - 4), 4)];
    }
    const line = `  ${left(names[at]!, name)}   ${right(sizes[at]!, size)}`;
    const note = widthOf(full) <= room ? full : short;
    return [note === '' ? line : `${line}   ${page.paint('dim', note)}`];
  });
}

function budgetLines(report: SizeReport, page: Page): string[] {
  const rows = rowsOf(report);
  const label = widest(rows.map((row) => row.label));
  const needed = widest(['needed', ...rows.map((row) => row.needed)]);
  const limit = widest(['limit', ...rows.map((row) => row.limit)]);
  const room = page.columns - (2 + label + 2 + needed + 2 + limit + 2);
  if (room < SHORTEST_BAR) return rows.flatMap((row) => cardLines(row, page));

  const remarks = widest(rows.map((row) => row.remark + (row.decides ? DECIDES : '')));
  const below = room - 1 - remarks < SHORTEST_BAR;
  if (below && 4 + remarks > page.columns) return rows.flatMap((row) => cardLines(row, page));
  const cells = Math.min(LONGEST_BAR, below ? room : room - 1 - remarks);
  const numbers = (one: string, other: string) => `${right(one, needed)}  ${right(other, limit)}`;
  return [
    page.paint('dim', `${left('budget', 2 + label)}  ${numbers('needed', 'limit')}`),
    ...rows.flatMap((row) => {
      const ink = inkOf(row, page);
      const front = `${ink.mark} ${left(row.label, label)}  ${numbers(row.needed, row.limit)}  `;
      const filled = bar(row.budget.needed / row.budget.limit, !row.budget.fits, cells);
      if (!below) return [ink.line(`${front}${ink.tone(left(filled, cells))} ${ink.remark}`)];
      const line = ink.line((front + ink.tone(filled)).trimEnd());
      return row.kind === 'spare' && !row.decides ? [line] : [line, ink.line(`    ${ink.remark}`)];
    }),
  ];
}

/** A row where there is no room for columns. */
function cardLines(row: Row, page: Page): string[] {
  const ink = inkOf(row, page);
  const numbers = `${row.needed} of ${row.limit}`;
  const facts = { spare: [numbers], over: [`${numbers}, ${row.remark}`], advice: [numbers, row.remark] };
  const lines = facts[row.kind].flatMap((fact) => wrap(fact, page.columns - 2));
  return [`${ink.mark} ${row.label}${ink.decides}`, ...indented(lines, 2)].map(ink.line);
}

/** How a row is coloured: red where it decides, yellow where it only warns, and faint where models rarely go. */
function inkOf(row: Row, page: Page) {
  const faint = !row.decides && (row.budget.name === 'package' || row.budget.name === 'image');
  const paint = faint ? plain : page.paint;
  const style = row.budget.fits ? 'green' : row.decides ? 'red' : 'yellow';
  const tone = (part: string) => (part === '' ? '' : paint(style, part));
  const decides = row.decides ? paint('bold', DECIDES) : '';
  const remark = row.kind === 'over' ? tone(row.remark) : row.remark;
  return {
    mark: tone(row.budget.fits ? '✓' : '✗'),
    tone,
    decides,
    remark: (row.kind === 'spare' ? paint('dim', remark) : remark) + decides,
    line: (whole: string) => (faint ? page.paint('dim', whole) : whole),
  };
}

/** The functions of a template, each with its verdict. */
function functionLines(report: SizeReport, page: Page): string[] {
  const { functions = [] } = report;
  if (functions.length === 0) return [];
  const name = widest(functions.map((each) => printable(each.name)));
  const settings = widest(functions.map(settingsOf));
  const room = page.columns - 2 - name - 3 - settings - 3;
  const below = widest(functions.map(verdictOf)) > room;
  const lines = functions.flatMap((each) => {
    const style = each.fits ? 'green' : 'red';
    const mark = page.paint(style, each.fits ? '✓' : '✗');
    const verdict = verdictOf(each);
    const remark = each.fits ? verdict : page.paint(style, verdict);
    const front = `${mark} ${left(printable(each.name), name)}   ${left(settingsOf(each), settings)}`;
    if (!below) return [`${front}   ${remark}`];
    const facts = [settingsOf(each), verdict].flatMap((fact) => wrap(fact, page.columns - 4));
    return [`${mark} ${printable(each.name)}`, ...indented(facts, 4)];
  });
  return [page.paint('bold', functionsTitle(report)), ...lines];
}

/** Memory is more than the models: the row alone would leave people wondering. */
function noteLines(report: SizeReport, page: Page): string[] {
  const memory = report.budgets.find(({ name }) => name === 'memory');
  const notes = [
    ...(memory === undefined ? [] : [`${labels.memory}: ${memory.note}`]),
    ...((report.functions ?? []).length > 1 ? [LEAST] : []),
  ];
  return notes.flatMap((note) => wrap(note, page.columns)).map((line) => page.paint('dim', line));
}

function largestLines({ largest }: SizeReport, page: Page): string[] {
  if (largest.length === 0) return [];
  const shown = largest.slice(0, LARGEST);
  const size = widest(shown.map((file) => formatSize(file.size)));
  const lines = shown.map(
    (file) =>
      `  ${right(formatSize(file.size), size)}   ${shorten(printable(file.path), page.columns - size - 5)}`,
  );
  return [page.paint('bold', 'largest files'), ...lines];
}

function leftOutLines(leftOut: LeftOutSummary, page: Page): string[] {
  if (leftOut.files === 0) return [];
  const size = widest(leftOut.reasons.map((row) => formatSize(row.size)));
  const lines = leftOut.reasons.flatMap((row) => {
    const front = `  ${right(formatSize(row.size), size)}   `;
    const what = `${printable(row.reason)} (${formatCount(row.files, 'file')})`;
    const [first = '', ...more] = wrap(what, page.columns - widthOf(front));
    return [front + first, ...indented(more, widthOf(front))];
  });
  return [`${page.paint('bold', 'left out')}   ${leftOutTotal(leftOut)}`, ...lines];
}

function nextLines(report: SizeReport, page: Page): string[] {
  const [first] = report.advice;
  if (first === undefined) return [];
  const label = page.paint('dim', 'next:');
  const what = printable(first.text);
  const then = sequel[first.code] ?? '';
  const room = page.columns - widthOf('next: ');
  const whole = then === '' ? what : `${what}     ${then}`;
  if (widthOf(whole) <= room) return [`${label} ${page.paint('bold', what)}${whole.slice(what.length)}`];
  if (widthOf(what) <= room)
    return [`${label} ${page.paint('bold', what)}`, ...indented(sequelLines(then, room), 6)];
  const lines = isCommand(what) ? continued(what, page.columns - 2) : wrap(what, page.columns - 2);
  const bold = lines.map((line) => page.paint('bold', line));
  return [label, ...indented([...bold, ...sequelLines(then, page.columns - 2)], 2)];
}

/** Where a line has no room for it, the command that a sequel ends with gets lines of its own. */
function sequelLines(then: string, columns: number): string[] {
  const [what = '', command] = then.split(': ');
  if (command === undefined || widthOf(then) <= columns) return wrap(then, columns);
  return [...wrap(`${what}:`, columns), ...indented(continued(command, columns - 2), 2)];
}

/** A command over several lines that can still be pasted: never broken inside quotes or between `-o` and its value. */
function continued(command: string, width: number): string[] {
  const words = command.match(/(?:-o |&& )?(?:'[^']*'|\\.|[^\s'\\])+/g) ?? [];
  const [first = '', ...more] = fill(words, width - 4);
  return [first, ...indented(more, 2)].map((line, at) => (at < more.length ? `${line} \\` : line));
}

function indented(lines: readonly string[], by: number): string[] {
  return lines.map((line) => ' '.repeat(by) + line);
}
