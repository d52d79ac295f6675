import type { Command } from 'commander';

import type { Act } from '../program.ts';
import { verified } from '../render/inspect.ts';

const examples = `Examples:
  modelpack verify models.tar
`;

export function addVerify(root: Command, act: Act): Command {
  const command = root
    .command('verify')
    .summary('recompute every sha256 of a bundle')
    .description('Recompute every sha256 of a bundle, and compare every other byte with what its index says.')
    .argument('<bundle>', 'a bundle file')
    .addHelpText('before', examples)
    .action((bundle: string) =>
      act(command, async (session) => {
        const { verifyBundle } = await import('../../verbs/inspect.ts');
        await session.result(await verifyBundle(bundle, session.run), verified);
      }),
    );
  return command;
}
