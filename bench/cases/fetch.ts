import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { measure } from '../measure.ts';
import { ours } from '../stage.ts';
import type { Case } from './case.ts';

/** Against the physical limit: one stream to the disk, and the hash of what arrived. */
export const fetchToFile: Case = {
  name: 'fetch',
  title: 'fetch to a file',
  size: 2 ** 30,
  usesS3: false,
  async sides(stage) {
    const { env, folder, hub, peers } = stage;
    const resolved = await fetch(`${hub}/acme/big/resolve/main/model.safetensors`, {
      method: 'HEAD',
      redirect: 'manual',
    });
    const url = resolved.headers.get('location');
    if (url === null) throw new Error('the fixture gave no address for the weights');
    const [tar, file] = [join(folder, 'big.tar'), join(folder, 'big.bin')];
    const script = 'curl -sSf -o "$0" "$1" && sha256sum "$0"';
    const limit = {
      name: 'curl && sha256sum',
      before: () => rm(file, { force: true }),
      run: () => measure(['bash', '-c', script, file, url], env),
    };
    return [
      ...ours(stage, (modelpack) => ({
        before: () => rm(tar, { force: true }),
        run: () => measure(modelpack('fetch', 'acme/big', '-o', tar, '--quiet'), env),
      })),
      ...(peers ? [limit] : []),
    ];
  },
};
