import { advice, budgets, verdict, type Advice, type Budget, type Gate, type Settings } from './check.ts';

/** What `size-check` found: the `--json` document, and what every other format is made from. Sizes are bytes. */
export interface SizeReport {
  readonly schema: 'modelpack.size-check/1';
  readonly targets: readonly SizeTarget[];
  /** Of all files. */
  readonly size: number;
  /** Of the tar that holds them. */
  readonly bundleSize: number;
  readonly files: number;
  /** The largest first. */
  readonly largest: readonly { readonly path: string; readonly size: number }[];
  readonly leftOut: LeftOutSummary;
  readonly budgets: readonly Budget[];
  readonly gate: readonly Gate[];
  readonly fits: boolean;
  readonly advice: readonly Advice[];
}

export interface SizeTarget {
  /** As the user wrote it. */
  readonly target: string;
  /** The commit; null when unknown. */
  readonly revision: string | null;
  readonly size: number;
  readonly files: number;
}

/** How much was not taken, one row a reason, the largest first. */
export interface LeftOutSummary {
  readonly size: number;
  readonly files: number;
  readonly reasons: readonly {
    readonly reason: string;
    readonly size: number;
    readonly files: number;
  }[];
}

interface SizedFile {
  readonly path: string;
  readonly size: number;
}

/** A target whose files are known. */
export interface MeasuredTarget {
  readonly target: string;
  readonly revision: string | undefined;
  /** Paths as in the bundle. */
  readonly files: readonly SizedFile[];
  readonly leftOut: readonly { readonly reason: string; readonly files: readonly SizedFile[] }[];
}

export interface ReportSettings extends Settings {
  /** Of the tar, in bytes. */
  readonly bundleSize: number;
  readonly gate: readonly Gate[];
}

const LARGEST = 10;

export function sizeReport(measured: readonly MeasuredTarget[], settings: ReportSettings): SizeReport {
  const { bundleSize, gate } = settings;
  const files = measured.flatMap((target) => target.files);
  const all = budgets({ fileSizes: files.map(({ size }) => size), bundleSize }, settings);
  return {
    schema: 'modelpack.size-check/1',
    targets: measured.map(({ target, revision, files: own }) => ({
      target,
      revision: revision ?? null,
      size: sizeOf(own),
      files: own.length,
    })),
    size: sizeOf(files),
    bundleSize,
    files: files.length,
    largest: files
      .toSorted(bySize)
      .slice(0, LARGEST)
      .map(({ path, size }) => ({ path, size })),
    leftOut: summarizeLeftOut(measured.flatMap(({ leftOut }) => leftOut)),
    budgets: all,
    gate,
    fits: verdict(all, gate).fits,
    advice: advice(
      all,
      gate,
      measured.map(({ target }) => target),
    ),
  };
}

/** Adds up rows of one reason, from one model or several. */
export function summarizeLeftOut(rows: MeasuredTarget['leftOut']): LeftOutSummary {
  const byReason = new Map<string, SizedFile[]>();
  for (const { reason, files } of rows) byReason.set(reason, [...(byReason.get(reason) ?? []), ...files]);
  const files = rows.flatMap((row) => row.files);
  return {
    size: sizeOf(files),
    files: files.length,
    reasons: [...byReason]
      .map(([reason, own]) => ({ reason, size: sizeOf(own), files: own.length }))
      .toSorted(bySize),
  };
}

function sizeOf(files: readonly SizedFile[]): number {
  return files.reduce((total, { size }) => total + size, 0);
}

function bySize(a: { readonly size: number }, b: { readonly size: number }): number {
  return b.size - a.size;
}
