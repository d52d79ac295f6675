import type { Command } from 'commander';

import { openStored } from '../stored.ts';
import { addBundleOptions, type BundleFlags } from '../bundles.ts';
import { whereIs } from '../where.ts';
import type { Act } from '../program.ts';
import { addS3Connection, type S3Connection } from './s3-options.ts';
import { verified } from '../render/inspect.ts';

const examples = `Examples:
  modelpack verify models.tar
  modelpack verify s3://my-bucket/models.tar
`;

export function addVerify(root: Command, act: Act): Command {
  const command = root
    .command('verify')
    .summary('recompute every sha256 of a bundle')
    .description('Recompute every sha256 of a bundle, and compare every other byte with what its index says.')
    .argument('[bundle]', 'a bundle file, or s3://bucket/key; without it the one of modelpack.yaml')
    .addHelpText('before', examples)
    .action((named: string | undefined, given: S3Connection & BundleFlags) =>
      act(command, async (session) => {
        const { verifyBundle } = await import('../../verbs/inspect.ts');
        const { bundle, flags } = await whereIs(named, given);
        await using stored = await openStored(bundle, flags, session.io.env, session.run);
        await session.result(await verifyBundle(stored, session.run), verified);
      }),
    );
  return addS3Connection(addBundleOptions(command));
}
