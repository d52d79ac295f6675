import { InvalidArgumentError, Option, type Command } from 'commander';

import { CACHE_ROOT } from '../../cache-paths/root.ts';
import type { Act } from '../program.ts';
import { append } from '../values.ts';
import { env, envFormats, type EnvFormat } from '../render/env.ts';

interface Flags {
  readonly format: EnvFormat;
  readonly cacheRoot: string;
  readonly for: readonly string[];
  readonly home?: boolean;
  readonly explain?: boolean;
}

const examples = `Examples:
  modelpack env --for src/ > .env
  modelpack env --for src/ --format sam --explain
  modelpack env --cache-root /mnt/models --format terraform
  modelpack env --format dockerfile >> Dockerfile
`;

export function addEnv(root: Command, act: Act): Command {
  const command = root
    .command('env')
    .summary('print the variables that put every cache under one root')
    .description(
      "Print the variables that put every library's cache under one root, for all libraries that are known or for those that code uses. What no variable moves is noted.",
    )
    .addOption(new Option('--format <format>', 'of the variables').choices(envFormats).default('dotenv'))
    .addOption(
      new Option('--cache-root <path>', 'where models are kept, below /tmp or /mnt')
        .argParser(parseRoot)
        .default(CACHE_ROOT),
    )
    .addOption(
      new Option('--for <path>', 'only for the libraries that this code uses (repeatable)')
        .argParser(append)
        .default([], 'all libraries'),
    )
    .option('--home', 'set HOME too, for what has no variable of its own')
    .option('--explain', 'say of each line who reads it, and when')
    .addHelpText('before', examples)
    .action((flags: Flags) =>
      act(command, async (session) => {
        const { environmentOf } = await import('../../verbs/env.ts');
        const environment = await environmentOf({
          cacheRoot: flags.cacheRoot,
          paths: flags.for,
          home: flags.home === true,
          run: session.run,
        });
        await session.result(
          environment,
          (value) => env(value, flags.format, flags.explain === true),
          flags.format === 'json'
            ? ({ notes }) => notes.map((note) => `note: ${note}`).join('\n')
            : undefined,
        );
      }),
    );
  return command;
}

/** Nothing that a shell, YAML, Terraform or a Dockerfile would read as more than a letter. */
function parseRoot(text: string): string {
  const path = text.replace(/\/+$/, '');
  if (/^(?:\/[A-Za-z0-9._-]+)+$/.test(path) && !path.split('/').includes('..')) return path;
  throw new InvalidArgumentError('it has to be an absolute path of letters, digits and . _ -');
}
