import { once } from 'node:events';
import { createInterface } from 'node:readline';

import type { Command } from 'commander';

import type { Report, Run } from '../events.ts';
import type { HttpClient } from '../http/client.ts';
import type { Resolve } from '../source/sources.ts';
import { version } from '../version.ts';
import { catalogVariables, hubSettings, proxies, timeoutSeconds, type HubOptions } from './environment.ts';
import { painter, write, type GuardedIo, type Io } from './io.ts';
import type { Paint } from './render/paint.ts';
import { chooseReporter, type ProgressKind } from './reporter/choose.ts';

/** The options of every command. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly progress: ProgressKind;
  readonly color: boolean;
}

/** One run of one command: what it may use, and how it says its result. */
export interface Session {
  readonly run: Run;
  readonly io: Io;
  /** The width to write for. */
  readonly columns: number;
  /** Sources of models; opened when first asked for. */
  resolver(options: HubOptions): Promise<Resolve>;
  /**
   * The result, and nothing else, on stdout: the document as JSON, or the text made from it. A summary of the run
   * for people goes to stderr.
   */
  result<T>(
    value: T,
    text: (value: T, paint: Paint) => string,
    summary?: (value: T) => string,
  ): Promise<void>;
  /** Something to read before the result, on stderr. No progress is shown after it. */
  aside(text: string): Promise<void>;
  /** The line that answers a question on stderr; undefined where the input ends without one. */
  ask(question: string): Promise<string | undefined>;
  /** Without what must not be shown. */
  redact(text: string): string;
  close(): Promise<void>;
}

export async function openSession(command: Command, io: GuardedIo): Promise<Session> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const reporter = await chooseReporter(io, {
    progress: options.progress,
    quiet: options.quiet === true,
    verbose: options.verbose === true,
  });
  const clients: HttpClient[] = [];
  const report: Report = (event) => reporter.report(io.secrets.redactEvent(event));
  return {
    io,
    columns: io.stdout.columns ?? (Number(io.env['COLUMNS']) || 100),
    run: { signal: io.signal, abandon: io.abandon, report },
    async resolver(hubOptions) {
      const { httpClient } = await import('../http/client.ts');
      const { hub } = await import('../source/hub/hub.ts');
      const { catalogs } = await import('../source/catalog/catalogs.ts');
      const { web } = await import('../source/web/web.ts');
      const { resolver } = await import('../source/sources.ts');
      const client = httpClient({
        userAgent: `modelpack/${version}; node/${process.versions.node}`,
        connections: hubOptions.jobs,
        timeoutSeconds: timeoutSeconds(io.env),
        proxies: proxies(io.env),
        report,
      });
      clients.push(client);
      const settings = await hubSettings(io.env, hubOptions);
      io.secrets.add(settings.token?.value);
      const { offline, jobs } = settings;
      const known = await catalogs(client, { offline, jobs, ...catalogVariables(io.env) });
      return resolver(hub(client, settings), ...known, web(client, { offline, jobs }));
    },
    async result(value, text, summary) {
      reporter.stop();
      const silent = options.quiet === true || ['json', 'none'].includes(options.progress);
      const told = silent ? '' : (summary?.(value) ?? '');
      if (told !== '') await write(io.stderr, `${told}\n`);
      const shown =
        options.json === true ? JSON.stringify(value) : text(value, painter(io.stdout, options.color));
      if (shown !== '') await write(io.stdout, `${shown}\n`);
    },
    async aside(text) {
      reporter.stop();
      await write(io.stderr, `${text}\n`);
    },
    async ask(question) {
      reporter.stop();
      await write(io.stderr, question);
      const lines = createInterface({ input: io.stdin, terminal: false });
      const { signal } = io;
      try {
        const [line] = (await Promise.race([
          once(lines, 'line', { signal }),
          once(lines, 'close', { signal }),
        ])) as [string | undefined];
        return line;
      } finally {
        lines.close();
      }
    },
    redact: (text) => io.secrets.redact(text),
    async close() {
      reporter.stop();
      for (const client of clients) await client.close();
    },
  };
}
