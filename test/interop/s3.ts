import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startS3 } from '../servers/s3/server.ts';
import { python, sha256Of, type Bench, type Environment } from './bench.ts';
import { openHost } from './servers/host.ts';
import { moto as motoServer } from './servers/moto.ts';
import { credentials } from './servers/server.ts';

const bucket = 'models';
const conformance = fileURLToPath(new URL('s3-conformance.mjs', import.meta.url));

/** What s3_object.py says of an object. */
interface Found {
  readonly size: number;
  readonly sha256: string;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** modelpack to moto, boto3 from moto: neither end knows the other. */
export async function moto(bench: Bench): Promise<string> {
  await using host = await openHost();
  const { endpoint } = await motoServer.start(host);
  return await writesWhatBotoReads(bench, endpoint, credentialsOf({ [credentials.id]: credentials.secret }));
}

/** modelpack to the server of the tests, boto3 from it: that server is no friend of modelpack's alone. */
export async function boto3(bench: Bench): Promise<string> {
  await using server = await startS3();
  return await writesWhatBotoReads(bench, server.endpoint, credentialsOf(server.keys));
}

async function writesWhatBotoReads(bench: Bench, endpoint: string, keys: Environment): Promise<string> {
  const env = { ...keys, AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1' };
  const boto = { ...env, AWS_ENDPOINT_URL: endpoint };
  const server = ['--endpoint-url', endpoint];
  await bench.python(['s3_object.py', 'create', bucket], boto);

  async function check(key: string, local: string, id: string, etag: RegExp): Promise<Found> {
    const found = JSON.parse(await bench.python(['s3_object.py', 'read', bucket, key], boto)) as Found;
    assert.equal(found.size, (await stat(local)).size, `${key} has another size`);
    assert.equal(found.sha256, await sha256Of(local), `${key} has other bytes`);
    assert.equal(found.metadata['modelpack-id'], id, `${key} has another id`);
    assert.match(found.etag, etag, `${key} has another ETag`);
    return found;
  }

  const large = await fetched(bench, 'acme/big');
  const labels = ['--part-size', '5MiB', '--tag', 'team=search', '--metadata', 'colour=blue'];
  const sent = JSON.parse(
    await bench.modelpack(
      ['upload', large.path, `s3://${bucket}/large.tar`, ...server, ...labels, '--json'],
      env,
    ),
  ) as { readonly parts: { readonly sent: number } };
  assert.equal(sent.parts.sent, 5);
  const { metadata, tags } = await check('large.tar', large.path, large.id, /-5"$/);
  assert.equal(metadata['colour'], 'blue');
  assert.deepEqual(tags, { team: 'search' });

  const small = await fetched(bench, 'acme/tiny-bert');
  await bench.modelpack(['upload', small.path, `s3://${bucket}/`, ...server], env);
  await check('acme-tiny-bert.tar', small.path, small.id, /^"[0-9a-f]{32}"$/);

  await bench.modelpack(['fetch', 'acme/tiny-bert', '-o', `s3://${bucket}/direct.tar`, ...server], env);
  await check('direct.tar', small.path, small.id, /^"[0-9a-f]{32}/);
  return 'boto3 reads what was uploaded in parts, as one, and fetched without a disk: bytes, id, metadata, tags';
}

export async function awsCli(bench: Bench): Promise<string> {
  await using server = await startS3({ buckets: [bucket] });
  const env = { ...credentialsOf(server.keys), AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: server.endpoint };
  const beside = join(dirname(python), 'aws');
  const aws = existsSync(beside) ? beside : 'aws';
  const { path } = await fetched(bench, 'acme/big');
  await bench.modelpack(['upload', path, `s3://${bucket}/large.tar`, '--part-size', '5MiB'], env);
  const copy = await bench.path('copy.tar');
  await bench.run(aws, ['s3', 'cp', '--only-show-errors', `s3://${bucket}/large.tar`, copy], env);
  assert.equal(await sha256Of(copy), await sha256Of(path), 'aws s3 cp brings other bytes');
  return `aws s3 cp brings ${(await stat(copy)).size} equal bytes`;
}

export async function s3Conformance(bench: Bench): Promise<string> {
  await using server = await startS3();
  const [[key, secret] = ['', '']] = Object.entries(server.keys);
  const report = await bench.run(process.execPath, [conformance, 'embedded', server.endpoint, key, secret]);
  const summary = report.trim().split('\n').at(-1) ?? '';
  assert.match(summary, /\b56\/56 pass/);
  return summary.replace(/^== /, '');
}

async function fetched(bench: Bench, model: string): Promise<{ readonly path: string; readonly id: string }> {
  const path = await bench.path(`${model.replace('/', '-')}.tar`);
  return {
    path,
    id: (JSON.parse(await bench.modelpack(['fetch', model, '-o', path, '--json'])) as { readonly id: string })
      .id,
  };
}

function credentialsOf(keys: Readonly<Record<string, string>>): Environment {
  const [[AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY] = ['', '']] = Object.entries(keys);
  return { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
}
