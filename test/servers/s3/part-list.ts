import { ALGORITHMS } from './checksums.ts';
import { S3Error } from './errors.ts';
import type { Rules } from './rules.ts';
import type { Upload, UploadedPart } from './store.ts';
import { childrenOf, parseXml, textOf, type XmlNode } from './xml-parse.ts';

/** One entry of the list that completes an upload. */
export interface ListedPart {
  readonly number: number;
  readonly etag: string;
  readonly checksums: ReadonlyMap<string, string>;
}

const MAX_PARTS = 10_000;

/** The parts in a CompleteMultipartUpload document, known to be in ascending order. */
export function readPartList(source: string): readonly ListedPart[] {
  const parts = childrenOf(parseXml(source, 'CompleteMultipartUpload'), 'Part').map(readPart);
  if (parts.length === 0 || parts.length > MAX_PARTS) throw new S3Error('MalformedXML');
  if (parts.some((part, index) => part.number <= (parts[index - 1]?.number ?? 0))) {
    throw new S3Error('InvalidPartOrder');
  }
  return parts;
}

/** The uploaded part that an entry means, if its ETag and checksums agree. */
export function choosePart(upload: Upload, entry: ListedPart, rules: Rules): UploadedPart {
  const part = upload.parts.get(entry.number);
  if (part?.etag !== entry.etag) throw invalidPart(upload, entry);
  if (!rules.checksums) return part;
  for (const [algorithm, value] of entry.checksums) {
    const known = part.checksum?.algorithm === algorithm ? part.checksum.value : undefined;
    if (known !== value) throw invalidPart(upload, entry);
  }
  if (upload.checksum?.type === 'COMPOSITE' && !entry.checksums.has(upload.checksum.algorithm)) {
    const algorithm = upload.checksum.algorithm.toLowerCase();
    throw new S3Error('InvalidRequest', {
      message:
        `The upload was created using a ${algorithm} checksum. The complete request must include the checksum ` +
        `for each part. It was missing for part ${entry.number} in the request.`,
    });
  }
  return part;
}

/** All but the last must reach the minimum. */
export function checkSizes(parts: readonly UploadedPart[], minimum: number): void {
  const small = parts.slice(0, -1).find((part) => part.size < minimum);
  if (!small) return;
  throw new S3Error('EntityTooSmall', {
    details: {
      ProposedSize: small.size,
      MinSizeAllowed: minimum,
      PartNumber: small.number,
      ETag: small.etag,
    },
  });
}

function readPart(node: XmlNode): ListedPart {
  const number = textOf(node, 'PartNumber')?.trim() ?? '';
  const etag = textOf(node, 'ETag')?.trim().replaceAll('"', '');
  if (!/^[1-9]\d{0,4}$/.test(number) || !etag) throw new S3Error('MalformedXML');
  const checksums = ALGORITHMS.flatMap((algorithm) => {
    const value = textOf(node, `Checksum${algorithm}`);
    return value === undefined ? [] : [[algorithm, value] as const];
  });
  return { number: Number(number), etag, checksums: new Map(checksums) };
}

function invalidPart({ id }: Upload, { number, etag }: ListedPart): S3Error {
  return new S3Error('InvalidPart', { details: { UploadId: id, PartNumber: number, ETag: etag } });
}
