import { Option, type Command } from 'commander';

import { weightFormats, type Selection, type Weights } from '../../source/source.ts';
import { append, parseCount } from '../values.ts';

/** Which files of a source count, and how it is asked. */
export interface SelectionFlags {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly weights?: Weights;
  readonly all?: boolean;
  readonly token?: string;
  readonly offline?: boolean;
  readonly jobs: number;
}

export function addSelectionOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--include <glob>', 'count only these files (repeatable)').argParser(append).default([]),
    )
    .addOption(
      new Option('--exclude <glob>', 'do not count these files (repeatable)').argParser(append).default([]),
    )
    .addOption(
      new Option('--weights <format>', 'which copy of the weights counts').choices([...weightFormats, 'all']),
    )
    .option('--all', 'every file of the repository')
    .option('--token <token>', 'of the Hub; else HF_TOKEN, HUGGING_FACE_HUB_TOKEN, the token file')
    .option('--offline', 'only what the local Hugging Face cache holds')
    .addOption(new Option('--jobs <n>', 'requests at once').argParser(parseCount(256)).default(8, '8'));
}

export function selectionOf({ include, exclude, weights, all }: SelectionFlags): Selection {
  return { include, exclude, weights, all: all === true };
}
