import {
  advice,
  budgets,
  budgetsOf,
  gatesOf,
  verdict,
  type Advice,
  type Budget,
  type FunctionSettings,
  type Gate,
  type Settings,
  type Subject,
} from './check.ts';

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
  /** Of several functions, against the least that one of them has. */
  readonly budgets: readonly Budget[];
  readonly gate: readonly Gate[];
  /** Of several functions, whether all of them fit. */
  readonly fits: boolean;
  readonly advice: readonly Advice[];
  /** The template that the functions stand in, as the user wrote it; with a template only. */
  readonly template?: string;
  readonly functions?: readonly FunctionReport[];
}

/** The verdict on one function of a template. */
export interface FunctionReport extends FunctionSettings {
  /** What decides here: `snapstart` in place of `tmp` where it has SnapStart. */
  readonly gate: readonly Gate[];
  /** Without what it is not: of a zip the image's, of an image the package's. */
  readonly budgets: readonly Budget[];
  readonly fits: boolean;
}

/** The functions that will use the models. */
export interface Template {
  /** For people: the file. */
  readonly path: string;
  /** At least one. */
  readonly functions: readonly FunctionSettings[];
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
  readonly template?: Template | undefined;
}

const LARGEST = 10;

export function sizeReport(measured: readonly MeasuredTarget[], settings: ReportSettings): SizeReport {
  const { bundleSize, template } = settings;
  const files = measured.flatMap((target) => target.files);
  const subject = { fileSizes: files.map(({ size }) => size), bundleSize };
  const functions = template?.functions.map((each) => functionReport(subject, each, settings.gate));
  const gate = functions === undefined ? settings.gate : union(functions.map((each) => each.gate));
  const all = budgets(subject, functions === undefined ? settings : leastOf(functions));
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
    fits: functions?.every(({ fits }) => fits) ?? verdict(all, gate).fits,
    advice: advice(
      all,
      gate,
      measured.map(({ target }) => target),
      functions?.some(({ snapStart }) => !snapStart),
    ),
    ...(template && functions && { template: template.path, functions }),
  };
}

function functionReport(
  subject: Subject,
  settings: FunctionSettings,
  gates: readonly Gate[],
): FunctionReport {
  const gate = gatesOf(gates, settings);
  const own = budgetsOf(subject, settings);
  return { ...settings, gate, budgets: own, fits: verdict(own, gate).fits };
}

/** What the function with the least has. A `/tmp` under SnapStart has a budget of its own. */
export function leastOf(functions: readonly FunctionSettings[]): Settings {
  const plain = functions.filter(({ snapStart }) => !snapStart);
  return {
    tmp: Math.min(...(plain.length > 0 ? plain : functions).map(({ tmp }) => tmp)),
    memory: Math.min(...functions.map(({ memory }) => memory)),
  };
}

function union(gates: readonly (readonly Gate[])[]): readonly Gate[] {
  return [...new Set(gates.flat())];
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
