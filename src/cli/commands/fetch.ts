import { tmpdir } from 'node:os';

import { Option, type Command } from 'commander';

import { ModelpackError } from '../../errors.ts';
import { weightFormats, type Selection, type Weights } from '../../source/source.ts';
import { DEFAULT_PART_SIZE } from '../../parts.ts';
import type { Resolve } from '../../source/sources.ts';
import type { FetchResult } from '../../verbs/fetch.ts';
import {
  addBundleOptions,
  documentOf,
  oneIn,
  openProject,
  readyBundles,
  refuseBeside,
  refuseBundleFlags,
  requireDestination,
  type BundleFlags,
} from '../bundles.ts';
import { fetched, summary } from '../render/fetch.ts';
import type { Act } from '../program.ts';
import type { Session } from '../session.ts';
import { parseCount, parsePartSize, repeatable } from '../values.ts';
import { addS3Options, withObject, type S3Flags } from './s3-options.ts';

interface Flags extends S3Flags, BundleFlags {
  readonly output?: string;
  readonly revision?: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly weights?: Weights;
  readonly all?: boolean;
  readonly token?: string;
  readonly jobs: number;
  readonly partSize: number;
  readonly allowPickle?: boolean;
  readonly dryRun?: boolean;
  readonly offline?: boolean;
  readonly force?: boolean;
}

const examples = `Examples:
  modelpack fetch google-bert/bert-base-cased -o models.tar
  modelpack fetch google-bert/bert-base-cased@main vision=openai/clip-vit-base-patch32 -o models.tar
  modelpack fetch clip:ViT-B/32 easyocr:en+ch_sim whisper:base ./model_state_dict.pkl -o s3://my-bucket/models.tar
  modelpack fetch --bundle vision --frozen
  modelpack fetch TheBloke/Llama-2-7B-GGUF --include '*Q4_K_M*' -o llama.tar --dry-run
`;

export function addFetch(root: Command, act: Act): Command {
  const command = root
    .command('fetch')
    .summary('pull models into one bundle')
    .description('Pull models and serialize them into one bundle, every file verified.')
    .argument(
      '[source...]',
      'org/name, org/name@revision, clip:…, easyocr:…, whisper:…, ./folder, ./file, https://…; name=source renames. Without any: the bundles of modelpack.yaml',
    )
    .option('-o, --output <file | s3://bucket/key>', 'where the bundle goes')
    .option('--revision <rev>', 'branch, tag or commit, for a single source')
    .addOption(repeatable('--include <glob>', 'take only these files (repeatable)'))
    .addOption(repeatable('--exclude <glob>', 'leave these files out (repeatable)'))
    .addOption(
      new Option(
        '--weights <format>',
        'which copy of the weights to keep; default: the best one present',
      ).choices([...weightFormats, 'all']),
    )
    .option('--all', 'every file of the repository')
    .option('--token <token>', 'of the Hub; else HF_TOKEN, HUGGING_FACE_HUB_TOKEN, the token file')
    .addOption(new Option('--jobs <n>', 'transfers at once').argParser(parseCount(256)).default(8, '8'))
    .addOption(
      new Option('--part-size <size>', 'unit of transfer, retry and resume; grows with the bundle')
        .argParser(parsePartSize)
        .default(DEFAULT_PART_SIZE, '16MiB'),
    )
    .option('--allow-pickle', 'take files that can execute code when they are loaded')
    .option('--dry-run', 'show the plan: files, exact size, id, budgets; nothing is written')
    .option('--offline', 'only what the local Hugging Face cache holds')
    .option('--force', 'start over instead of resuming or skipping')
    .addHelpText('before', examples)
    .action((sources: string[], flags: Flags) =>
      act(command, async (session) => {
        if (sources.length === 0) return fetchDeclared(flags, session);
        refuseBundleFlags(flags);
        const resolve = await session.resolver(flags);
        const result = await fetchTo(requireOutput(flags.output), withRevision(sources, flags.revision), {
          flags,
          session,
          resolve,
        });
        await session.result(result, fetched, flags.dryRun === true ? undefined : summary);
      }),
    );
  return addS3Options(addBundleOptions(command, { lock: true }));
}

interface Fetching {
  readonly flags: Flags;
  readonly session: Session;
  readonly resolve: Resolve;
}

async function fetchTo(
  destination: string,
  sources: readonly string[],
  { flags, session, resolve }: Fetching,
) {
  const { fetchBundle } = await import('../../verbs/fetch.ts');
  const { openDestination, parseOutput } = await import('../destination.ts');
  const output = parseOutput(destination);
  return fetchBundle(sources, {
    resolve,
    selection: selectionOf(flags),
    open: (readOnly, run) => openDestination(output, { ...flags, readOnly, run }, session.io.env),
    jobs: flags.jobs,
    partSize: flags.partSize,
    allowPickle: flags.allowPickle === true,
    dryRun: flags.dryRun === true,
    temporary: tmpdir(),
    run: session.run,
  });
}

/** The bundles of the configuration, one after the other. */
async function fetchDeclared(flags: Flags, session: Session): Promise<void> {
  refuseBeside(flags);
  const project = await openProject(flags);
  const bundles = await readyBundles(project, flags, session.io.env);
  if (flags.output !== undefined && bundles.length > 1) oneIn(project, flags.bundle);
  const outputs = bundles.map(
    ({ name, destination }) => flags.output ?? requireDestination(name, destination),
  );
  const resolve = await session.resolver(flags);
  const results: [string, FetchResult][] = [];
  for (const [at, bundle] of bundles.entries()) {
    const { allowPickle, object } = bundle.config;
    const own = { ...withObject(flags, object), allowPickle: allowPickle || flags.allowPickle === true };
    const asked = bundle.sources.map((source) => source.asked);
    const fetching = { flags: own, session, resolve: bundle.resolve(resolve) };
    results.push([bundle.name, await fetchTo(outputs[at]!, asked, fetching)]);
  }
  await session.result(
    documentOf(flags.bundle, results),
    (_, paint) => results.map(([, result]) => fetched(result, paint)).join('\n'),
    () =>
      flags.dryRun === true ? '' : results.map(([name, result]) => `${name}: ${summary(result)}`).join('\n'),
  );
}

function requireOutput(output: string | undefined): string {
  if (output !== undefined) return output;
  throw new ModelpackError('usage', "required option '-o, --output <file | s3://bucket/key>' not specified", {
    hint: 'name a file, or an object in S3: modelpack fetch <source...> -o models.tar',
  });
}

function withRevision(sources: readonly string[], revision: string | undefined): readonly string[] {
  if (revision === undefined) return sources;
  if (sources.length === 1 && !sources[0]!.includes('@')) return [`${sources[0]}@${revision}`];
  throw new ModelpackError('usage', '--revision is for a single source without a revision of its own', {
    hint: 'write it with each source: org/name@revision',
  });
}

function selectionOf({ include, exclude, weights, all }: Flags): Selection {
  return { include, exclude, weights, all: all === true };
}
