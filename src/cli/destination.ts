import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { fileDestination } from '../sink/file-destination.ts';
import type { Destination } from '../sink/sink.ts';
import { isS3Url, parseS3Url } from '../s3/url.ts';
import { attributesOfFlags, s3SettingsOf, type S3Flags } from './commands/s3-options.ts';

interface DestinationFlags extends S3Flags {
  readonly jobs: number;
  readonly force?: boolean;
  readonly readOnly: boolean;
  readonly run: Run;
}

/** Where `-o` leads: a file, or an object in S3. */
export async function openDestination(
  output: string,
  flags: DestinationFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Destination> {
  const { run, readOnly, force = false } = flags;
  if (output === '') throw new ModelpackError('usage', '-o is empty', { hint: 'name a file: -o models.tar' });
  if (!isS3Url(output)) return fileDestination(output, { force, readOnly, run });
  const url = parseS3Url(output);
  const { s3Client } = await import('../s3/client.ts');
  const { s3Destination } = await import('../sink/s3-destination.ts');
  return s3Destination(url, {
    client: s3Client(s3SettingsOf(flags, env)),
    attributes: attributesOfFlags(flags),
    noClobber: !flags.clobber,
    force,
    run,
  });
}
