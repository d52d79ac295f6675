import type { AdviceCode, Budget, BudgetName } from '../../../budget/check.ts';
import type { FunctionReport, LeftOutSummary, SizeReport, SizeTarget } from '../../../budget/report.ts';
import { printable } from '../../../printable.ts';
import { formatCount, formatSize } from '../../../size.ts';

/** What is known beside the report. */
export interface Beside {
  /** How many models the targets hold; one each unless told. */
  readonly models?: number | undefined;
  /** What each target left out, in the order of `targets`. */
  readonly leftOut?: readonly (LeftOutSummary | undefined)[] | undefined;
}

/** In the order they are read. */
export const labels = {
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
export const sequel: Partial<Record<AdviceCode, string>> = {
  'stream-into-memory': 'then load it into RAM: modelpack runtime python',
};

export const UNITS = 'MB = 1024² bytes, as Lambda counts';
/** Files shown of the largest. */
export const LARGEST = 5;

export interface Row {
  readonly budget: Budget;
  readonly label: string;
  readonly needed: string;
  readonly limit: string;
  readonly remark: string;
  readonly kind: 'spare' | 'over' | 'advice';
  readonly decides: boolean;
}

export function rowsOf(report: SizeReport): Row[] {
  const gates: readonly BudgetName[] = report.gate;
  return Object.entries(labels).flatMap(([name, label]) => {
    const budget = report.budgets.find((each) => each.name === name);
    // Packing and unpacking at once is worth a line only to those whom it would hurt.
    if (budget === undefined || (name === 'tmp-naive' && budget.fits)) return [];
    if (!concerns(report, budget)) return [];
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

/** Without a template nobody knows whether there will be a zip or an image. */
function concerns({ functions }: SizeReport, { name }: Budget): boolean {
  return functions === undefined || functions.some((each) => each.budgets.some((own) => own.name === name));
}

/** What a function's template says of it: `/tmp 512 MB, memory 2 GB, SnapStart, zip`. */
export function settingsOf({ tmp, memory, snapStart, packageType }: FunctionReport): string {
  return [
    `/tmp ${formatSize(tmp)}`,
    `memory ${formatSize(memory)}`,
    ...(snapStart ? ['SnapStart'] : []),
    packageType === 'Image' ? 'image' : 'zip',
  ].join(', ');
}

/** What decides for a function, the worst first: `SnapStart: over by 262.3 MB`. */
export function verdictOf({ budgets, gate }: FunctionReport): string {
  const gates: readonly BudgetName[] = gate;
  const deciding = budgets.filter(({ name }) => gates.includes(name));
  const over = deciding.filter(({ fits }) => !fits).toSorted((a, b) => b.over - a.over);
  if (over.length > 0)
    return over.map((each) => `${labels[each.name]}: over by ${formatSize(each.over)}`).join(', ');
  const [least] = deciding.toSorted((a, b) => a.headroom - b.headroom);
  return least === undefined ? '' : `${labels[least.name]}: ${formatSize(least.headroom)} to spare`;
}

/** Which functions the budgets are those of. */
export function functionsTitle({ template = '', functions = [] }: SizeReport): string {
  const over = functions.filter(({ fits }) => !fits).length;
  const count = `${formatCount(functions.length, 'function')} of ${printable(template)}`;
  if (functions.length === 1) return count;
  return over === 0 ? `${count}, all fit` : `${count}, ${formatCount(over)} over`;
}

/** Said where the budgets are not those of one function. */
export const LEAST = 'limits are those of the function that has least';

function remarkOf(budget: Budget, report: SizeReport): Pick<Row, 'kind' | 'remark'> {
  const advice = report.advice.find(({ code }) => code === advised[budget.name]);
  if (advice !== undefined) return { kind: 'advice', remark: advice.text };
  if (!budget.fits) return { kind: 'over', remark: `over by ${formatSize(budget.over)}` };
  return { kind: 'spare', remark: `${formatSize(budget.headroom)} to spare` };
}

export function summary(report: SizeReport, beside: Beside): string {
  const models = formatCount(beside.models ?? report.targets.length, 'model');
  return `${models}, ${formatCount(report.files, 'file')}, ${formatSize(report.size)}`;
}

/** The target with its commit, as git shortens it: `org/name@cd5ef92`, `org/name@v2 (cd5ef92)`. */
export function nameOf({ target, revision }: SizeTarget): string {
  const name = printable(target);
  if (revision === null) return name;
  const commit = revision.slice(0, 7);
  const at = name.lastIndexOf('@');
  if (at < 0) return `${name}@${commit}`;
  const ref = name.slice(at + 1);
  if (ref.length >= commit.length && revision.startsWith(ref)) return `${name.slice(0, at)}@${commit}`;
  return `${name} (${commit})`;
}

export function leftOutNote(leftOut: LeftOutSummary | undefined): { short: string; full: string } {
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

export function leftOutTotal(leftOut: LeftOutSummary): string {
  return `${formatSize(leftOut.size)} in ${formatCount(leftOut.files, 'file')}`;
}

export function isCommand(advice: string): boolean {
  return advice.startsWith('modelpack ');
}
