import assert from 'node:assert/strict';

import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

import { open, type Bundle } from '../../../src/runtime/index.ts';
import { writeBundle } from '../../helpers/made-bundle.ts';
import { noise } from '../../helpers/sending.ts';
import type { Bench } from '../bench.ts';
import { openHost } from '../servers/host.ts';
import { moto } from '../servers/moto.ts';
import { radosgw } from '../servers/radosgw.ts';
import { credentials, region } from '../servers/server.ts';
import { versitygw } from '../servers/versitygw.ts';

const MiB = 1024 ** 2;
const [Bucket, Key] = ['models', 'folder/größe & more.tar'];
const location = `s3://${Bucket}/${Key}`;
const files = { 'config.json': '{}', 'model.bin': noise(18 * MiB, 1) };

/** What the Node loader reads of servers that nobody here wrote, and what it makes of their refusals. */
export async function runtimeNodeServers(bench: Bench): Promise<string> {
  const file = await bench.path('models.tar');
  const { id } = await writeBundle(file, [{ name: 'acme/bert', source: 'hf:acme/bert', files }]);
  const said: string[] = [];
  for (const server of [moto, radosgw, versitygw]) {
    await using host = await openHost();
    const { endpoint, version } = await server.start(host);
    const client = clientOf(endpoint, credentials.secret);
    await client.send(new CreateBucketCommand({ Bucket }));
    const env = {
      AWS_ACCESS_KEY_ID: credentials.id,
      AWS_SECRET_ACCESS_KEY: credentials.secret,
      AWS_REGION: region,
      AWS_ENDPOINT_URL: endpoint,
    };
    await bench.modelpack(['upload', file, location], env);

    const bundle = await open(location, { client, log: false, verify: true });
    assert.equal(bundle.id, id);
    assert.ok(files['model.bin'].equals(bundle.get('acme/bert/model.bin')));
    assert.equal((await open(location, { client, log: false, only: '*.json' })).files().length, 1);

    await fails(open(`s3://${Bucket}/nobody`, { client }), 'NotFound');
    await fails(open('s3://nobody-has-this/key', { client }), 'NotFound');
    await fails(open(location, { client: replacing(client) }), 'Changed');
    await client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(0) }));
    await fails(open(location, { client }), 'Corrupt');
    if (server.supports.signatures) {
      const stranger = clientOf(endpoint, 'another-secret');
      await fails(open(location, { client: stranger }), 'AccessDenied');
      stranger.destroy();
    }
    client.destroy();
    said.push(`${server.title} ${version ?? ''}`.trim());
  }
  return said.join(', ');
}

function clientOf(endpoint: string, secretAccessKey: string): S3Client {
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: credentials.id, secretAccessKey },
    maxAttempts: 1,
  });
}

/** Puts another object there after the first answer. */
function replacing(client: S3Client) {
  let answers = 0;
  return {
    async send(command: GetObjectCommand, options: { readonly abortSignal: AbortSignal }) {
      if (answers++ === 1) await client.send(new PutObjectCommand({ Bucket, Key, Body: noise(19 * MiB, 7) }));
      return client.send(command, options);
    },
  };
}

async function fails(opening: Promise<Bundle>, name: string): Promise<void> {
  await assert.rejects(opening, { name });
}
