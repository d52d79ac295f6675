/**
 * One MB as Lambda counts: "The Lambda documentation, log messages, and console use the abbreviation MB (rather
 * than MiB) to refer to 1024 KB."
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const MB = 1024 ** 2;
export const GB = 1024 * MB;

const guide = 'https://docs.aws.amazon.com/lambda/latest/dg';

/** Lambda's limits for ordinary functions, in bytes, each with the page of AWS that states it. */
export const limits = {
  /** Ephemeral storage (`/tmp`) unless configured; also the least that can be configured. */
  tmpDefault: { bytes: 512 * MB, source: `${guide}/configuration-ephemeral-storage.html` },
  /** The most that can be configured, in steps of 1 MB. */
  tmpMax: { bytes: 10_240 * MB, source: `${guide}/configuration-ephemeral-storage.html` },
  /** SnapStart supports no ephemeral storage above this. */
  snapStartTmp: { bytes: 512 * MB, source: `${guide}/snapstart.html` },
  memoryMin: { bytes: 128 * MB, source: `${guide}/configuration-memory.html` },
  /** In steps of 1 MB. New accounts begin with less, until AWS raises it. */
  memoryMax: { bytes: 10_240 * MB, source: `${guide}/configuration-memory.html` },
  /** Code and layers together, unzipped; also when the zip comes from S3. */
  packageUnzipped: { bytes: 250 * MB, source: `${guide}/gettingstarted-limits.html` },
  /** Uncompressed, all layers. */
  image: { bytes: 10 * GB, source: `${guide}/gettingstarted-limits.html` },
} as const satisfies Record<string, { readonly bytes: number; readonly source: string }>;

/**
 * What a file takes on `/tmp` is a whole number of blocks. `/tmp` is an ext file system, and ext4's blocks are
 * 4 KiB unless made otherwise.
 *
 * @see https://docs.kernel.org/filesystems/ext4/blocks.html
 */
export const TMP_BLOCK = 4096;

/**
 * Memory that a function needs besides the bundle it holds, in bytes. Measured: 244 MB resident after importing
 * torch and boto3 (torch 2.13 CPU, Python 3.11); the rest is for transformers, the handler and activations.
 */
export const FRAMEWORK_HEADROOM = 512 * MB;
