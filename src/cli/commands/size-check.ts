import { Option, type Command } from 'commander';

import type { Gate } from '../../budget/check.ts';
import { ModelpackError } from '../../errors.ts';
import { addBundleOptions, refuseBundleFlags, type BundleFlags } from '../bundles.ts';
import { openIfStored } from '../stored.ts';
import type { Act } from '../program.ts';
import { addReportOptions, checkReports, writeReports, type ReportFlags } from '../report-files.ts';
import { checkBundles, shower } from './size-check-bundles.ts';
import { addFunctionOptions, templateOf, type FunctionFlags } from './function-options.ts';
import { addS3Connection, type S3Connection } from './s3-options.ts';
import { addSelectionOptions, selectionOf, type SelectionFlags } from './selection-options.ts';

const formats = ['text', 'json', 'markdown', 'github'] as const;
export type SizeFormat = (typeof formats)[number];
const gates = ['tmp', 'snapstart', 'memory', 'package', 'image'] as const satisfies readonly Gate[];

export interface SizeFlags extends S3Connection, BundleFlags, FunctionFlags, ReportFlags, SelectionFlags {
  readonly gate: readonly Gate[];
  readonly format: SizeFormat;
}

const examples = `Examples:
  modelpack size-check google-bert/bert-base-cased openai/clip-vit-base-patch32
  modelpack size-check google-bert/bert-base-cased clip:ViT-B/32
  modelpack size-check models.tar --tmp 2GB --memory 3008MB --gate tmp --gate memory
  modelpack size-check models.tar --template template.yaml --function Summarise
  modelpack size-check ./my-model --format github
  modelpack size-check models.tar --report report.html --report size.svg --since modelpack.lock
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
    );
  addFunctionOptions(command)
    .addOption(
      new Option('--gate <budget>', `what decides the exit code (repeatable): ${gates.join(', ')}`)
        .argParser(parseGate)
        .default([], 'tmp'),
    )
    .addOption(new Option('--format <format>', 'of the result').choices(formats).default('text'));
  addReportOptions(command);
  addSelectionOptions(command)
    .addHelpText('before', examples)
    .action((targets: string[], flags: SizeFlags) =>
      act(command, async (session) => {
        if (targets.length === 0) return checkBundles(flags, session);
        refuseBundleFlags(flags);
        checkReports(flags);
        const { sizeCheck } = await import('../../verbs/size-check.ts');
        const { tmp, memory } = flags;
        const template = await templateOf(flags);
        const checked = await sizeCheck(targets, {
          resolve: await session.resolver(flags),
          open: (target) => openIfStored(target, flags, session.io.env, session.run),
          selection: selectionOf(flags),
          gate: flags.gate.length > 0 ? flags.gate : ['tmp'],
          run: session.run,
          tmp,
          memory,
          template,
        });
        await writeReports(flags, { checked }, session);
        const show = await shower(flags.format, session);
        await session.result(checked.report, (value, paint) => show(value, checked, paint));
        return checked.report.fits ? undefined : 'check';
      }),
    );
  return addS3Connection(addBundleOptions(command, { lock: true }));
}

function parseGate(text: string, previous: readonly Gate[]): readonly Gate[] {
  const gate = gates.find((each) => each === text);
  if (gate === undefined)
    throw new ModelpackError('usage', `--gate ${text.slice(0, 40)} is no budget`, {
      hint: `one of ${gates.join(', ')}`,
    });
  return [...previous, gate];
}
