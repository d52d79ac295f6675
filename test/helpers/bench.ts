import { startHub, type Hub, type HubOptions } from '../servers/hub/hub.ts';
import { modelpack, start, type Outcome, type Running, type RunOptions } from './run.ts';
import { temporaryFolder, type TemporaryFolder } from './tmp.ts';

/** A hub, an empty folder, and the command line between them. */
export interface Bench extends AsyncDisposable {
  readonly hub: Hub;
  readonly folder: TemporaryFolder;
  /** Runs in the folder, against the hub. */
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  start(args: readonly string[], options?: RunOptions): Running;
}

export async function openBench(options: HubOptions): Promise<Bench> {
  const hub = await startHub(options);
  const folder = await temporaryFolder();
  const here = { hub, cwd: folder.path };
  return {
    hub,
    folder,
    run: (args, more) => modelpack(args, { ...here, ...more }),
    start: (args, more) => start(args, { ...here, ...more }),
    async [Symbol.asyncDispose]() {
      await hub.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
