import { printable } from '../../printable.ts';
import { formatCount, formatSize } from '../../size.ts';
import type { UploadsResult } from '../../verbs/uploads.ts';
import type { Paint } from './paint.ts';
import { left, right, widest } from './table.ts';

/** One line for each unfinished upload, the oldest first. */
export function unfinished({ uploads, location }: UploadsResult, paint: Paint): string {
  if (uploads.length === 0) return paint('dim', `no unfinished uploads to ${printable(location)}`);
  const rows = uploads
    .toSorted((a, b) => ((a.initiated ?? '') < (b.initiated ?? '') ? -1 : 1))
    .map((upload) => ({
      begun: upload.initiated === null ? '?' : upload.initiated.slice(0, 16).replace('T', ' '),
      parts: formatCount(upload.parts, 'part'),
      size: formatSize(upload.size),
      location: printable(upload.location),
      state: upload.aborted ? 'removed' : '',
    }));
  const [parts, sizes] = [widest(rows.map((row) => row.parts)), widest(rows.map(({ size }) => size))];
  return rows
    .map((row) =>
      `${left(row.begun, 16)}  ${right(row.parts, parts)}  ${right(row.size, sizes)}  ${row.location}  ${row.state}`.trimEnd(),
    )
    .join('\n');
}

/** What it comes to, for people, on stderr. */
export function uploadsSummary({ uploads, size }: UploadsResult): string {
  const what = `${formatCount(uploads.length, 'unfinished upload')}, ${formatSize(size)}`;
  if (uploads.some(({ aborted }) => aborted)) return `removed ${what}`;
  return uploads.length === 0 ? '' : `${what}, billed until removed; to remove them, add --abort`;
}
