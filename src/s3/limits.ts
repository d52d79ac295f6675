import { MiB } from '../bytes.ts';

/**
 * The least that S3 takes as a part, the last one excepted, in bytes.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 */
export const MIN_PART = 5 * MiB;
