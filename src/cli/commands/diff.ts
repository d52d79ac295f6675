import { Option, type Command } from 'commander';

import type { Act } from '../program.ts';
import { openIfStored } from '../stored.ts';
import { addFunctionOptions, templateOf, type FunctionFlags } from './function-options.ts';
import { addS3Connection, type S3Connection } from './s3-options.ts';
import { addSelectionOptions, selectionOf, type SelectionFlags } from './selection-options.ts';

const formats = ['text', 'json', 'markdown'] as const;

interface Flags extends S3Connection, FunctionFlags, SelectionFlags {
  readonly format: (typeof formats)[number];
  readonly exitCode?: boolean;
  readonly checksum?: boolean;
}

const examples = `Examples:
  modelpack diff models.tar google-bert/bert-base-cased
  modelpack diff s3://my-bucket/models.tar models.tar
  modelpack diff google-bert/bert-base-cased@v1 google-bert/bert-base-cased@main
  git show main:modelpack.lock > main.lock && modelpack diff main.lock modelpack.lock --format markdown
  modelpack diff main.lock#chat modelpack.lock#chat --template template.yaml
`;

export function addDiff(root: Command, act: Act): Command {
  const command = root
    .command('diff')
    .summary('what differs between two bundles, locks or sources')
    .description(
      'Say which files differ between two bundles, locks or sources, and what that does to the budgets of AWS Lambda. Only listings and indexes are read. Exit code 0, whatever differs, unless --exit-code is given.',
    )
    .argument('<before>', 'a bundle file, s3:// bundle, modelpack.lock, modelpack.lock#name, or source')
    .argument('<after>', 'the same')
    .addOption(new Option('--format <format>', 'of the result').choices(formats).default('text'))
    .option('--exit-code', 'exit code 3 when something differs')
    .option('-c, --checksum', 'read local and small files whose hash nothing else tells');
  addFunctionOptions(command);
  addSelectionOptions(command)
    .addHelpText('before', examples)
    .action((before: string, after: string, flags: Flags) =>
      act(command, async (session) => {
        const { diff } = await import('../../verbs/diff.ts');
        const { leastOf } = await import('../../budget/report.ts');
        const { text } = await import('../render/diff/text.ts');
        const { markdown } = await import('../render/diff/markdown.ts');
        const { tmp, memory } = flags;
        const template = await templateOf(flags);
        const result = await diff(before, after, {
          resolve: await session.resolver(flags),
          selection: selectionOf(flags),
          open: (target) => openIfStored(target, flags, session.io.env, session.run),
          checksum: flags.checksum === true,
          settings: template === undefined ? { tmp, memory } : leastOf(template.functions),
          run: session.run,
        });
        await session.result(result, (value, paint) => {
          if (flags.format === 'json') return JSON.stringify(value);
          return flags.format === 'markdown' ? markdown(value) : text(value, paint, session.columns);
        });
        return flags.exitCode === true && !result.same ? 'check' : undefined;
      }),
    );
  return addS3Connection(command);
}
