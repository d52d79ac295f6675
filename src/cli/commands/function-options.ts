import { Option, type Command } from 'commander';

import type { Settings } from '../../budget/check.ts';
import type { Template } from '../../budget/report.ts';
import { ModelpackError } from '../../errors.ts';
import { append, parseMegabytes, parsePair } from '../values.ts';

/** What the functions have that will use the models. */
export interface FunctionFlags extends Settings {
  readonly template?: string;
  readonly function?: readonly string[];
  readonly parameter?: ReadonlyMap<string, string>;
}

export function addFunctionOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--tmp <size>', "the function's ephemeral storage, 512MB to 10240MB").argParser(
        parseMegabytes(512, 10_240),
      ),
    )
    .addOption(
      new Option('--memory <size>', "the function's memory, 128MB to 10240MB").argParser(
        parseMegabytes(128, 10_240),
      ),
    )
    .addOption(
      new Option(
        '--template <file>',
        'a SAM, CloudFormation or serverless template: read both from it, for each of its functions',
      ),
    )
    .addOption(
      new Option('--function <name>', 'only this function of the template (repeatable)').argParser(append),
    )
    .addOption(
      new Option(
        '--parameter <name=value>',
        'of the template, in place of its default (repeatable)',
      ).argParser(
        (text: string, previous?: ReadonlyMap<string, string>) =>
          new Map([...(previous ?? []), parsePair(text)]),
      ),
    );
}

/** @throws ModelpackError `usage` for what is said of a template that is not there */
export async function templateOf(flags: FunctionFlags): Promise<Template | undefined> {
  const { template, function: functions, parameter: parameters, tmp, memory } = flags;
  if (template !== undefined) {
    const { readTemplate } = await import('../../verbs/template.ts');
    return readTemplate(template, { functions, parameters, tmp, memory });
  }
  const lonely =
    functions !== undefined ? '--function' : parameters !== undefined ? '--parameter' : undefined;
  if (lonely === undefined) return undefined;
  throw new ModelpackError('usage', `${lonely} says something of a template, and there is none`, {
    hint: 'name it: --template template.yaml',
  });
}
