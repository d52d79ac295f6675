import type { Finding, Level } from '../../../lint/finding.ts';
import { printable } from '../../../printable.ts';
import { formatCount } from '../../../size.ts';
import type { Linted } from '../../../verbs/lint.ts';
import { plain, type Paint } from '../paint.ts';
import { widthOf } from '../table.ts';
import { placeOf, shown } from './shown.ts';

export interface TextOptions {
  /** The lowest level that is shown. */
  readonly least?: Level | undefined;
  readonly paint?: Paint | undefined;
}

const tones = { error: 'red', warning: 'yellow', note: 'cyan' } as const;
/** Lines of a corrected call that are shown. */
const MOST_LINES = 12;

/** For people: each finding with its line and a caret, then what it comes to. No final newline. */
export function text(linted: Linted, { least = 'warning', paint = plain }: TextOptions = {}): string {
  const findings = shown(linted.findings, least).map((finding) => findingLines(finding, paint).join('\n'));
  const skipped = linted.report.skipped.map(
    ({ path, reason }) => `${printable(path)}: ${paint('yellow', 'not checked')}: ${printable(reason)}`,
  );
  return [...findings, skipped.join('\n'), summary(linted, least, paint)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function findingLines(finding: Finding, paint: Paint): string[] {
  const { level, message, code, excerpt, start, help, instead } = finding;
  const gutter = String(start.line).length + 1;
  const margin = ' '.repeat(gutter);
  const bar = paint('dim', '|');
  // A tab stays one, so that the caret below stands where the terminal puts the text.
  const before = excerpt.text.slice(0, excerpt.from);
  const indent = Array.from(before)
    .map((character) => (character === '\t' ? '\t' : ' '.repeat(widthOf(character))))
    .join('');
  const caret = '^'.repeat(
    Math.max(1, widthOf(excerpt.text.slice(excerpt.from, excerpt.from + excerpt.length))),
  );
  return [
    `${paint('bold', printable(placeOf(finding)))}: ${paint(tones[level], level)}: ${printable(message)} ${paint('dim', `[${code}]`)}`,
    `${paint('dim', ` ${start.line} |`)} ${shorten(printableLine(excerpt.text))}`,
    ...(excerpt.from < LONGEST
      ? [`${margin} ${bar} ${indent}${paint(tones[level], caret.slice(0, LONGEST))}`]
      : []),
    ...(help === undefined ? [] : [`${margin} ${paint('dim', '=')} ${printable(help)}`]),
    ...insteadLines(instead, margin, paint),
  ];
}

/** Characters of a line that are shown. */
const LONGEST = 240;

function shorten(line: string): string {
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

function printableLine(line: string): string {
  return line.split('\t').map(printable).join('\t');
}

function insteadLines(instead: string | undefined, margin: string, paint: Paint): string[] {
  if (instead === undefined) return [];
  const lines = instead.split('\n');
  const cut = lines.slice(0, MOST_LINES).map((line) => shorten(printableLine(line)));
  if (lines.length > MOST_LINES) cut.push('…');
  return [
    `${margin} ${paint('dim', '=')} write: ${paint('green', cut[0]!)}`,
    ...cut.slice(1).map((line) => `${margin}          ${paint('green', line)}`),
  ];
}

function summary({ report, fixes }: Linted, least: Level, paint: Paint): string {
  const { counts, files, ignored, findings } = report;
  const checked = formatCount(files, 'file');
  const found = (['error', 'warning'] as const).flatMap((level) =>
    counts[level] === 0 ? [] : [paint(tones[level], formatCount(counts[level], level))],
  );
  const notes = counts.note === 0 ? [] : [formatCount(counts.note, 'note')];
  const parts = least === 'note' ? [...found, ...notes] : found;
  const head = parts.length === 0 ? `nothing found in ${checked}` : `${parts.join(', ')} in ${checked}`;
  const aside = [
    ...(least === 'note' || notes.length === 0
      ? []
      : [`${notes[0]}: --level note shows ${counts.note === 1 ? 'it' : 'them'}`]),
    ...(ignored === 0 ? [] : [`${formatCount(ignored)} ignored by comments`]),
  ];
  const fixable = findings.filter((finding) => finding.fixable).length;
  const next =
    fixes.length === 0
      ? []
      : [`${formatCount(fixable)} can be fixed: modelpack lint --diff shows how, --fix does it`];
  return [[head, ...aside].join('; '), ...next].join('\n');
}
