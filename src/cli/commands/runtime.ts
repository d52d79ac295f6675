import { Argument, type Command } from 'commander';

import { ModelpackError } from '../../errors.ts';
import { write } from '../io.ts';
import type { Act } from '../program.ts';
import { runtimeSummary, runtimeWritten } from '../render/runtime.ts';

const kinds = ['python', 'layer'] as const;

interface Flags {
  readonly output?: string;
  readonly force?: boolean;
}

const examples = `Examples:
  modelpack runtime python
  modelpack runtime python -o src/
  modelpack runtime layer -o layer.zip
  modelpack runtime python -o - | less
`;

export function addRuntime(root: Command, act: Act): Command {
  const command = root
    .command('runtime')
    .summary('write the loader that reads a bundle into the memory of a function')
    .description(
      'Write the loader for Python that reads a bundle from S3 into memory: one file to put beside the handler, or a zip to publish as a Lambda layer. The one for Node.js is part of this package: modelpack/runtime.',
    )
    .addArgument(new Argument('<kind>', 'what to write').choices(kinds))
    .option('-o, --output <file>', 'where to: a file, a folder, or - for standard output')
    .option('--force', 'replace a file with another content')
    .addHelpText('before', examples)
    .action((kind: (typeof kinds)[number], { output, force = false }: Flags) =>
      act(command, async (session) => {
        const { runtimeBytes, writeRuntime } = await import('../../verbs/runtime.ts');
        if (output !== '-') {
          const result = await writeRuntime(kind, { output, force });
          return session.result(result, runtimeWritten, runtimeSummary);
        }
        refuse(command.opts(), kind, session.io.stdout.isTTY);
        return write(session.io.stdout, await runtimeBytes(kind));
      }),
    );
  return command;
}

/** There is one standard output, and a terminal shows no zip. */
function refuse({ json = false }: { json?: boolean }, kind: string, isTerminal: boolean): void {
  if (json) {
    throw new ModelpackError('usage', '-o - and --json would both write to standard output', {
      hint: 'name a file with -o',
    });
  }
  if (kind === 'layer' && isTerminal) {
    throw new ModelpackError('usage', 'a zip is nothing to show in a terminal', {
      hint: 'name a file with -o, or send it on: modelpack runtime layer -o - > layer.zip',
    });
  }
}
