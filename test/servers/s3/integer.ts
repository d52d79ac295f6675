import { S3Error } from './errors.ts';

/** A number in a query or header, or InvalidArgument. */
export function readInteger(
  text: string | undefined,
  { name, min = 0, max, fallback }: { name: string; min?: number; max: number; fallback?: number },
): number {
  if (text === undefined && fallback !== undefined) return fallback;
  const value = /^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new S3Error('InvalidArgument', {
    message: `${name} must be an integer between ${min} and ${max}, inclusive`,
    details: { ArgumentName: name, ArgumentValue: text ?? '' },
  });
}

/** S3 takes larger page sizes than it serves. */
export function readPageSize(text: string | undefined, name: string): number {
  return Math.min(1000, readInteger(text, { name, max: 2 ** 31 - 1, fallback: 1000 }));
}

export function readPartNumber(text: string | undefined): number {
  return readInteger(text, { name: 'partNumber', min: 1, max: 10_000 });
}
