import { ALGORITHMS, type Checksum, headerOf, joinComposite, joinFull } from './checksums.ts';
import { S3Error } from './errors.ts';
import type { Upload, UploadedPart } from './store.ts';

/** The checksum of the object that these parts make; undefined when the upload was begun without one. */
export function joinChecksums({ checksum }: Upload, parts: readonly UploadedPart[]): Checksum | undefined {
  if (!checksum) return undefined;
  const { algorithm, type } = checksum;
  const measured = parts.map(({ size, checksum: { value = '' } = {} }) => ({ size, checksum: value }));
  const join = type === 'FULL_OBJECT' ? joinFull : joinComposite;
  return { algorithm, type, value: join(algorithm, measured) };
}

/** Holds what a CompleteMultipartUpload says about the object against what its parts add up to. */
export function checkGivenChecksum(
  headers: Readonly<Record<string, string>>,
  actual: Checksum | undefined,
): void {
  const type = headers['x-amz-checksum-type'];
  if (type !== undefined && type !== actual?.type) {
    throw new S3Error('InvalidRequest', {
      message: `The upload was begun with checksum type ${actual?.type ?? 'none'}`,
    });
  }
  for (const algorithm of ALGORITHMS) {
    const given = headers[headerOf(algorithm)];
    if (given === undefined) continue;
    if (algorithm !== actual?.algorithm) {
      throw new S3Error('InvalidRequest', {
        message: `The upload was begun with checksum ${actual?.algorithm ?? 'none'}`,
      });
    }
    if (withoutCount(given) === withoutCount(actual.value)) continue;
    throw new S3Error('BadDigest', {
      message: `The ${algorithm} you sent is ${given}, that of the object is ${actual.value}`,
    });
  }
}

// Clients send a composite checksum with or without its -N.
function withoutCount(value: string): string {
  return value.replace(/-\d+$/, '');
}
