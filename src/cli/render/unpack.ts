import { printable, shellWord } from '../../printable.ts';
import { formatCount, formatSize } from '../../size.ts';
import type { UnpackResult } from '../../verbs/unpack.ts';
import { formatDuration } from '../reporter/meter.ts';

/** The folder alone on its line, for scripts; below it, how the libraries are told of it. */
export function unpacked({ location, libraries }: UnpackResult): string {
  const variables = libraries.flatMap((library) =>
    Object.entries(library.variables).map(([name, value]) => `${name}=${shellWord(value)}`),
  );
  const callers = new Map<string, string[]>();
  for (const { name, arguments: own } of libraries) {
    for (const [key, value] of Object.entries(own)) {
      const argument = `${key}=${JSON.stringify(printable(value))}`;
      callers.set(argument, [...(callers.get(argument) ?? []), name]);
    }
  }
  const calls = [...callers].map(([argument, names]) => `${argument} (${names.join(', ')})`);
  return [
    location,
    ...(variables.length > 0 ? [`in the environment: ${variables.join(' ')}`] : []),
    ...(calls.length > 0 ? [`in the code: ${calls.join(', ')}`] : []),
  ].join('\n');
}

/** What the run did, for people, on stderr. */
export function unpackSummary({
  id,
  files,
  size,
  transfer: { written, reused, seconds },
}: UnpackResult): string {
  const what = `${formatCount(files, 'file')}, ${formatSize(size)}, every hash checked; id ${id.slice(0, 12)}`;
  if (written === 0) return `already there: ${what}`;
  const rate = seconds > 0 ? `, ${formatSize(written / seconds)}/s` : '';
  const left = reused > 0 ? `, ${formatSize(reused)} reused` : '';
  return `${formatSize(written)} written${left} in ${formatDuration(seconds)}${rate}\n${what}`;
}
