import { availableParallelism, cpus, totalmem } from 'node:os';

import { Command, Option } from 'commander';

import { parseCount, parseSize } from '../src/cli/values.ts';
import { messageOf } from '../src/errors.ts';
import type { Case } from './cases/case.ts';
import { fetchToS3 } from './cases/fetch-s3.ts';
import { fetchToFile } from './cases/fetch.ts';
import { load } from './cases/load.ts';
import { readOnly } from './cases/read-only.ts';
import { startUp } from './cases/start-up.ts';
import { upload } from './cases/upload.ts';
import { compare } from './compare.ts';
import { profiled, type Profile } from './profile.ts';
import { render, type Report } from './report.ts';
import { s3Kinds, type S3Kind } from './servers/s3.ts';
import { openStage, type Stage } from './stage.ts';

const cases = [startUp, fetchToFile, fetchToS3, upload, readOnly, load];

interface Options {
  readonly case: readonly string[];
  readonly s3: readonly S3Kind[];
  readonly size?: number;
  readonly rounds: number;
  readonly flags: readonly string[];
  readonly build: readonly string[];
  readonly peers: boolean;
  readonly tuned: boolean;
  readonly wait: number;
  readonly profile: boolean;
  readonly delay?: number;
  readonly rate?: number;
  readonly json: boolean;
}

const program = new Command('npm run bench --')
  .description("Our side and the peers' on the same servers, in turn: medians, and ours divided by theirs.")
  .addOption(several('--case <name...>', 'what is measured').choices(cases.map(({ name }) => name)))
  .addOption(
    several('--s3 <kind...>', 'where objects are; default: sink and embedded, static for load').choices([
      ...s3Kinds,
    ]),
  )
  .option('--size <size>', 'of the weights; default 1GiB, 4GiB for fetch-s3-read-only', parseSize)
  .option('--rounds <n>', 'after one that warms up', parseCount(1000), 3)
  .addOption(several('--flags <flags...>', "our side once more with these, such as '--jobs 16'"))
  .addOption(several('--build <folder...>', 'our side once more as it was built there, to compare a change'))
  .option('--no-peers', 'our side alone')
  .option('--tuned', 'peers also with other settings than their defaults', false)
  .option('--wait <seconds>', 'before each run, for a quiet machine, at most', parseCount(86_400), 0)
  .option('--profile', 'where our main thread spends its time, in a run of its own', false)
  .option('--delay <ms>', 'Hub and sink wait so long before each answer', parseCount(10_000))
  .option('--rate <size>', 'Hub and sink move so much a second on each connection', parseSize)
  .option('--json', 'one document, with every round', false);

function several(flags: string, description: string): Option {
  return new Option(flags, description).default([], '');
}

async function run(chosen: Case, s3: S3Kind, options: Options): Promise<Report> {
  const { size = chosen.size, rounds, wait, flags, build, peers, tuned, delay, rate } = options;
  const far = delay !== undefined || rate !== undefined;
  await using stage = await openStage({
    size,
    s3,
    flags: flags.map((text) => text.split(' ')),
    builds: build,
    peers,
    tuned,
    distance: far ? { delay: delay ?? 0, rate: rate ?? Infinity } : undefined,
  });
  const comparison = await compare(await chosen.sides(stage), { rounds, wait, servers: stage.pids });
  const { name, title, usesS3, multiples = false } = chosen;
  const { missing } = stage;
  const report = { name, title, size, s3: usesS3 ? s3 : null, ...comparison, multiples, missing };
  return options.profile && chosen.node !== false
    ? { ...report, profile: await profileOf(chosen, stage) }
    : report;
}

function profileOf(chosen: Case, stage: Stage): Promise<Profile> {
  return profiled(async (node) => {
    const [ours] = await chosen.sides({ ...stage, node, flags: [], builds: [] });
    await ours!.before?.();
    await ours!.run();
  });
}

function kindsFor({ usesS3, s3 = ['sink', 'embedded'] }: Case, asked: readonly S3Kind[]): readonly S3Kind[] {
  if (!usesS3) return ['sink'];
  return asked.length > 0 ? asked : s3;
}

async function main(): Promise<void> {
  const options = program.parse().opts<Options>();
  const { rounds, json } = options;
  const machine = {
    cpu: cpus()[0]?.model.trim() ?? '?',
    cores: availableParallelism(),
    memory: totalmem(),
    node: process.versions.node,
    date: new Date().toISOString(),
  };
  const say = (text: string) => (json ? undefined : console.log(text));
  const { cpu, cores, node } = machine;
  say(`${cpu}, ${cores} cores, Node ${node}; ${rounds} rounds, medians; × is ours divided by theirs`);
  const reports: Report[] = [];
  for (const chosen of cases) {
    if (options.case.length > 0 && !options.case.includes(chosen.name)) continue;
    for (const s3 of kindsFor(chosen, options.s3)) {
      try {
        const report = await run(chosen, s3, options);
        reports.push(report);
        say(`\n${render(report)}`);
      } catch (error) {
        // The others are worth their time all the same.
        console.error(`bench: ${chosen.name} with ${s3}: ${messageOf(error)}`);
        process.exitCode = 1;
      }
    }
  }
  if (json) console.log(JSON.stringify({ schema: 'modelpack.bench/1', machine, reports }));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
await main();
