import { printable } from '../../printable.ts';
import type { AdviceCode, Budget, BudgetName } from '../../budget/check.ts';
import type { LeftOutSummary, SizeReport, SizeTarget } from '../../budget/report.ts';
import { formatCount, formatSize } from '../../size.ts';
import {
  bar,
  codeSpan,
  escapeMarkdown,
  fence,
  fill,
  left,
  markdownTable,
  right,
  shorten,
  widest,
  widthOf,
  wrap,
} from './table.ts';

export type Style = 'red' | 'green' | 'bold' | 'dim' | 'yellow';
export type Paint = (style: Style, text: string) => string;

/** What is known beside the report. */
export interface Beside {
  /** How many models the targets hold; one each unless told. */
  readonly models?: number | undefined;
  /** What each target left out, in the order of `targets`. */
  readonly leftOut?: readonly (LeftOutSummary | undefined)[] | undefined;
}

export interface TextOptions extends Beside {
  /** The width to stay within, in cells; 100 unless told. */
  readonly columns?: number | undefined;
  /** Colours; none unless told. */
  readonly paint?: Paint | undefined;
}

/** In the order they are read. */
const labels = {
  tmp: '/tmp, unpacked',
  'tmp-naive': '/tmp, tar + unpacked',
  snapstart: 'SnapStart',
  'tmp-max': '/tmp, configured',
  memory: 'memory, streamed',
  package: 'zip package',
  image: 'container image',
} as const satisfies Record<BudgetName, string>;

/** The advice that is given in the row of a budget. */
const advised: Partial<Record<BudgetName, AdviceCode>> = {
  'tmp-naive': 'unpack-while-downloading',
  'tmp-max': 'raise-ephemeral-storage',
  memory: 'set-memory',
};

/** What follows the command of an advice. */
const sequel: Partial<Record<AdviceCode, string>> = {
  'stream-into-memory': 'then stream it into RAM at cold start',
};

const UNITS = 'MB = 1024² bytes, as Lambda counts';
const DECIDES = '   ← decides';
const LARGEST = 5;
const LONGEST_BAR = 31;
/** A shorter bar shows nothing: the remarks go below their rows, and at last the bars go. */
const SHORTEST_BAR = 8;

interface Page {
  readonly columns: number;
  readonly paint: Paint;
}

interface Row {
  readonly budget: Budget;
  readonly label: string;
  readonly needed: string;
  readonly limit: string;
  readonly remark: string;
  readonly kind: 'spare' | 'over' | 'advice';
  readonly decides: boolean;
}

/** For people; no final newline. Lines stay within `columns` from 40 on, unless a single word is wider. */
export function text(report: SizeReport, options: TextOptions = {}): string {
  const page: Page = { columns: options.columns ?? 100, paint: options.paint ?? plain };
  const blocks = [
    [...headLines(report, options, page), ...targetLines(report.targets, options, page)],
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

function plain(_style: Style, unpainted: string): string {
  return unpainted;
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

/** Memory is more than the models: the row alone would leave people wondering. */
function noteLines(report: SizeReport, page: Page): string[] {
  const memory = report.budgets.find(({ name }) => name === 'memory');
  if (memory === undefined) return [];
  return wrap(`${labels.memory}: ${memory.note}`, page.columns).map((line) => page.paint('dim', line));
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
    return [`${label} ${page.paint('bold', what)}`, ...indented(wrap(then, room), 6)];
  const lines = isCommand(what) ? continued(what, page.columns - 2) : wrap(what, page.columns - 2);
  const bold = lines.map((line) => page.paint('bold', line));
  return [label, ...indented([...bold, ...wrap(then, page.columns - 2)], 2)];
}

/** A command over several lines that can still be pasted: never broken inside quotes or between `-o` and its value. */
function continued(command: string, width: number): string[] {
  const words = command.match(/(?:-o |&& )?(?:'[^']*'|\\.|[^\s'\\])+/g) ?? [];
  const [first = '', ...more] = fill(words, width - 4);
  return [first, ...indented(more, 2)].map((line, at) => (at < more.length ? `${line} \\` : line));
}

/** For a comment on a pull request: GitHub's Markdown, no final newline. */
export function markdown(report: SizeReport, beside: Beside = {}): string {
  const [next] = report.advice;
  const budgets = rowsOf(report).map((row) => [
    row.budget.fits ? '✅' : row.decides ? '❌' : '⚠️',
    row.decides ? `**${row.label}**` : row.label,
    row.needed,
    row.limit,
    usedOf(row.budget),
    row.decides ? `**${row.remark}** ← decides` : row.remark,
  ]);
  const largest = report.largest
    .slice(0, LARGEST)
    .map(({ path, size }) => [formatSize(size), codeSpan(printable(path))]);
  const reasons = report.leftOut.reasons.map(({ reason, size, files }) => [
    formatSize(size),
    escapeMarkdown(`${reason} (${formatCount(files, 'file')})`),
  ]);
  const parts = [
    `### ${report.fits ? '✅ Fits' : '❌ Does not fit'} AWS Lambda: ${summary(report, beside)}`,
    report.targets.map((target, at) => targetItem(target, beside.leftOut?.[at])).join('\n'),
    markdownTable(['', 'budget', 'needed', 'limit', 'used', ''], 'clrrrl', budgets),
    next === undefined ? '' : nextBlock(next.text, sequel[next.code]),
    fold('Largest files', ['size', 'file'], largest),
    fold(`Left out: ${leftOutTotal(report.leftOut)}`, ['size', 'what'], reasons),
    `<sub>${UNITS}. Checked by modelpack size-check.</sub>`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function targetItem(target: SizeTarget, leftOut: LeftOutSummary | undefined): string {
  const note = leftOutNote(leftOut).full;
  const item = `- ${codeSpan(nameOf(target))} ${formatSize(target.size)}`;
  return note === '' ? item : `${item}, ${escapeMarkdown(note)}`;
}

function nextBlock(what: string, then = ''): string {
  if (!isCommand(what)) return `**Next:** ${escapeMarkdown(what)}`;
  return [`**Next:**`, fence(printable(what)), then].filter((part) => part !== '').join('\n\n');
}

function fold(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const table = markdownTable(heads, 'rl', rows);
  return `<details><summary>${title}</summary>\n\n${table}\n\n</details>`;
}

/** What is used of the limit, never rounded to the other side of it. */
function usedOf({ needed, limit, fits }: Budget): string {
  const percent = (needed / limit) * 100;
  return `${formatCount(fits ? Math.floor(percent) : Math.ceil(percent))} %`;
}

/**
 * For a GitHub Actions log: an error for each budget that decides and is over, a warning for each other one that is
 * over, and a notice that sums up. No final newline.
 */
export function github(report: SizeReport, beside: Beside = {}): string {
  const over = rowsOf(report).filter(({ budget }) => !budget.fits);
  const found = over
    .toSorted((a, b) => Number(b.decides) - Number(a.decides))
    .map((row) =>
      annotation(
        row.decides ? 'error' : 'warning',
        `${row.label}: over by ${formatSize(row.budget.over)}`,
        `${row.needed} needed, ${row.limit} allowed: ${row.budget.note}`,
      ),
    );
  const steps = report.advice.map(({ code, text: step }) => [step, sequel[code]].filter(Boolean).join(', '));
  const verdict = report.fits ? 'fits' : 'does not fit';
  const lines = [`${summary(report, beside)} (${UNITS})`, ...steps.map((step) => `- ${step}`)];
  return [...found, annotation('notice', `modelpack size-check: ${verdict}`, lines.join('\n'))].join('\n');
}

/** @see https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts for what is escaped */
function annotation(level: 'error' | 'warning' | 'notice', title: string, message: string): string {
  const escape = (value: string) =>
    value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = escape(title).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return `::${level} title=${property}::${escape(message)}`;
}

function rowsOf(report: SizeReport): Row[] {
  const gates: readonly BudgetName[] = report.gate;
  return Object.entries(labels).flatMap(([name, label]) => {
    const budget = report.budgets.find((each) => each.name === name);
    // Packing and unpacking at once is worth a line only to those whom it would hurt.
    if (budget === undefined || (name === 'tmp-naive' && budget.fits)) return [];
    return [
      {
        budget,
        label,
        needed: formatSize(budget.needed),
        limit: formatSize(budget.limit),
        ...remarkOf(budget, report),
        decides: gates.includes(budget.name),
      },
    ];
  });
}

function remarkOf(budget: Budget, report: SizeReport): Pick<Row, 'kind' | 'remark'> {
  const advice = report.advice.find(({ code }) => code === advised[budget.name]);
  if (advice !== undefined) return { kind: 'advice', remark: advice.text };
  if (!budget.fits) return { kind: 'over', remark: `over by ${formatSize(budget.over)}` };
  return { kind: 'spare', remark: `${formatSize(budget.headroom)} to spare` };
}

function summary(report: SizeReport, beside: Beside): string {
  const models = formatCount(beside.models ?? report.targets.length, 'model');
  return `${models}, ${formatCount(report.files, 'file')}, ${formatSize(report.size)}`;
}

/** The target with its commit, as git shortens it: `org/name@cd5ef92`, `org/name@v2 (cd5ef92)`. */
function nameOf({ target, revision }: SizeTarget): string {
  const name = printable(target);
  if (revision === null) return name;
  const commit = revision.slice(0, 7);
  const at = name.lastIndexOf('@');
  if (at < 0) return `${name}@${commit}`;
  const ref = name.slice(at + 1);
  if (ref.length >= commit.length && revision.startsWith(ref)) return `${name.slice(0, at)}@${commit}`;
  return `${name} (${commit})`;
}

function leftOutNote(leftOut: LeftOutSummary | undefined): { short: string; full: string } {
  if (leftOut === undefined || leftOut.files === 0) return { short: '', full: '' };
  const short = `left out ${formatSize(leftOut.size)}`;
  return { short, full: `${short}: ${joinReasons(leftOut.reasons.map(({ reason }) => printable(reason)))}` };
}

/** Reasons that differ in their last word are said once: `the same weights for TensorFlow, Flax`. */
function joinReasons(reasons: readonly string[]): string {
  const endings = new Map<string, string[]>();
  for (const reason of reasons) {
    const cut = reason.lastIndexOf(' ') + 1;
    const stem = reason.slice(0, cut);
    endings.set(stem, [...(endings.get(stem) ?? []), reason.slice(cut)]);
  }
  return [...endings].map(([stem, words]) => stem + words.join(', ')).join('; ');
}

function leftOutTotal(leftOut: LeftOutSummary): string {
  return `${formatSize(leftOut.size)} in ${formatCount(leftOut.files, 'file')}`;
}

function isCommand(advice: string): boolean {
  return advice.startsWith('modelpack ');
}

function indented(lines: readonly string[], by: number): string[] {
  return lines.map((line) => ' '.repeat(by) + line);
}
