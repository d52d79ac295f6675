import { printable } from '../printable.ts';
import { messageOf, ModelpackError } from '../errors.ts';
import { exitCodes, hints } from './exit-codes.ts';
import type { Outcome } from './program.ts';
import { write, type Io } from './io.ts';
import { secretsOf, type Secrets } from './secrets.ts';

/**
 * The command line as a function: the only place where errors are caught.
 *
 * @param argv without node and the script
 * @returns the exit code
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let words = argv;
  const secrets = secretsOf(argv, io.env);
  try {
    const { program } = await import('./program.ts');
    const { withVariables } = await import('./option-variables.ts');
    let outcome: Outcome = undefined;
    const root = program({ ...io, secrets }, (how) => (outcome = how));
    words = withVariables(argv, root, io.env);
    await root.parseAsync([...words], { from: 'user' });
    return outcome === undefined ? 0 : exitCodes[outcome];
  } catch (thrown) {
    if (isCommander(thrown) && thrown.code in helpCodes) return helpCodes[thrown.code]!;
    const error = io.signal.aborted && !(thrown instanceof ModelpackError) ? io.signal.reason : thrown;
    return fail(error, words, io, secrets);
  }
}

async function fail(thrown: unknown, argv: readonly string[], io: Io, secrets: Secrets): Promise<number> {
  const { code, message, hint, stack } = describe(thrown, argv);
  const safe = (text: string) => secrets.redact(text);
  const lines = [`modelpack: ${printable(safe(message))}`, `hint: ${printable(safe(hint))}`];
  if (argv.includes('--verbose') || argv.includes('-v')) lines.push(safe(stack));
  await write(io.stderr, `${lines.join('\n')}\n`);
  if (argv.includes('--json')) {
    const error = { code, message: safe(message), hint: safe(hint) };
    await write(io.stdout, `${JSON.stringify({ error })}\n`);
  }
  return exitCodes[code];
}

function describe(error: unknown, argv: readonly string[]) {
  const stack = error instanceof Error ? withCauses(error) : String(error);
  if (error instanceof ModelpackError) {
    const { code, message, hint = hints[code] } = error;
    return { code, message, hint, stack };
  }
  if (isCommander(error)) return { code: 'usage' as const, ...usage(error.message, argv), stack };
  return {
    code: 'unknown' as const,
    message: messageOf(error),
    hint: hints.unknown,
    stack,
  };
}

/** Commander says `error: unknown option '--forse'` and on a second line `(Did you mean --force?)`. */
function usage(text: string, argv: readonly string[]): { message: string; hint: string } {
  const [first = '', second] = text.replace(/^error: /, '').split('\n');
  const meant = /^\(Did you mean (.+)\?\)$/.exec(second ?? '')?.[1];
  const command = /unknown command/.test(first)
    ? undefined
    : argv.find((word) => /^[a-z][a-z-]*$/.test(word));
  const help = command === undefined ? 'modelpack --help' : `modelpack ${command} --help`;
  return { message: first, hint: meant === undefined ? help : `did you mean ${meant}?` };
}

function isCommander(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('commander.')
  );
}

/** What commander throws when it has printed something: asked for it, or shown in place of a missing command. */
const helpCodes: Readonly<Record<string, number>> = {
  'commander.helpDisplayed': 0,
  'commander.version': 0,
  'commander.help': exitCodes.usage,
};

function withCauses(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by ${withCauses(error.cause)}` : own;
}
