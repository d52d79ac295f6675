import type { Command, Option } from 'commander';

import { isTrue } from './environment.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The command line with what `MODELPACK_<OPTION>` says put in, so that a variable is read just as the option is. What
 * stands on the command line wins.
 *
 * Not by commander's own variables: to it MODELPACK_JSON=0 switches an option on.
 */
export function withVariables(argv: readonly string[], root: Command, env: Env): string[] {
  const [name, ...rest] = argv;
  const command = root.commands.find((each) => each.name() === name);
  if (name === undefined || command === undefined) return [...argv];
  const given = command.options.flatMap((option) => (stands(option, rest) ? [] : words(option, env)));
  return [name, ...given, ...rest];
}

function words(option: Option, env: Env): string[] {
  const flag = option.long ?? '';
  const value = env[`MODELPACK_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`];
  if (value === undefined || value === '') return [];
  // To the loaders MODELPACK_BUNDLE says where a bundle is. A location is no name, and not meant for the command line.
  if (flag === '--bundle' && /[/:.]/.test(value)) return [];
  if (option.required) return [`${flag}=${value}`];
  return isTrue(value) ? [flag] : [];
}

function stands({ long, short }: Option, argv: readonly string[]): boolean {
  return argv.some(
    (word) => word === long || word === short || (long !== undefined && word.startsWith(`${long}=`)),
  );
}
