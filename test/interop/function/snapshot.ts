import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { startS3 } from '../../servers/s3/server.ts';
import type { Bench } from '../bench.ts';
import { treeOf } from './tree.ts';

/** What snapshot.py says; times in seconds, sizes in bytes. */
interface Said {
  readonly bytes: number;
  readonly open: number;
  readonly freeze: number;
  readonly restore: number;
  readonly restored_and_used: number;
  readonly first: number;
  readonly snapshot: number;
  readonly links: number;
  readonly same: boolean;
  readonly again: boolean;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const loader = fileURLToPath(new URL('../../../python/modelpack_runtime.py', import.meta.url));

/** A process with a bundle in RAM becomes a snapshot on disk, and goes on from there, as SnapStart has it. */
export async function snapshotOfLoader(bench: Bench): Promise<string> {
  const tree = await treeOf(bench);
  await using s3 = await startS3({ buckets: ['models'] });
  const [[id, secret] = ['', '']] = Object.entries(s3.keys);
  const env = {
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: s3.endpoint,
  };
  const object = 's3://models/models.tar';
  await bench.modelpack(['fetch', 'acme/tiny-bert', 'acme/big', '-o', object], env);
  const folder = await bench.path('snapshot');
  await mkdir(folder);
  const out = await bench.run('bash', [`${here}snapshot.sh`, tree, folder, loader, object], env);
  const said = JSON.parse(out.trim().split('\n').at(-1) ?? '') as Said;
  assert.ok(said.snapshot > said.bytes, 'the snapshot holds the bundle');
  assert.deepEqual([said.links, said.same, said.again], [2, true, true]);
  const seconds = (value: number) => `${value.toFixed(3)} s`;
  return `${said.bytes} bytes: opened in ${seconds(said.open)}, frozen in ${seconds(said.freeze)}, restored in ${seconds(said.restore)}, first byte of a weight ${seconds(said.first)} later`;
}
