import { printable } from '../../../printable.ts';
import { formatCount, formatSize } from '../../../size.ts';
import type { CiRun } from '../../../verbs/ci.ts';
import { text as lintText } from '../lint/text.ts';
import { changed } from '../lock.ts';
import type { Paint } from '../paint.ts';
import { text as sizeText } from '../size-check/text.ts';
import { besideOf, shippedWords } from './words.ts';

/** For people: a line for each step that passed, and all of the one that stopped it. No final newline. */
export function text(
  run: CiRun,
  { paint, columns }: { readonly paint: Paint; readonly columns: number },
): string {
  const { result, linted, locked, sizes } = run;
  const ok = paint('green', '✓');
  const no = paint('red', '✗');
  const lines: string[] = [];
  if (linted === undefined) lines.push('- lint         off');
  else if (result.failed === 'lint')
    lines.push(`${no} lint`, lintText(linted, { least: linted.report.level, paint }));
  else lines.push(`${ok} lint         ${formatCount(linted.report.files, 'file')}, nothing found`);
  if (result.failed === 'lint') return lines.join('\n');

  for (const bundle of locked?.bundles ?? []) {
    const mark = bundle.upToDate ? ok : result.failed === 'lock' ? no : paint('yellow', '!');
    lines.push(`${mark} lock         ${changed(bundle, paint, columns)}`);
  }
  if (locked === undefined) lines.push('- lock         upstream was not asked');

  for (const { bundle, sizeCheck } of result.bundles) {
    if (sizeCheck === null) continue;
    if (!sizeCheck.fits) {
      const beside = besideOf(sizes.get(bundle));
      lines.push(
        `${no} size-check   ${paint('bold', bundle)}`,
        sizeText(sizeCheck, { ...beside, paint, columns }),
      );
    } else {
      const budget = `${formatSize(sizeCheck.size)} fits ${sizeCheck.gate.join(', ')}`;
      lines.push(`${ok} size-check   ${paint('bold', bundle)}: ${budget}`);
    }
  }
  for (const { bundle, fetch } of result.bundles) {
    if (fetch === null) continue;
    lines.push(
      `${ok} fetch        ${paint('bold', bundle)}: ${printable(fetch.location)}   ${shippedWords(fetch)}`,
    );
  }
  return lines.join('\n');
}
