const units = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** A size as Lambda counts (1 MB = 1024² bytes), with one decimal unless it is zero: `436.6 MB`, `512 MB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1,023.96 KB is written as 1 MB: the step up is decided by the rounded number.
  while (oneDecimal(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${grouped(oneDecimal(value))} ${units[unit]}`;
}

/** `1,234`, or with what is counted `1,234 files`, `1 file`. */
export function formatCount(count: number, noun?: string): string {
  const number = grouped(count);
  if (noun === undefined) return number;
  return `${number} ${noun}${count === 1 ? '' : 's'}`;
}

function oneDecimal(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Thousands with commas. Not by `toLocaleString`: that loads ICU, 17 MB of memory for a comma. */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+(?:\.|$))/g, ',');
}

const factors: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/**
 * The bytes of a size as people write it: `16MiB`, `512MB`, `1.5G`, `1024`. MB means 1024², as it does for Lambda.
 *
 * @returns undefined for what is no size above zero
 */
export function bytesOf(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  const bytes = Math.round(Number(digits) * (factors[unit?.toLowerCase() ?? ''] ?? Number.NaN));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}
