import { printable } from '../../printable.ts';
import type { InspectResult, VerifyResult } from '../../verbs/inspect.ts';
import type { Paint } from './paint.ts';
import { formatCount, formatSize } from '../../size.ts';
import { right, widest } from './table.ts';

/** A block a model: what it is, then its files with sizes. */
export function inspected({ location, id, size, files, models }: InspectResult, paint: Paint): string {
  const width = widest(models.flatMap((model) => model.files.map((file) => formatSize(file.size))));
  const blocks = models.map((model) => {
    const facts = [model.source, model.revision?.slice(0, 12), model.ref, model.license].filter(
      (fact) => fact !== undefined,
    );
    const rows = model.files.map(
      (file) => `  ${right(formatSize(file.size), width)}   ${printable(file.path)}`,
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

export function verified({ location, files, size, id, sha256 }: VerifyResult, paint: Paint): string {
  return [
    `${paint('green', 'ok')}   ${location}: ${formatCount(files, 'file')}, ${formatSize(size)}`,
    `id ${id}`,
    `sha256 ${sha256}`,
  ].join('\n');
}
