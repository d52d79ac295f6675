import { Option, type Command } from 'commander';

import { ModelpackError } from '../../errors.ts';
import { isS3Url } from '../../s3/url.ts';
import { folderLayouts, type FolderLayout } from '../../sink/folder/layout.ts';
import { addBundleOptions, type BundleFlags } from '../bundles.ts';
import { openStored } from '../stored.ts';
import { whereIs } from '../where.ts';
import type { Act } from '../program.ts';
import { unpacked, unpackSummary } from '../render/unpack.ts';
import { parseCount, repeatable } from '../values.ts';
import { addS3Connection, type S3Connection } from './s3-options.ts';

interface Flags extends S3Connection, BundleFlags {
  readonly layout: FolderLayout;
  readonly only: readonly string[];
  readonly jobs: number;
}

const examples = `Examples:
  modelpack unpack models.tar /tmp/models
  modelpack unpack s3://my-bucket/models.tar /tmp/models --layout cache
  modelpack unpack --bundle vision /tmp/models
  modelpack unpack s3://my-bucket/models.tar . --only 'google-bert/bert-base-cased/*.json'
`;

export function addUnpack(root: Command, act: Act): Command {
  const command = root
    .command('unpack')
    .summary('write the files of a bundle into a folder')
    .description(
      'Write the files of a bundle into a folder, every file verified. Files that are right already are left alone.',
    )
    .argument('[bundle]', 'a bundle file, or s3://bucket/key; without it the one of modelpack.yaml')
    .argument('[folder]', 'where to; it is made if there is none')
    .addOption(
      new Option('--layout <layout>', 'flat: <model>/<path>; cache: as each library expects its cache')
        .choices(folderLayouts)
        .default('flat'),
    )
    .addOption(repeatable('--only <glob>', 'only these files, as <model>/<path> (repeatable)'))
    .addOption(new Option('--jobs <n>', 'parts at once').argParser(parseCount(256)).default(8, '8'))
    .addHelpText('before', examples)
    .action((first: string | undefined, second: string | undefined, given: Flags) =>
      act(command, async (session) => {
        // A single one is the folder.
        const [named, folder] = second === undefined ? [undefined, first] : [first, second];
        if (folder === undefined) throw missing();
        refuseOther(folder);
        const { unpackBundle } = await import('../../verbs/unpack.ts');
        const { bundle, flags } = await whereIs(named, given);
        await using stored = await openStored(bundle, flags, session.io.env, session.run);
        const { layout, only, jobs } = flags;
        const result = await unpackBundle(stored, folder, { layout, only, jobs, run: session.run });
        await session.result(result, unpacked, unpackSummary);
      }),
    );
  return addS3Connection(addBundleOptions(command));
}

function missing(): ModelpackError {
  return new ModelpackError('usage', "missing required argument 'folder'", {
    hint: 'modelpack unpack models.tar /tmp/models',
  });
}

/** A slip that would make a folder `s3:`, or fill the one that one is in. */
function refuseOther(folder: string): void {
  if (folder !== '' && !isS3Url(folder)) return;
  const what = folder === '' ? 'the folder has no name' : `${folder} is no folder of this machine`;
  throw new ModelpackError('usage', what, { hint: 'modelpack unpack models.tar /tmp/models' });
}
