import { InvalidArgumentError, Option } from 'commander';

import { bytesOf } from '../size.ts';

/** A size in bytes: `16MiB`, `512MB`, `1.5G`, `1024`. MB means 1024², as it does for Lambda. */
export function parseSize(text: string): number {
  const bytes = bytesOf(text);
  if (bytes !== undefined) return bytes;
  throw new InvalidArgumentError('a size is a number with a unit, such as 16MiB or 512MB');
}

/** Of a part, in bytes. Each job holds one in memory, and one write to a file takes less than 2 GiB. */
export function parsePartSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes <= 1024 ** 3) return bytes;
  throw new InvalidArgumentError('a part is at most 1GiB: each job holds one in memory');
}

/** A size that Lambda can be configured to, in bytes; `min` and `max` in MB. */
export function parseMegabytes(min: number, max: number): (text: string) => number {
  return (text) => {
    const bytes = parseSize(text);
    if (bytes >= min * 1024 ** 2 && bytes <= max * 1024 ** 2) return bytes;
    throw new InvalidArgumentError(`Lambda takes ${min}MB to ${max}MB`);
  };
}

export function parseCount(max: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d{1,9}$/.test(text) && count >= 1 && count <= max) return count;
    throw new InvalidArgumentError(`it has to be a whole number from 1 to ${max}`);
  };
}

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** A time in seconds: `30m`, `12h`, `7d`. */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/i.exec(text.trim()) ?? [];
  if (count !== undefined) return Number(count) * seconds[unit!.toLowerCase()]!;
  throw new InvalidArgumentError('a time is a number with a unit, such as 30m, 12h or 7d');
}

/** An option that adds up: it may be given several times. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description)
    .argParser((text: string, previous: readonly string[]) => [...previous, text])
    .default([]);
}

export function parsePair(text: string): readonly [key: string, value: string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new InvalidArgumentError('it has to be written key=value');
}

/** For an option that may be given several times. */
export function append(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}

/** `NAME`, or `NAME=value`, added to those that were given before. */
export function parseVariable(
  text: string,
  previous: ReadonlyMap<string, string | undefined>,
): ReadonlyMap<string, string | undefined> {
  const [, name, value] = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('it has to be written NAME or NAME=value');
  return new Map([...previous, [name, value]]);
}

/**
 * User metadata travels in HTTP headers, the name as part of a header's; of other characters than ASCII every server
 * makes something else. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export function parseMetadata(text: string): readonly [key: string, value: string] {
  const [key, value] = parsePair(text);
  if (/^[\w!#$%&'*+.^`|~-]+$/.test(key) && /^[\x20-\x7e]*$/.test(value)) return [key, value];
  throw new InvalidArgumentError('metadata is ASCII, its name without spaces: it becomes an HTTP header');
}
