import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { ours, toBucket } from '../stage.ts';
import type { Case } from './case.ts';

/** As the model gets there by hand: three programs, and the model twice on the disk. */
const PIPELINE = `
set -e
"$HF" download acme/big --local-dir model --quiet
tar -cf model.tar model
"$AWS" s3 cp --no-progress model.tar "$0"`;

/** The same without the tar on the disk. */
const PIPED = `
set -eo pipefail
"$HF" download acme/big --local-dir model --quiet
tar -cf - model | "$AWS" s3 cp --no-progress - "$0" --expected-size "$SIZE"`;

export const fetchToS3: Case = {
  name: 'fetch-s3',
  title: 'fetch to S3',
  size: 2 ** 30,
  usesS3: true,
  async sides(stage) {
    const [hf, aws] = [await stage.peer('hf'), await stage.peer('aws')];
    const work = join(stage.folder, 'work');
    async function before(): Promise<void> {
      await rm(work, { recursive: true, force: true });
      await mkdir(work);
    }
    const side = (script: string, settings: NodeJS.ProcessEnv) =>
      toBucket(stage, 'theirs.tar', (to) => ['env', '-C', work, 'bash', '-c', script, to], {
        settings,
        before,
      });
    const sides = ours(stage, (modelpack) =>
      toBucket(stage, 'ours.tar', (to) => modelpack('fetch', 'acme/big', '-o', to, '--quiet')),
    );
    if (hf === undefined || aws === undefined) return sides;
    const settings = { HF: hf.program, AWS: aws.program, SIZE: String(stage.size) };
    const name = `hf ${hf.version} + tar + aws ${aws.version}`;
    sides.push({ name, ...side(PIPELINE, settings) });
    if (stage.tuned) sides.push({ name: `${name}, tar piped`, ...side(PIPED, settings) });
    return sides;
  },
};
