import type { RunEvent } from '../events.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What must never be shown, wherever a message got it from: tokens, secrets, and the queries of signed addresses. */
export interface Secrets {
  add(secret: string | undefined): void;
  redact(text: string): string;
  redactEvent(event: RunEvent): RunEvent;
}

const variables = [
  'MODELPACK_TOKEN',
  'HF_TOKEN',
  'HUGGING_FACE_HUB_TOKEN',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
];
/** Anything shorter is no secret, and would tear words apart. */
const SHORTEST = 4;

export function secretsOf(argv: readonly string[], env: Env): Secrets {
  const known = new Set<string>();

  function add(secret: string | undefined): void {
    const text = secret?.trim() ?? '';
    if (text.length >= SHORTEST) known.add(text);
  }

  function redact(text: string): string {
    return [...known]
      .reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
      .replace(/(https?:\/\/[^\s?"']+)\?[^\s"']+/g, '$1?…')
      .replace(/(https?:\/\/)[^\s/@"']+@/g, '$1***@');
  }

  function redactEvent(event: RunEvent): RunEvent {
    if (event.type === 'bytes') return event;
    const entries = Object.entries(event).map(([key, value]) => [
      key,
      typeof value === 'string' ? redact(value) : value,
    ]);
    return Object.fromEntries(entries) as RunEvent;
  }

  for (const name of variables) add(env[name]);
  argv.forEach((word, at) => {
    if (word === '--token') add(argv[at + 1]);
    if (word.startsWith('--token=')) add(word.slice('--token='.length));
  });
  return { add, redact, redactEvent };
}
