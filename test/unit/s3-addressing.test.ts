import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';

import { s3SettingsOf, type S3Connection } from '../../src/cli/commands/s3-options.ts';
import { s3Client } from '../../src/s3/client.ts';

/** Where a request for `s3://models/a/b.tar` would go; none is sent. */
async function addressOf(flags: S3Connection, env: Readonly<Record<string, string>> = {}): Promise<string> {
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'testsecret';
  const client = s3Client(s3SettingsOf({ region: 'eu-central-1', ...flags, jobs: 1 }, env));
  let address = '';
  client.middlewareStack.add(
    () => async (args) => {
      const { protocol, hostname, port, path } = args.request as Record<string, string | undefined>;
      address = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`;
      throw new Error('not sent');
    },
    { step: 'finalizeRequest', name: 'stop' },
  );
  await client.send(new HeadObjectCommand({ Bucket: 'models', Key: 'a/b.tar' })).catch(() => {});
  client.destroy();
  return address;
}

const minio = 'https://minio.example:9000';

describe('the address of an object', () => {
  it.each([
    [{}, 'https://models.s3.eu-central-1.amazonaws.com/a/b.tar'],
    [{ addressing: 'path' }, 'https://s3.eu-central-1.amazonaws.com/models/a/b.tar'],
    [{ addressing: 'virtual' }, 'https://models.s3.eu-central-1.amazonaws.com/a/b.tar'],
    [{ endpointUrl: minio }, `${minio}/models/a/b.tar`],
    [{ endpointUrl: minio, addressing: 'path' }, `${minio}/models/a/b.tar`],
    [{ endpointUrl: minio, addressing: 'virtual' }, 'https://models.minio.example:9000/a/b.tar'],
  ] as [S3Connection, string][])('with %o is %s', async (flags, address) => {
    expect(await addressOf(flags)).toBe(address);
  });

  it.each([
    [{ AWS_ENDPOINT_URL: minio }, `${minio}/models/a/b.tar`],
    [{ AWS_ENDPOINT_URL: 'https://other.example', AWS_ENDPOINT_URL_S3: minio }, `${minio}/models/a/b.tar`],
  ])('with %o is %s', async (env, address) => {
    expect(await addressOf({}, env)).toBe(address);
  });

  it('follows --endpoint-url rather than the environment', async () => {
    const env = { AWS_ENDPOINT_URL_S3: 'https://other.example' };
    expect(await addressOf({ endpointUrl: minio }, env)).toBe(`${minio}/models/a/b.tar`);
  });
});
