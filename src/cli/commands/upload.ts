import { Option, type Command } from 'commander';

import { DEFAULT_PART_SIZE } from '../../parts.ts';
import { parseS3Url } from '../../s3/url.ts';
import { addBundleOptions, type BundleFlags } from '../bundles.ts';
import { whereTo } from '../where.ts';
import type { Act } from '../program.ts';
import { uploadSummary } from '../render/upload.ts';
import { parseCount, parsePartSize } from '../values.ts';
import { addS3Options, s3SettingsOf, writingOf, type S3Flags } from './s3-options.ts';

interface Flags extends S3Flags, BundleFlags {
  readonly jobs: number;
  readonly partSize: number;
  readonly force?: boolean;
}

const examples = `Examples:
  modelpack upload models.tar s3://my-bucket/models.tar
  modelpack upload models.tar 's3://my-bucket/models/{id}.tar' --no-clobber --tag team=search
  modelpack upload models.tar --bundle vision
  tar -c folder | modelpack upload - s3://my-bucket/folder.tar
`;

/** Attempts of the SDK itself, where a part cannot be read again. */
const STREAM_ATTEMPTS = 10;

export function addUpload(root: Command, act: Act): Command {
  const command = root
    .command('upload')
    .summary('multipart-upload a bundle, or any file, to S3')
    .description(
      'Multipart-upload a bundle (or any single file) to S3, and compare what S3 holds with what was sent.',
    )
    .argument('<file>', 'a file, or - for standard input')
    .argument(
      '[s3-url]',
      's3://bucket/key, or s3://bucket/prefix/; {id} in it becomes the id of the bundle. Without it the destination in modelpack.yaml',
    )
    .addOption(
      new Option('--part-size <size>', 'grows with the file')
        .argParser(parsePartSize)
        .default(DEFAULT_PART_SIZE, '16MiB'),
    )
    .addOption(new Option('--jobs <n>', 'parts at once').argParser(parseCount(256)).default(8, '8'))
    .option('--force', 'send everything, even what is already there')
    .addHelpText('before', examples)
    .action((file: string, address: string | undefined, given: Flags) =>
      act(command, async (session) => {
        const { destination, flags } = await whereTo(address, given);
        const url = parseS3Url(destination);
        const settings = s3SettingsOf(flags, session.io.env);
        const { s3Client } = await import('../../s3/client.ts');
        const stream = file === '-';
        const client = s3Client(settings, stream ? STREAM_ATTEMPTS : 1);
        const options = {
          client,
          url,
          partSize: flags.partSize,
          run: session.run,
          ...writingOf(flags, session.io.env),
        };
        try {
          const result = stream
            ? await (
                await import('../../verbs/upload-stream.ts')
              ).uploadStream(session.io.stdin, client, options)
            : await (await import('../../verbs/upload.ts')).uploadFile(file, options);
          await session.result(result, ({ location }) => location, uploadSummary);
        } finally {
          client.destroy();
        }
      }),
    );
  return addS3Options(addBundleOptions(command));
}
