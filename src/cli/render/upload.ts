import type { UploadResult } from '../../verbs/upload.ts';
import { formatDuration } from '../reporter/meter.ts';
import { formatCount, formatSize } from '../../size.ts';

const proofs = {
  CRC32: (value: string) => `S3's CRC32 of the whole object is ours (${value})`,
  'CRC32-COMPOSITE': (value: string) => `S3's CRC32 of the parts' CRC32s is ours (${value})`,
  'ETAG-MD5': () => 'the ETag is the MD5 of our parts',
  SIZE: () => 'the server tells no checksum: only the size was compared',
} as const;

/** What the run did, for people, on stderr. */
export function uploadSummary({ skipped, size, parts, seconds, checksum }: UploadResult): string {
  if (skipped) return `already there: ${formatSize(size)}, nothing was sent`;
  const rate = seconds > 0 ? `, ${formatSize(size / seconds)}/s` : '';
  const proof = proofs[checksum.algorithm](checksum.value);
  return `${formatSize(size)} in ${formatCount(parts.total, 'part')}, ${formatDuration(seconds)}${rate}\n${proof}`;
}
