import { Option, type Command } from 'commander';

import { parseS3Url } from '../../s3/url.ts';
import type { Act } from '../program.ts';
import { unfinished, uploadsSummary } from '../render/uploads.ts';
import { parseDuration } from '../values.ts';
import { addS3Connection, s3SettingsOf, type S3Connection } from './s3-options.ts';

interface Flags extends S3Connection {
  readonly abort?: boolean;
  readonly olderThan: number;
}

const examples = `Examples:
  modelpack uploads s3://my-bucket
  modelpack uploads s3://my-bucket/models/ --abort --older-than 7d
`;

/** Uploads looked at at once. */
const JOBS = 8;

export function addUploads(root: Command, act: Act): Command {
  const command = root
    .command('uploads')
    .summary('list or remove unfinished uploads in S3')
    .description('List what broken-off uploads left in S3, which is billed like an object, or remove it.')
    .argument('<s3-url>', 's3://bucket, or s3://bucket/prefix')
    .option('--abort', 'remove them; a run that is still sending one has to begin again')
    .addOption(
      new Option('--older-than <age>', 'only those begun at least so long ago, such as 12h or 7d')
        .argParser(parseDuration)
        .default(0, 'any age'),
    )
    .addHelpText('before', examples)
    .action((address: string, flags: Flags) =>
      act(command, async (session) => {
        const prefix = parseS3Url(address);
        const { s3Client } = await import('../../s3/client.ts');
        const { listUploads } = await import('../../verbs/uploads.ts');
        const client = s3Client(s3SettingsOf({ ...flags, jobs: JOBS }, session.io.env));
        try {
          const { abort = false, olderThan } = flags;
          const result = await listUploads({
            client,
            prefix,
            abort,
            olderThan,
            jobs: JOBS,
            run: session.run,
          });
          await session.result(result, unfinished, uploadsSummary);
        } finally {
          client.destroy();
        }
      }),
    );
  return addS3Connection(command);
}
