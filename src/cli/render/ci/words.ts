import { summarizeLeftOut } from '../../../budget/report.ts';
import { formatSize } from '../../../size.ts';
import type { CiRun, Gate } from '../../../verbs/ci.ts';
import type { FetchResult } from '../../../verbs/fetch.ts';
import type { SizeChecked } from '../../../verbs/size-check.ts';
import { formatDuration } from '../../reporter/meter.ts';
import type { Beside } from '../size-check/rows.ts';

/** What became of a transfer. */
export function shippedWords({ skipped, size, transfer }: FetchResult): string {
  if (skipped) return `there already, ${formatSize(size)}, nothing transferred`;
  return `${formatSize(size)} shipped in ${formatDuration(transfer.seconds)}`;
}

const stopped: Record<Gate, string> = {
  lint: 'lint found something',
  lock: 'upstream is not what is locked',
  'size-check': 'it does not fit',
};

/** What it all came to, in a few words. */
export function verdict({ result: { failed, bundles } }: CiRun): string {
  if (failed !== null) return stopped[failed];
  const fetched = bundles.flatMap(({ fetch }) => fetch ?? []);
  if (fetched.length === 0) return 'every gate passed; nothing was to be transferred';
  const count = fetched.filter(({ skipped }) => !skipped).length;
  if (count === 0) return 'nothing changed, nothing transferred';
  return `${count} of ${fetched.length} shipped`;
}

export function besideOf(checked: SizeChecked | undefined): Beside {
  return { models: checked?.models, leftOut: checked?.leftOut.map(summarizeLeftOut) };
}
