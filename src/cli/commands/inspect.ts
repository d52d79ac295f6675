import type { Command } from 'commander';

import type { Act } from '../program.ts';
import { inspected } from '../render/inspect.ts';

const examples = `Examples:
  modelpack inspect models.tar
  modelpack inspect models.tar --json | jq -r '.models[].files[].path'
`;

export function addInspect(root: Command, act: Act): Command {
  const command = root
    .command('inspect')
    .summary('list the models and files of a bundle')
    .description('List the models and files of a bundle. Only its index is read.')
    .argument('<bundle>', 'a bundle file')
    .addHelpText('before', examples)
    .action((bundle: string) =>
      act(command, async (session) => {
        const { inspectBundle } = await import('../../verbs/inspect.ts');
        await session.result(await inspectBundle(bundle), inspected);
      }),
    );
  return command;
}
