import { left, right, widest } from '../src/cli/render/table.ts';
import type { Comparison, Round } from './compare.ts';
import type { Profile } from './profile.ts';

/** What was measured, in one place and at one time. */
export interface Report extends Comparison {
  readonly name: string;
  readonly title: string;
  /** Of the weights, in bytes. */
  readonly size: number;
  readonly s3: string | null;
  /** Whether memory is put in relation to the size, too. */
  readonly multiples: boolean;
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  readonly profile?: Profile;
}

interface Figure {
  readonly head: string;
  readonly of: (round: Round) => number;
  readonly digits: number;
  /** Whether it is put in relation to ours. */
  readonly ratio: boolean;
}

const MB = 2 ** 20;
const figuresOf = ({ size, multiples }: Report): readonly Figure[] => [
  { head: 'wall s', of: ({ seconds }) => seconds, digits: 2, ratio: true },
  { head: 'CPU s', of: ({ cpu }) => cpu, digits: 2, ratio: true },
  { head: 'peak MB', of: ({ peak }) => peak / MB, digits: 0, ratio: true },
  ...(multiples
    ? [{ head: 'peak ÷ size', of: ({ peak }: Round) => peak / size, digits: 2, ratio: false }]
    : []),
  { head: 'disk MB', of: ({ written }) => written / MB, digits: 0, ratio: false },
  { head: "servers' CPU s", of: ({ servers }) => servers, digits: 2, ratio: false },
  { head: "others' CPU s", of: ({ others }) => others, digits: 2, ratio: false },
];

/** Medians; behind those of the others stands ours divided by theirs. */
export function render(report: Report): string {
  const { title, size, s3, sides, load, missing, profile } = report;
  const figures = figuresOf(report);
  const about = [
    `${(size / MB).toFixed(0)} MB`,
    ...(s3 === null ? [] : [`S3: ${s3}`]),
    `load ${load.map((l) => l.toFixed(1)).join(' → ')}`,
  ];
  const rows = sides.map(({ name, median, rounds }, i) => [
    name,
    ...figures.flatMap((figure) => cells(figure, median, i === 0 ? undefined : sides[0]!.median)),
    spread(rounds),
  ]);
  const table = [
    ['', ...figures.flatMap(({ head, ratio }) => (ratio ? [head, '×'] : [head])), 'wall min–max'],
    ...rows,
  ];
  const widths = table[0]!.map((_, column) => widest(table.map((row) => row[column]!)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column === 0 ? left : right)(cell, widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return [
    `${title} (${about.join(', ')})`,
    ...lines,
    ...missing.map(({ name, why }) => `missing: ${name}: ${why}`),
    ...(profile === undefined ? [] : [`our main thread, seconds: ${profileLine(profile)}`]),
  ].join('\n');
}

function profileLine(profile: Profile): string {
  return profile
    .filter(([, seconds]) => seconds >= 0.01)
    .map(([kind, seconds]) => `${kind} ${seconds.toFixed(2)}`)
    .join(', ');
}

function cells({ of, digits, ratio }: Figure, round: Round, our: Round | undefined): string[] {
  const exact = of(round);
  // A little is not nothing.
  const value = exact.toFixed(exact > 0 && exact < 1 && digits === 0 ? 3 : digits);
  if (!ratio) return [value];
  return [value, our === undefined ? '' : (of(our) / exact).toFixed(2)];
}

function spread(rounds: readonly Round[]): string {
  const seconds = rounds.map((round) => round.seconds);
  return `${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)}`;
}
