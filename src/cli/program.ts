import { Command, Option } from 'commander';

import { version } from '../version.ts';
import { addCi } from './commands/ci.ts';
import { addDiff } from './commands/diff.ts';
import { addEnv } from './commands/env.ts';
import { addFetch } from './commands/fetch.ts';
import { addInit } from './commands/init.ts';
import { addInspect } from './commands/inspect.ts';
import { addLint } from './commands/lint.ts';
import { addRuntime } from './commands/runtime.ts';
import { addLock } from './commands/lock.ts';
import { addSizeCheck } from './commands/size-check.ts';
import { addUnpack } from './commands/unpack.ts';
import { addUpload } from './commands/upload.ts';
import { addUploads } from './commands/uploads.ts';
import { addVerify } from './commands/verify.ts';
import type { GuardedIo } from './io.ts';
import { progressKinds } from './reporter/choose.ts';
import { openSession, type Session } from './session.ts';

/** What a command does, with its session open and closed around it. */
export type Act = (command: Command, work: (session: Session) => Promise<Outcome>) => Promise<void>;

/** Nothing, or that a check failed whose result has been printed. */
export type Outcome = 'check' | void;

/**
 * The tree of commands. Nothing is loaded for a command before it runs.
 *
 * @param ended told how the command that ran has ended
 */
export function program(io: GuardedIo, ended: (outcome: Outcome) => void): Command {
  const root = new Command('modelpack')
    .description(
      'Know before you deploy whether your models fit AWS Lambda; if not, stream them: every byte verified.',
    )
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => {}, // main says it, as one line and a hint
      getOutHelpWidth: () => io.stdout.columns ?? 100,
    })
    .configureHelp({ optionDescription: describeOption })
    .addHelpText('before', examples)
    .addHelpText(
      'after',
      [
        '\nEvery option can be set by a variable: MODELPACK_<OPTION>, such as MODELPACK_JOBS=4.',
        'MODELPACK_CATALOGS names a folder of catalogs, MODELPACK_MIRROR_CLIP (_EASYOCR, _WHISPER) a mirror.',
      ].join('\n'),
    );

  async function act(command: Command, work: (session: Session) => Promise<Outcome>): Promise<void> {
    const session = await openSession(command, io);
    try {
      ended(await work(session));
    } finally {
      await session.close();
    }
  }

  const commands = [
    addFetch,
    addUpload,
    addUploads,
    addSizeCheck,
    addDiff,
    addInspect,
    addVerify,
    addUnpack,
    addRuntime,
    addLint,
    addLock,
    addEnv,
    addInit,
    addCi,
  ];
  for (const add of commands) {
    addGlobalOptions(add(root, act));
  }
  return root;
}

const examples = `Examples:
  modelpack size-check google-bert/bert-base-cased openai/clip-vit-base-patch32
  modelpack fetch google-bert/bert-base-cased -o models.tar
  modelpack upload models.tar s3://my-bucket/models.tar
  modelpack runtime python
  modelpack lint src/
`;

/** Without the variable's name, which follows a rule that is said once. */
function describeOption({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const notes: string[] = [];
  if (argChoices !== undefined) notes.push(argChoices.join(', '));
  const shown = defaultValueDescription ?? (typeof defaultValue === 'string' ? defaultValue : undefined);
  if (shown !== undefined) notes.push(`default: ${shown}`);
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

function addGlobalOptions(command: Command): void {
  command
    .optionsGroup('Output options:')
    .addOption(new Option('--json', 'one JSON document on stdout'))
    .addOption(new Option('-q, --quiet', 'no progress, only the result and errors'))
    .addOption(new Option('-v, --verbose', 'say more: retries, checked files, stacks of errors'))
    .addOption(
      new Option('--progress <kind>', 'how progress is shown').choices(progressKinds).default('auto'),
    )
    .addOption(new Option('--no-color', 'no colours'));
}
