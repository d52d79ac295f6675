import { printable } from '../../printable.ts';
import type { InspectResult, VerifyResult } from '../../verbs/inspect.ts';
import type { Paint } from './paint.ts';
import { formatCount, formatSize } from '../../size.ts';
import { right, widest } from './table.ts';
import type { Pickled } from '../../weights/file.ts';
import { isUnsafe, reason } from '../../weights/pickles.ts';

/** A block a model: what it is, then its files with sizes. */
export function inspected({ location, id, size, files, models }: InspectResult, paint: Paint): string {
  const width = widest(models.flatMap((model) => model.files.map((file) => formatSize(file.size))));
  const blocks = models.map((model) => {
    const facts = [model.source, model.revision?.slice(0, 12), model.ref, model.license].filter(
      (fact) => fact !== undefined,
    );
    const rows = model.files.map(
      (file) =>
        `  ${right(formatSize(file.size), width)}   ${printable(file.path)}${pickled(file.pickle, paint)}`,
    );
    const sum = model.files.reduce((total, file) => total + file.size, 0);
    const head = `${paint('bold', printable(model.name))}   ${formatCount(model.files.length, 'file')}, ${formatSize(sum)}   ${paint('dim', printable(facts.join('  ')))}`;
    return [head, ...rows].join('\n');
  });
  return [
    `${location}: ${formatCount(files, 'file')}, ${formatSize(size)} (${size} bytes)`,
    `id ${id}`,
    ...blocks,
  ].join('\n');
}

/** What a file does when it is loaded; all of its imports are in the JSON. */
function pickled(pickle: Pickled | undefined, paint: Paint): string {
  if (pickle === undefined) return '';
  if (isUnsafe(pickle)) return `   ${paint('red', `pickle: ${printable(reason(pickle))}`)}`;
  return `   ${paint('dim', `pickle: ${formatCount(pickle.imports.length, 'import')}, known to be harmless`)}`;
}

export function verified({ location, files, size, id, sha256 }: VerifyResult, paint: Paint): string {
  return [
    `${paint('green', 'ok')}   ${location}: ${formatCount(files, 'file')}, ${formatSize(size)}`,
    `id ${id}`,
    `sha256 ${sha256}`,
  ].join('\n');
}
