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

  /** An address may have a password, or a signature in its query. */
  function addAddress(text: string): void {
    const address = /https?:.*$/is.exec(text)?.[0] ?? '';
    if (!URL.canParse(address)) return;
    const { username, password, search } = new URL(address);
    for (const part of [username, password]) {
      add(part);
      add(decoded(part));
    }
    add(search.slice(1));
  }

  for (const name of variables) add(env[name]);
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith('MODELPACK_MIRROR_')) addAddress(value ?? '');
  }
  argv.forEach(addAddress);
  argv.forEach((word, at) => {
    if (word === '--token') add(argv[at + 1]);
    if (word.startsWith('--token=')) add(word.slice('--token='.length));
  });
  return { add, redact, redactEvent };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
