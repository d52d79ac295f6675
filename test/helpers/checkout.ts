import { readFile, rm } from 'node:fs/promises';

import { files, model, openPipeline, secret, type Pipeline } from './pipeline.ts';
import type { Outcome } from './run.ts';

/** A configuration of one bundle, `text`, with more lines. */
export const config = (...lines: readonly string[]) => `
bundles:
  text:
    sources: [${model}]
    destination: s3://models/text/{id}.tar
    tags: {team: search}
${lines.map((line) => `    ${line}`).join('\n')}
lint: {paths: [src]}
`;
/** Code that lint finds something in, in its third line. */
export const wrong = 'import clip\n\nmodel, preprocess = clip.load("ViT-B/32")\n';
const fine = 'import os\nprint(os.environ["MODEL_CACHE_FS_PATH"])\n';

/** A repository that CI checks out again and again. */
export interface Checkout extends Pipeline {
  /** As it is committed: configuration, lock and code. The Hub is as it was locked. */
  fresh(): Promise<void>;
  /** `modelpack ci` on a machine that has never run it. */
  ci(args?: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome>;
}

export async function openCheckout(): Promise<Checkout> {
  const pipeline = await openPipeline(config());
  const { folder, hub } = pipeline;
  let lock = '';
  return {
    ...pipeline,
    async fresh() {
      await folder.write('modelpack.yaml', config());
      await folder.write('src/app.py', fine);
      await folder.write('modelpack.lock', lock);
      if (!lock.includes(hub.commit(model))) {
        hub.move(model, 'main', files);
        await pipeline.lock();
        lock = await readFile(folder.join('modelpack.lock'), 'utf8');
      }
      pipeline.forget();
    },
    async ci(args = [], env = {}) {
      await rm(folder.join('.home'), { recursive: true, force: true });
      const outcome = await pipeline.run(['ci', ...args], { env: { CI: 'true', ...env } });
      if ((outcome.stdout + outcome.stderr).includes(secret)) throw new Error('it shows the secret');
      return outcome;
    },
  };
}
