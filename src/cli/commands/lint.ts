import { Option, type Command } from 'commander';

import { ModelpackError } from '../../errors.ts';
import { levels, type Level } from '../../lint/finding.ts';
import type { Act } from '../program.ts';
import type { Session } from '../session.ts';
import { append, parseVariable } from '../values.ts';

const formats = ['text', 'json', 'github', 'sarif', 'junit'] as const;

interface Flags {
  readonly format: (typeof formats)[number];
  readonly level: Level;
  readonly fix?: boolean;
  readonly diff?: boolean;
  readonly yes?: boolean;
  readonly exclude: readonly string[];
  readonly deployment?: readonly string[];
  readonly set: ReadonlyMap<string, string | undefined>;
  readonly explain?: string;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

const examples = `Examples:
  modelpack lint
  modelpack lint src/ notebooks/story.ipynb --level error
  modelpack lint src/ --diff
  modelpack lint src/ --fix --yes
  modelpack lint --format sarif > modelpack.sarif
  modelpack lint src/ --set HF_HOME=/tmp/huggingface
  modelpack lint --explain cache-not-set
`;

const details = `
Templates of SAM and CloudFormation, serverless.yml, Dockerfiles and Terraform files under the paths, and beside the
folders above them, say which variables a function has. "# modelpack: ignore[code]" silences a line.

--diff shows what would be fixed and writes nothing. --fix shows it too and asks; with --yes it writes.
`;

export function addLint(root: Command, act: Act): Command {
  const command = root
    .command('lint')
    .summary('find cache paths that Lambda cannot write. Exit code 3 when there are any')
    .description(
      'Find Python calls whose cache path cannot be set from the environment, and models that take a way through the disk or several copies in memory. Exit code 3 when something is found.',
    )
    .argument('[path...]', 'Python files, notebooks, folders', ['.'])
    .addOption(new Option('--format <format>', 'of the report').choices(formats).default('text'))
    .addOption(
      new Option('--level <level>', 'the lowest that fails the check and is shown')
        .choices(levels)
        .default('warning'),
    )
    .option('--diff', 'show what can be fixed, and write nothing')
    .option('--fix', 'write what can be fixed: shows it and asks')
    .option('-y, --yes', 'do not ask before --fix writes')
    .addOption(
      new Option('--exclude <pattern>', 'leave out, as in .gitignore (repeatable)')
        .argParser(append)
        .default([]),
    )
    .addOption(
      new Option(
        '--deployment <file>',
        'a template, Dockerfile or Terraform file to read instead of those that are found (repeatable)',
      ).argParser(append),
    )
    .addOption(
      new Option('--set <name[=value]>', 'a variable that the function has from elsewhere (repeatable)')
        .argParser(parseVariable)
        .default(new Map(), 'none'),
    )
    .addOption(new Option('--explain <code>', 'say what a code is about, and check nothing'))
    .addHelpText('before', examples)
    .addHelpText('after', details)
    .action((paths: string[], flags: Flags) =>
      act(command, async (session) => {
        if (flags.explain !== undefined)
          return session.result(await explained(flags.explain), ({ text }) => text);
        if (flags.fix === true && flags.yes !== true && !session.io.stdin.isTTY) {
          throw new ModelpackError(
            'usage',
            '--fix asks before it writes, and there is no terminal to ask on',
            {
              hint: '--fix --yes writes without asking; --diff only shows',
            },
          );
        }
        const { lintPaths, writeFixes } = await import('../../verbs/lint.ts');
        const render = await import('../render/lint.ts');
        const { diff } = await import('../render/lint/diff.ts');
        const { level } = flags;
        const check = () =>
          lintPaths(paths, {
            level,
            exclude: flags.exclude,
            deployments: flags.deployment,
            variables: flags.set,
            cwd: process.cwd(),
            run: session.run,
          });
        let linted = await check();
        if (flags.diff === true) {
          await session.result({ ...linted.report, diff: diff(linted.fixes) }, (value) => value.diff);
          return linted.fixes.length > 0 ? 'check' : undefined;
        }
        if (flags.fix === true && linted.fixes.length > 0) {
          if (flags.quiet !== true || flags.yes !== true) await session.aside(diff(linted.fixes));
          if (flags.yes === true || (await agreed(linted.fixes.length, session))) {
            await writeFixes(linted.fixes);
            linted = await check();
          }
        }
        const least = flags.verbose === true ? 'note' : level;
        await session.result(linted.report, (report, paint) => {
          if (flags.format === 'json') return JSON.stringify(report);
          if (flags.format === 'text') return render.text(linted, { least, paint });
          return render[flags.format](linted, least);
        });
        return linted.report.passed ? undefined : 'check';
      }),
    );
  return command;
}

async function agreed(files: number, session: Session): Promise<boolean> {
  const answer = await session.ask(`write ${files === 1 ? 'this file' : `these ${files} files`}? [y/N] `);
  return /^y(?:es)?$/i.test(answer?.trim() ?? '');
}

async function explained(code: string): Promise<{ readonly code: string; readonly text: string }> {
  const { rules } = await import('../../lint/rules/all.ts');
  const { ruleMarkdown } = await import('../../lint/docs.ts');
  const rule = rules.find((each) => each.code === code);
  if (rule !== undefined) return { code, text: ruleMarkdown(rule).trimEnd() };
  throw new ModelpackError('usage', `there is no code ${code.slice(0, 40)}`, {
    hint: `there are ${rules.map((each) => each.code).join(', ')}`,
  });
}
