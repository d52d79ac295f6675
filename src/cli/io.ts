import { styleText } from 'node:util';

import type { Paint } from './render/paint.ts';
import type { Secrets } from './secrets.ts';

/** What `main` is given: a test gives its own, `bin/` the process's. */
export interface Io {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Aborted by the second Ctrl-C, if there is anything to leave. */
  readonly abandon: AbortSignal;
}

/** The same inside `main`, which knows what must not be shown. */
export interface GuardedIo extends Io {
  readonly secrets: Secrets;
}

/** Writes and waits until it has left the process; a reader that went away (`| head`) is no failure. */
export function write(stream: NodeJS.WriteStream, content: string | Uint8Array): Promise<void> {
  return new Promise((done) => {
    stream.write(content, () => done());
  });
}

/** Colours where the stream is a terminal and nobody said no. */
export function painter(stream: NodeJS.WriteStream, color: boolean): Paint {
  if (!color) return (_, text) => text;
  return (style, text) => styleText(style, text, { stream });
}
