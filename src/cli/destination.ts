import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { fileDestination } from '../sink/file-destination.ts';
import type { Destination } from '../sink/sink.ts';
import { isS3Url, parseS3Url, type S3Url } from '../s3/url.ts';
import { s3SettingsOf, writingOf, type S3Flags } from './commands/s3-options.ts';

interface DestinationFlags extends S3Flags {
  readonly jobs: number;
  readonly force?: boolean;
  readonly readOnly: boolean;
  readonly run: Run;
}

/** What `-o` names, read before anything is asked for. */
export function parseOutput(output: string): S3Url | string {
  if (output === '') throw new ModelpackError('usage', '-o is empty', { hint: 'name a file: -o models.tar' });
  return isS3Url(output) ? parseS3Url(output) : output;
}

/** Where `-o` leads: a file, or an object in S3. */
export async function openDestination(
  output: S3Url | string,
  flags: DestinationFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Destination> {
  const { run, readOnly, force = false } = flags;
  if (typeof output === 'string') return fileDestination(output, { force, readOnly, run });
  const { s3Client } = await import('../s3/client.ts');
  const { s3Destination } = await import('../sink/s3-destination.ts');
  return s3Destination(output, {
    client: s3Client(s3SettingsOf(flags, env)),
    ...writingOf(flags, env),
    run,
  });
}
