import { tmpdir } from 'node:os';

import { Option, type Command } from 'commander';

import { ModelpackError } from '../../errors.ts';
import { addBundleOptions, bundlesIn, chosenIn, openProject, type BundleFlags } from '../bundles.ts';
import type { Act } from '../program.ts';
import { locked } from '../render/lock.ts';
import { parseCount } from '../values.ts';

interface Flags extends BundleFlags {
  readonly check?: boolean;
  readonly token?: string;
  readonly offline?: boolean;
  readonly jobs: number;
}

const examples = `Examples:
  modelpack lock
  modelpack lock --check
  modelpack lock --bundle vision
`;

export function addLock(root: Command, act: Act): Command {
  const command = root
    .command('lock')
    .summary('write down what the bundles of modelpack.yaml are: commits, files, hashes, ids')
    .description(
      'Write modelpack.lock: of every source of modelpack.yaml the commit, its files with their hashes, and the id of each bundle. Small files are read, weights only where nothing else tells their hash.',
    )
    .option('--check', 'write nothing; exit code 3 when upstream or modelpack.yaml is not what is locked')
    .option('--token <token>', 'of the Hub; else HF_TOKEN, HUGGING_FACE_HUB_TOKEN, the token file')
    .option('--offline', 'only what the local Hugging Face cache holds')
    .addOption(new Option('--jobs <n>', 'requests at once').argParser(parseCount(256)).default(8, '8'))
    .addHelpText('before', examples)
    .action((flags: Flags) =>
      act(command, async (session) => {
        const project = await openProject(flags);
        const chosen = chosenIn(project, flags.bundle);
        const check = flags.check === true;
        // A broken one is written anew; of a part of it, the rest would be lost.
        const anew = !check && chosen.length === project.config.bundles.length;
        const former = await project.readLock().catch((error: unknown) => {
          if (!anew || !(error instanceof ModelpackError) || error.code !== 'check') throw error;
          session.run.report({ type: 'note', text: `${error.message}; it is written anew` });
          return undefined;
        });
        const { lockProject } = await import('../../verbs/lock-project.ts');
        const all = bundlesIn(project);
        const { result, lock } = await lockProject(all, {
          resolve: await session.resolver(flags),
          former,
          only: chosen.map(({ name }) => name),
          onlyLook: check,
          settings: (name) => all.find((bundle) => bundle.name === name)!.config.budgets,
          temporary: tmpdir(),
          run: session.run,
        });
        if (!check) await project.writeLock(lock);
        const outcome = result.upToDate
          ? 'is up to date'
          : check
            ? 'is out of date; take what is there now: modelpack lock'
            : 'written';
        await session.result(
          result,
          (value, paint) => locked(value, paint, session.columns),
          () => `${project.lockPath} ${outcome}`,
        );
        return check && !result.upToDate ? 'check' : undefined;
      }),
    );
  return addBundleOptions(command);
}
