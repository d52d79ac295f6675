import type { Command } from 'commander';

import { isTrue } from './environment.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Lets every option be set by `MODELPACK_<OPTION>`; what stands on the command line wins. */
export function nameVariables(command: Command, env: Env): void {
  for (const option of command.options) {
    const variable = `MODELPACK_${(option.long ?? '').slice(2).replaceAll('-', '_').toUpperCase()}`;
    // To commander a variable that is there at all switches an option on, even MODELPACK_JSON=0.
    const off = (option.isBoolean() || option.negate) && !isTrue(env[variable]);
    if (!off && env[variable] !== '') option.env(variable);
  }
}
