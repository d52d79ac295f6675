import type { Command } from 'commander';

import { openStored } from '../stored.ts';
import { isS3Url } from '../../s3/url.ts';
import { addBundleOptions, type BundleFlags } from '../bundles.ts';
import { whereIs } from '../where.ts';
import type { Act } from '../program.ts';
import { addS3Connection, type S3Connection } from './s3-options.ts';
import { inspected } from '../render/inspect.ts';

interface Flags extends S3Connection, BundleFlags {
  readonly pickles?: boolean;
}

const examples = `Examples:
  modelpack inspect models.tar
  modelpack inspect s3://my-bucket/models.tar
  modelpack inspect models.tar --json | jq -r '.models[].files[].path'
  modelpack inspect models.tar --json | jq '.models[].files[] | select(.pickle) | {path, pickle}'
`;

export function addInspect(root: Command, act: Act): Command {
  const command = root
    .command('inspect')
    .summary('list the models and files of a bundle')
    .description(
      'List the models and files of a bundle, and what its pickles import when they are loaded. Nothing is loaded.',
    )
    .argument('[bundle]', 'a bundle file, or s3://bucket/key; without it the one of modelpack.yaml')
    .option('--pickles', 'say what pickles import; of a bundle in S3 they are not looked into without this')
    .addHelpText('before', examples)
    .action((named: string | undefined, given: Flags) =>
      act(command, async (session) => {
        const { inspectBundle } = await import('../../verbs/inspect.ts');
        const { bundle, flags } = await whereIs(named, given);
        await using stored = await openStored(bundle, flags, session.io.env, session.run);
        // Of an object the index alone is read: it may be far away.
        const pickles = flags.pickles ?? !isS3Url(bundle);
        await session.result(await inspectBundle(stored, { pickles, run: session.run }), inspected);
      }),
    );
  return addS3Connection(addBundleOptions(command));
}
