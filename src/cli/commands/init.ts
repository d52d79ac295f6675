import { InvalidArgumentError, Option, type Command } from 'commander';

import type { InitResult } from '../../verbs/init.ts';
import type { Act } from '../program.ts';
import { printable } from '../../printable.ts';
import { formatCount } from '../../size.ts';
import { append } from '../values.ts';

interface Flags {
  readonly config?: string;
  readonly bundle: string;
  readonly output?: string;
  readonly for: readonly string[];
}

const examples = `Examples:
  modelpack init
  modelpack init google-bert/bert-base-cased clip:ViT-B/32 -o 's3://my-bucket/models/{id}.tar'
  modelpack init whisper:base --bundle speech
`;

export function addInit(root: Command, act: Act): Command {
  return root
    .command('init')
    .summary('write modelpack.yaml of sources, or of the models that code loads')
    .description(
      'Write modelpack.yaml of the sources that are named, or of the models that the Python code here loads. Where there is one already, they are added to it, and all else in it stays.',
    )
    .argument('[source...]', 'org/name, clip:…, ./folder, …; without any the code is looked through')
    .option('--config <file>', 'default: modelpack.yaml here or in a folder above')
    .addOption(new Option('--bundle <name>', 'that they go into').argParser(parseName).default('models'))
    .option('-o, --output <file | s3://bucket/key>', 'where the bundle goes')
    .addOption(
      new Option('--for <path>', 'code that is looked through (repeatable)')
        .argParser(append)
        .default([], '.'),
    )
    .addHelpText('before', examples)
    .action((sources: string[], flags: Flags, command: Command) =>
      act(command, async (session) => {
        const { initProject } = await import('../../verbs/init.ts');
        const { findConfig } = await import('../../project.ts');
        const { parseOutput } = await import('../destination.ts');
        if (flags.output !== undefined) parseOutput(flags.output);
        const path = flags.config ?? (await findConfig(process.cwd())) ?? 'modelpack.yaml';
        const result = await initProject(sources, {
          path,
          bundle: flags.bundle,
          destination: flags.output,
          code: flags.for.length > 0 ? flags.for : ['.'],
          run: session.run,
        });
        await session.result(result, ({ config }) => config, summary);
      }),
    );
}

function summary({ created, bundle, sources, config }: InitResult): string {
  if (sources.length === 0) return `${config} has them all`;
  const lines = sources.map(
    ({ source, from }) => `  ${printable(source)}${from === null ? '' : `   ${printable(from)}`}`,
  );
  const what = `${formatCount(sources.length, 'source')} ${created ? 'in' : 'added to'} the bundle ${bundle}`;
  return [what, ...lines, 'next: modelpack lock'].join('\n');
}

function parseName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(text)) return text;
  throw new InvalidArgumentError('a name is letters, digits, - and _');
}
