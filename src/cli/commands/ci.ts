import { appendFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';

import { Option, type Command } from 'commander';

import { unreadable } from '../../disk.ts';
import { ModelpackError } from '../../errors.ts';
import { DEFAULT_PART_SIZE } from '../../parts.ts';
import type { Project } from '../../project.ts';
import type { CiBundle, CiRun, Upstream } from '../../verbs/ci.ts';
import {
  addBundleOptions,
  chosenIn,
  openProject,
  requireDestination,
  type BundleFlags,
  type Chosen,
} from '../bundles.ts';
import type { Act } from '../program.ts';
import {
  addReportOptions,
  checkReports,
  reportPaths,
  writeReports,
  type ReportFlags,
} from '../report-files.ts';
import type { Session } from '../session.ts';
import { parseCount, parsePartSize } from '../values.ts';
import { fromRoot, type FromRoot } from '../from-root.ts';
import { addS3Options, withObject, type S3Flags } from './s3-options.ts';

const upstreams = ['fail', 'warn', 'ignore'] as const satisfies readonly Upstream[];

interface Flags extends S3Flags, BundleFlags, ReportFlags {
  readonly dryRun?: boolean;
  readonly upstream: Upstream;
  readonly summary?: string;
  readonly outputs?: string;
  readonly dotenv?: string;
  readonly codeQuality?: string;
  readonly junit?: string;
  readonly token?: string;
  readonly jobs: number;
  readonly partSize: number;
}

const examples = `Examples:
  modelpack ci
  modelpack ci --dry-run
  modelpack ci --bundle vision --upstream warn
  modelpack ci --dotenv modelpack.env --code-quality gl-code-quality-report.json --junit modelpack.xml
`;

const details = `
In GitHub Actions the summary goes to GITHUB_STEP_SUMMARY, the outputs to GITHUB_OUTPUT, and findings become annotations.
`;

export function addCi(root: Command, act: Act): Command {
  const command = root
    .command('ci')
    .summary('the step of a pipeline: lint, lock, size check, and ship what changed')
    .description(
      'Check the bundles of modelpack.yaml, and ship exactly what modelpack.lock has: lint, lock, size check, transfer. Stops at the first gate that fails, with exit code 3. Nothing is transferred that the destination holds already.',
    )
    .option('--dry-run', 'every gate, and no transfer: for pull requests')
    .addOption(
      new Option('--upstream <what>', 'when sources moved on since they were locked')
        .choices(upstreams)
        .default('fail'),
    )
    .option('--summary <file>', 'append a summary in Markdown; else GITHUB_STEP_SUMMARY')
    .option('--outputs <file>', 'append outputs as GitHub Actions takes them; else GITHUB_OUTPUT')
    .option('--dotenv <file>', 'write outputs as variables, for GitLab')
    .option('--code-quality <file>', "write a report in GitLab's code quality format")
    .option('--junit <file>', 'write a report as JUnit does')
    .option('--token <token>', 'of the Hub; else HF_TOKEN, HUGGING_FACE_HUB_TOKEN, the token file')
    .addOption(new Option('--jobs <n>', 'transfers at once').argParser(parseCount(256)).default(8, '8'))
    .addOption(
      new Option('--part-size <size>', 'unit of transfer, retry and resume; grows with the bundle')
        .argParser(parsePartSize)
        .default(DEFAULT_PART_SIZE, '16MiB'),
    )
    .addHelpText('before', examples)
    .addHelpText('after', details)
    .action((flags: Flags) =>
      act(command, async (session) => {
        const { env } = session.io;
        const summary = flags.summary ?? env['GITHUB_STEP_SUMMARY'];
        const outputs = flags.outputs ?? env['GITHUB_OUTPUT'];
        const onGithub = env['GITHUB_ACTIONS'] === 'true';
        const inside = fromRoot(env['GITHUB_WORKSPACE'] ?? env['CI_PROJECT_DIR'], process.cwd());
        try {
          const project = await openProject(flags);
          const chosen = chosenIn(project, flags.bundle);
          checkReports(
            flags,
            chosen.map(({ name }) => name),
          );
          await checkFiles({ ...flags, summary, outputs }, chosen);
          const run = await runHere(project, flags, session);
          for (const [name, checked] of run.sizes) await writeReports(flags, { checked, name }, session);
          await leave(run, project, inside, {
            ...flags,
            summary,
            outputs,
          });
          const { text } = await import('../render/ci/text.ts');
          const { github } = await import('../render/ci/github.ts');
          const { verdict } = await import('../render/ci/words.ts');
          await session.result(
            run.result,
            (_, paint) =>
              [
                text(run, { paint, columns: session.columns }),
                onGithub ? github(inside(run), inside.place(project.lockPath)) : '',
              ]
                .filter((part) => part !== '')
                .join('\n'),
            () => verdict(run),
          );
          return run.result.passed ? undefined : 'check';
        } catch (error) {
          if (error instanceof ModelpackError)
            await tellFailure(error, { summary, outputs, dotenv: flags.dotenv, onGithub, session, inside });
          throw error;
        }
      }),
    );
  return addS3Options(addBundleOptions(addReportOptions(command)));
}

async function runHere(project: Project, flags: Flags, session: Session): Promise<CiRun> {
  const { runCi } = await import('../../verbs/ci.ts');
  const { budgetsOf } = await import('../../verbs/bundle-budgets.ts');
  const { openDestination, parseOutput } = await import('../destination.ts');
  const dryRun = flags.dryRun === true;
  const bundles = chosenIn(project, flags.bundle).map((bundle): CiBundle => {
    const { config, destination } = bundle;
    // Told before anything else is done.
    const output = dryRun ? undefined : parseOutput(requireDestination(bundle.name, destination));
    const own = withObject(flags, config.object);
    return {
      ...bundle,
      budgets: budgetsOf(config.budgets, project.place),
      allowPickle: config.allowPickle,
      open: (readOnly, run) => openDestination(output!, { ...own, readOnly, run }, session.io.env),
    };
  });
  const { lint } = project.config;
  return runCi({
    resolve: await session.resolver(flags),
    lint: lint && { ...lint, paths: lint.paths.map(project.place) },
    bundles,
    lock: await project.readLock(),
    lockPath: project.lockPath,
    upstream: flags.upstream,
    dryRun,
    jobs: flags.jobs,
    partSize: flags.partSize,
    temporary: tmpdir(),
    cwd: process.cwd(),
    run: session.run,
  });
}

/** Says before anything is asked for that what came of it could not be left. */
async function checkFiles(
  flags: ReportFlags & Files & Pick<Flags, 'dryRun'>,
  chosen: readonly Chosen[],
): Promise<void> {
  const { checkDotenv } = await import('../render/ci/outputs.ts');
  const { checkWritable } = await import('../../sink/disk-failure.ts');
  const { summary, outputs, dotenv, dryRun = false, codeQuality, junit } = flags;
  if (dotenv !== undefined && !dryRun) for (const { destination = '' } of chosen) checkDotenv(destination);
  const reports = chosen.flatMap(({ name }) => reportPaths(flags, name));
  for (const file of [summary, outputs, dotenv, codeQuality, junit, ...reports])
    if (file !== undefined && file !== '') await checkWritable(file);
}

/** What a pipeline reads afterwards. */
type Files = {
  readonly [Name in 'summary' | 'outputs' | 'dotenv' | 'codeQuality' | 'junit']?: string | undefined;
};

/** Leaves the files that a pipeline reads. */
async function leave(run: CiRun, { path, lockPath }: Project, inside: FromRoot, files: Files): Promise<void> {
  const { markdown } = await import('../render/ci/markdown.ts');
  const { dotenv, githubOutput, outputsOf } = await import('../render/ci/outputs.ts');
  const { codeQuality } = await import('../render/ci/code-quality.ts');
  const { junit } = await import('../render/ci/junit.ts');
  const { result } = run;
  const places = { configPath: inside.place(path), lockPath: inside.place(lockPath) };
  await put(files.summary, () => `${markdown(run)}\n`, appendFile);
  await put(files.outputs, () => githubOutput(outputsOf(result)), appendFile);
  await put(files.dotenv, () => dotenv(result), writeFile);
  await put(files.codeQuality, () => `${codeQuality(inside(run), places)}\n`, writeFile);
  await put(files.junit, () => `${junit(run)}\n`, writeFile);
}

async function put(
  file: string | undefined,
  text: () => string,
  write: (file: string, text: string) => Promise<void>,
): Promise<void> {
  if (file === undefined || file === '') return;
  await write(file, text()).catch((error: unknown) => Promise.reject(unreadable(file, error)));
}

interface Telling extends Pick<Files, 'summary' | 'outputs' | 'dotenv'> {
  readonly onGithub: boolean;
  readonly session: Session;
  readonly inside: FromRoot;
}

/** Where nobody reads standard error. */
async function tellFailure(
  { message, hint }: ModelpackError,
  { summary, outputs, dotenv, onGithub, session, inside }: Telling,
): Promise<void> {
  const { failure } = await import('../render/ci/failure.ts');
  const told = failure(
    session.redact(message),
    hint === undefined ? undefined : session.redact(hint),
    inside.place,
  );
  const { githubOutput } = await import('../render/ci/outputs.ts');
  const unpassed = new Map([['passed', 'false']]);
  // What cannot be written here changes nothing: the failure itself counts.
  await Promise.allSettled([
    put(summary, () => `${told.markdown}\n`, appendFile),
    put(outputs, () => githubOutput(unpassed), appendFile),
    put(dotenv, () => 'MODELPACK_PASSED=false\n', writeFile),
  ]);
  if (onGithub) await session.aside(told.annotation);
}
