import { Option, type Command } from 'commander';

import type { Gate } from '../../budget/check.ts';
import type { Template } from '../../budget/report.ts';
import { weightFormats, type Weights } from '../../source/source.ts';
import { ModelpackError } from '../../errors.ts';
import { openIfStored } from '../stored.ts';
import { addBundleOptions, refuseBundleFlags, type BundleFlags } from '../bundles.ts';
import type { Act } from '../program.ts';
import { checkBundles, shower } from './size-check-bundles.ts';
import { addS3Connection, type S3Connection } from './s3-options.ts';
import { append, parseCount, parseMegabytes, parsePair } from '../values.ts';

const formats = ['text', 'json', 'markdown', 'github'] as const;
export type SizeFormat = (typeof formats)[number];
const gates = ['tmp', 'snapstart', 'memory', 'package', 'image'] as const satisfies readonly Gate[];

export interface SizeFlags extends S3Connection, BundleFlags {
  readonly tmp?: number;
  readonly memory?: number;
  readonly template?: string;
  readonly function?: readonly string[];
  readonly parameter?: ReadonlyMap<string, string>;
  readonly gate: readonly Gate[];
  readonly format: SizeFormat;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly weights?: Weights;
  readonly all?: boolean;
  readonly token?: string;
  readonly offline?: boolean;
  readonly jobs: number;
  readonly json?: boolean;
}

const examples = `Examples:
  modelpack size-check google-bert/bert-base-cased openai/clip-vit-base-patch32
  modelpack size-check google-bert/bert-base-cased clip:ViT-B/32
  modelpack size-check models.tar --tmp 2GB --memory 3008MB --gate tmp --gate memory
  modelpack size-check models.tar --template template.yaml --function Summarise
  modelpack size-check ./my-model --format github
`;

export function addSizeCheck(root: Command, act: Act): Command {
  const command = root
    .command('size-check')
    .summary('does it fit Lambda? Exit code 3 when it does not')
    .description(
      'Say whether models fit AWS Lambda, before anything is downloaded. Exit code 3 when a gated budget is exceeded.',
    )
    .argument(
      '[target...]',
      'sources, bundle files, folders, s3:// bundles; several are added up. Without any: the bundles of modelpack.yaml',
    )
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
    )
    .addOption(
      new Option('--gate <budget>', `what decides the exit code (repeatable): ${gates.join(', ')}`)
        .argParser(parseGate)
        .default([], 'tmp'),
    )
    .addOption(new Option('--format <format>', 'of the report').choices(formats).default('text'))
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
    .addOption(new Option('--jobs <n>', 'requests at once').argParser(parseCount(256)).default(8, '8'))
    .addHelpText('before', examples)
    .action((targets: string[], flags: SizeFlags) =>
      act(command, async (session) => {
        if (targets.length === 0) return checkBundles(flags, session);
        refuseBundleFlags(flags);
        const { sizeCheck } = await import('../../verbs/size-check.ts');
        const { include, exclude, weights, all, tmp, memory } = flags;
        const template = await templateOf(flags);
        const { report, leftOut, models } = await sizeCheck(targets, {
          resolve: await session.resolver(flags),
          open: (target) => openIfStored(target, flags, session.io.env, session.run),
          selection: { include, exclude, weights, all: all === true },
          gate: flags.gate.length > 0 ? flags.gate : ['tmp'],
          run: session.run,
          tmp,
          memory,
          template,
        });
        const show = await shower(flags.format, session);
        await session.result(report, (value, paint) => show(value, { leftOut, models }, paint));
        return report.fits ? undefined : 'check';
      }),
    );
  return addS3Connection(addBundleOptions(command, { lock: true }));
}

async function templateOf(flags: SizeFlags): Promise<Template | undefined> {
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

function parseGate(text: string, previous: readonly Gate[]): readonly Gate[] {
  const gate = gates.find((each) => each === text);
  if (gate === undefined)
    throw new ModelpackError('usage', `--gate ${text.slice(0, 40)} is no budget`, {
      hint: `one of ${gates.join(', ')}`,
    });
  return [...previous, gate];
}
