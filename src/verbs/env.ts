import { environment, type Environment } from '../cache-paths/environment.ts';
import type { Run } from '../events.ts';
import { librariesUnder } from './lint.ts';

export interface EnvOptions {
  readonly cacheRoot: string;
  /** Code whose libraries count; all of the table if there is none. */
  readonly paths: readonly string[];
  readonly home: boolean;
  readonly run: Run;
}

/** The variables that put every library's cache under one root. */
export async function environmentOf({ cacheRoot, paths, home, run }: EnvOptions): Promise<Environment> {
  const libraries = paths.length === 0 ? undefined : await librariesUnder(paths, run);
  return environment({ cacheRoot, libraries, home });
}
