import { shellWord } from '../printable.ts';

const bucket = 's3://BUCKET/';

/**
 * The command that comes after the check, to paste: packs the targets, or sends off what is packed already.
 * Bundles cannot be packed again, so among other targets they are left alone.
 */
export function nextCommand(targets: readonly string[], to: 'file' | 's3'): string {
  const sources = targets.filter((target) => !isBundle(target));
  if (sources.length > 0) return fetchCommand(sources, to);
  return targets.map(sendCommand).join(' && ');
}

function fetchCommand(sources: readonly string[], to: 'file' | 's3'): string {
  const output = to === 's3' ? `${bucket}models.tar` : 'models.tar';
  return ['modelpack fetch', ...sources.map(shellWord), '-o', output].join(' ');
}

function sendCommand(target: string): string {
  if (isObject(target)) return `modelpack verify ${shellWord(target)}`;
  const name = target.split(/[/\\]/).at(-1) ?? target;
  return `modelpack upload ${shellWord(target)} ${shellWord(bucket + name)}`;
}

function isBundle(target: string): boolean {
  return isObject(target) || target.endsWith('.tar');
}

function isObject(target: string): boolean {
  return target.startsWith('s3://');
}
