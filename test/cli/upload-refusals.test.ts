import { createCipheriv } from 'node:crypto';
import { appendFile, copyFile, open, readFile, rename, truncate, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { flipBit } from '../helpers/bundle.ts';
import { modelpack, type RunOptions } from '../helpers/run.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import { startS3, type FaultHook, type S3Server } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const bucket = 'models';
const secret = 'AS3cretOfThisTest';
const sessionToken = 'ATokenOfThisTest';

const folder = await temporaryFolder();
/** A bundle of four parts, and one of a single part. */
const bundles = { multipart: '', single: '' };
const kinds = ['multipart', 'single'] as const;

beforeAll(async () => {
  for (const [name, size] of [
    ['multipart', 17 * MiB],
    ['single', 5000],
  ] as const) {
    const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(
      Buffer.alloc(size),
    );
    await folder.write(`${name}/model.bin`, noise);
    bundles[name] = folder.join(`${name}.tar`);
    const { code, stderr } = await modelpack(['fetch', folder.join(name), '-o', bundles[name]]);
    if (code !== 0) throw new Error(stderr);
  }
});
afterAll(() => folder[Symbol.asyncDispose]());

function serverWith(fault?: FaultHook): Promise<S3Server> {
  return startS3({ keys: { test: secret }, buckets: [bucket], ...(fault && { fault }) });
}

const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: secret };

async function upload(s3: S3Server, file: string, args: readonly string[] = [], options: RunOptions = {}) {
  const env = { ...credentials, AWS_ENDPOINT_URL_S3: s3.endpoint, ...options.env };
  const [address = 's3://models/key', ...rest] = args;
  const outcome = await modelpack(['upload', file, address, '--part-size', '5MiB', ...rest], {
    ...options,
    env,
  });
  expect(outcome.stdout + outcome.stderr).not.toContain(secret);
  return outcome;
}

/** A copy that a test may spoil. */
async function copyOf(path: string, name: string): Promise<string> {
  await copyFile(path, folder.join(name));
  return folder.join(name);
}

function expectNothing(s3: S3Server): void {
  expect(s3.keysOf(bucket)).toEqual([]);
  expect(s3.uploads()).toEqual([]);
}

describe.concurrent.each(kinds)('an upload (%s) is refused', (kind) => {
  it('when the secret is wrong', async () => {
    await using s3 = await serverWith();
    const env = { AWS_SECRET_ACCESS_KEY: 'AnotherSecretOfThisTest' };
    const { code, stdout, stderr } = await upload(s3, bundles[kind], [], { env });
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' });
    expect(stderr).toMatch(/^modelpack: .*\(SignatureDoesNotMatch\)\nhint: .*AWS_SECRET_ACCESS_KEY.*\n$/);
    expectNothing(s3);
    expect(s3.log.filter(({ operation }) => operation === 'UploadPart')).toEqual([]);
  });

  it('when the key is not known', async () => {
    await using s3 = await serverWith();
    const { code, stderr } = await upload(s3, bundles[kind], [], { env: { AWS_ACCESS_KEY_ID: 'nobody' } });
    expect(code).toBe(5);
    expect(stderr).toMatch(/^modelpack: .*\(InvalidAccessKeyId\)\nhint: .*AWS_ACCESS_KEY_ID.*\n$/);
    expectNothing(s3);
  });

  it('when there is no such bucket', async () => {
    await using s3 = await serverWith();
    const { code, stdout, stderr } = await upload(s3, bundles[kind], ['s3://nowhere/key', '--json']);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^modelpack: there is no bucket nowhere\nhint: .*aws s3 mb s3:\/\/nowhere\n$/);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'not-found' } });
    expectNothing(s3);
  });

  it('when S3 denies access', async () => {
    await using s3 = await serverWith(() => ({ status: 403, code: 'AccessDenied' }));
    const { code, stderr } = await upload(s3, bundles[kind]);
    expect(code).toBe(5);
    const statement = '{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::models/key"}';
    expect(stderr).toBe(
      `modelpack: S3 denies s3:PutObject on s3://models/key\nhint: the credentials need this statement in their policy: ${statement}\n`,
    );
    expectNothing(s3);
  });

  // As AWS words it: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
  it('when S3 denies something else that it names', async () => {
    const arn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd';
    const message = `User: arn:aws:iam::111122223333:user/ci is not authorized to perform: kms:GenerateDataKey on resource: ${arn} because no identity-based policy allows the kms:GenerateDataKey action`;
    await using s3 = await serverWith(() => ({ status: 403, code: 'AccessDenied', message }));
    const { code, stderr } = await upload(s3, bundles[kind]);
    expect(code).toBe(5);
    expect(stderr).toContain('modelpack: S3 denies kms:GenerateDataKey on s3://models/key\n');
    expect(stderr).toContain(`{"Effect":"Allow","Action":"kms:GenerateDataKey","Resource":"${arn}"}`);
  });

  it('when a policy forbids it', async () => {
    const message =
      'User: arn:aws:iam::111122223333:user/ci is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::models/key" with an explicit deny in a resource-based policy';
    await using s3 = await serverWith(() => ({ status: 403, code: 'AccessDenied', message }));
    const { code, stderr } = await upload(s3, bundles[kind]);
    expect(code).toBe(5);
    expect(stderr).toMatch(
      /\nhint: a statement with "Effect": "Deny" in the resource-based policy forbids it;.*\n$/,
    );
  });

  it('when S3 does not know an option, without waiting for it to learn', async () => {
    const begins = ({ operation }: { operation: string }) =>
      operation === 'PutObject' || operation === 'CreateMultipartUpload';
    await using s3 = await serverWith((request) =>
      begins(request) ? { status: 501, code: 'NotImplemented' } : undefined,
    );
    const { code, stderr } = await upload(s3, bundles[kind], ['s3://models/key', '--sse', 'AES256']);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^modelpack: S3 does not take the request for s3:\/\/models\/key: NotImplemented\nhint: .*--sse.*\n$/,
    );
    expect(s3.log.filter(begins).length).toBeLessThan(4); // with fewer checksums each time, which it may not know
    expectNothing(s3);
  });

  it('when one of its files is damaged', async () => {
    await using s3 = await serverWith();
    const path = await copyOf(bundles[kind], `damaged-${kind}.tar`);
    await flipBit(path, kind === 'single' ? 4000 : 12 * MiB);
    const { code, stderr } = await upload(s3, path);
    expect(code).toBe(7);
    expect(stderr).toMatch(
      new RegExp(`^modelpack: ${path}: ${kind}/model.bin has sha256 [0-9a-f]{64}, expected `),
    );
    expectNothing(s3);
  });

  it('when what lies between its files is damaged', async () => {
    await using s3 = await serverWith();
    const path = await copyOf(bundles[kind], `frame-${kind}.tar`);
    await flipBit(path, (await readFile(path)).length - 1);
    expect(await upload(s3, path)).toMatchObject({ code: 7 });
    expectNothing(s3);
  });

  it('when it is cut off: before anything is sent', async () => {
    await using s3 = await serverWith();
    const path = await copyOf(bundles[kind], `cut-${kind}.tar`);
    await truncate(path, 4096);
    const { code, stderr } = await upload(s3, path);
    expect(code).toBe(7);
    expect(stderr).toContain('4096 bytes');
    expect(s3.log).toEqual([]);
  });
});

describe.concurrent('credentials', () => {
  it('that are missing are asked for', async () => {
    await using s3 = await serverWith();
    const env = { AWS_EC2_METADATA_DISABLED: 'true' };
    const args = ['upload', bundles.single, 's3://models/key', '--endpoint-url', s3.endpoint];
    const { code, stderr } = await modelpack(args, { env });
    expect(code).toBe(5);
    expect(stderr).toMatch(
      /^modelpack: no AWS credentials were found \(.+\)\nhint: .*AWS_ACCESS_KEY_ID.*\n$/,
    );
    expect(s3.log).toEqual([]);
  });

  it.each(['ExpiredToken', 'AccessDenied'])(
    'that end under way (%s) leave the parts for a run with new ones',
    async (problem) => {
      await using s3 = await serverWith(({ operation, query }) =>
        operation === 'UploadPart' && query.get('partNumber') === '2'
          ? { status: 403, code: problem }
          : undefined,
      );
      const { code, stderr } = await upload(s3, bundles.multipart, ['s3://models/key', '--jobs', '1']);
      expect(code).toBe(5);
      expect(stderr).toMatch(/^left in S3 for the next run: 1 part, 5 MB; .+\nmodelpack: .+\nhint: .+\n$/);
      expect(s3.keysOf(bucket)).toEqual([]);
      s3.setFault(undefined);
      const again = await upload(s3, bundles.multipart, ['s3://models/key', '--json']);
      expect(again.json()).toMatchObject({ parts: { total: 4, reused: 1 } });
      expect(s3.uploads()).toEqual([]);
    },
  );

  it('appear nowhere, whatever fails and however much is told', async () => {
    const env = { ...credentials, AWS_SESSION_TOKEN: sessionToken };
    for (const problem of ['SignatureDoesNotMatch', 'AccessDenied', 'InvalidRequest', 'InvalidToken']) {
      const message = `AWS4-HMAC-SHA256 Credential=test ${secret} ${sessionToken}`;
      await using s3 = await serverWith(({ operation }) =>
        operation === 'PutObject' ? { status: 403, code: problem, message } : undefined,
      );
      const args = ['s3://models/key', '--verbose', '--json'];
      const { code, stdout, stderr } = await upload(s3, bundles.single, args, { env });
      expect(code).not.toBe(0);
      const { headers: { authorization = '' } = {} } = s3.log[0] ?? {};
      const signature = /Signature=([0-9a-f]{64})/.exec(authorization)?.[1];
      expect(s3.log[0]?.headers['x-amz-security-token']).toBe(sessionToken);
      for (const hidden of [secret, sessionToken, signature ?? 'no signature was sent']) {
        expect(stdout + stderr).not.toContain(hidden);
      }
    }
  });

  it('in the address of the endpoint are not shown', async () => {
    const args = ['upload', bundles.single, 's3://models/key'];
    const endpoint = ['--endpoint-url', 'ftp://someone:AP4ssword@127.0.0.1/?X-Amz-Signature=ASignature'];
    const { stdout, stderr } = await modelpack([...args, ...endpoint, '--verbose'], { env: credentials });
    expect(stdout + stderr).not.toMatch(/AP4ssword|ASignature/);
  });
});

describe.concurrent('a file that changes while it is uploaded', () => {
  const changes: Record<string, (path: string) => Promise<void>> = {
    'is cut short': (path) => truncate(path, 11 * MiB),
    grows: (path) => appendFile(path, 'more'),
    'is written to in place': async (path) => {
      const file = await open(path, 'r+');
      await file.write('other bytes', MiB);
      await file.close();
    },
    'is replaced': async (path) => {
      await writeFile(`${path}.new`, await readFile(path));
      await rename(`${path}.new`, path);
    },
  };
  // Nothing of its time of change may come from the second it was made in.
  const past = new Date('2026-01-01');

  it.each(Object.keys(changes))('never becomes an object when it %s', async (change) => {
    const path = await copyOf(folder.join('multipart/model.bin'), `${change}.bin`);
    await utimes(path, past, past);
    let changed: Promise<void> | undefined;
    await using s3 = await serverWith(async ({ operation, query }) => {
      if (operation === 'UploadPart' && query.get('partNumber') === '2')
        await (changed ??= changes[change]!(path));
      return undefined;
    });
    const { code, stderr } = await upload(s3, path, ['s3://models/key', '--jobs', '1']);
    expect(changed).toBeDefined();
    expect(code).toBe(7);
    expect(stderr).toContain(path);
    expectNothing(s3);
  });

  it('never becomes an object by a single put either', async () => {
    const path = await folder.write('small.bin', 'before');
    await utimes(path, past, past);
    await using s3 = await serverWith(async ({ operation }) => {
      if (operation === 'HeadObject') await writeFile(path, 'after!');
      return undefined;
    });
    const { code, stderr } = await upload(s3, path);
    expect(code).toBe(7);
    expect(stderr).toBe(
      `modelpack: ${path} changed while it was uploaded\nhint: run the same command again\n`,
    );
    expectNothing(s3);
  });
});

describe.concurrent('Ctrl-C', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'once (%s) ends the upload and leaves the parts for the next run',
    async (signal) => {
      await using s3 = await serverWith();
      const args = ['s3://models/key', '--json', '--jobs', '1'];
      const { code, stdout, stderr } = await upload(s3, bundles.multipart, args, {
        onStart: (running) => {
          s3.setFault(async ({ operation, query }) => {
            if (operation !== 'UploadPart' || query.get('partNumber') !== '2') return undefined;
            running.kill(signal);
            await delay(300); // the part is on its way while everything ends
            return undefined;
          });
        },
      });
      expect(code).toBe(130);
      expect(stderr).toContain('modelpack: interrupted\n');
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'interrupted' } });
      expect(s3.keysOf(bucket)).toEqual([]);
      expect(s3.uploads()).toHaveLength(1);
      s3.setFault(undefined);
      const again = await upload(s3, bundles.multipart, ['s3://models/key', '--json']);
      expect(again.code, again.stderr).toBe(0);
      expect((await s3.body(bucket, 'key')).equals(await readFile(bundles.multipart))).toBe(true);
      expect(s3.uploads()).toEqual([]);
    },
  );

  it('twice (SIGINT) leaves nothing', async () => {
    await using s3 = await serverWith();
    const { code, stderr } = await upload(s3, bundles.multipart, ['s3://models/key', '--jobs', '1'], {
      onStart: (running) => {
        s3.setFault(async ({ operation, query }) => {
          if (operation !== 'UploadPart' || query.get('partNumber') !== '2') return undefined;
          running.kill('SIGINT');
          await delay(500);
          running.kill('SIGINT');
          return undefined;
        });
      },
    });
    expect(code).toBe(130);
    expect(stderr).toContain('modelpack: interrupted\n');
    expectNothing(s3);
  });

  it.each([
    ['before anything is sent', 'HeadObject'],
    ['while the upload is begun', 'CreateMultipartUpload'],
  ])('%s leaves nothing', async (_, at) => {
    await using s3 = await serverWith();
    const { code } = await upload(s3, bundles.multipart, [], {
      onStart: (running) => {
        s3.setFault(async ({ operation }) => {
          if (operation !== at) return undefined;
          running.kill('SIGINT');
          await delay(300);
          return undefined;
        });
      },
    });
    expect(code).toBe(130);
    expectNothing(s3);
  });

  it('does not wait for the end of an outage', async () => {
    await using s3 = await serverWith();
    const { code } = await upload(s3, bundles.multipart, [], {
      limit: 20,
      onStart: (running) => {
        let answers = 0;
        s3.setFault(({ operation }) => {
          if (operation !== 'UploadPart') return undefined;
          if (answers++ === 5) setTimeout(() => running.kill('SIGINT'), 200);
          return { status: 503, code: 'SlowDown' };
        });
      },
    });
    expect(code).toBe(130);
    expectNothing(s3);
  });

  it('does not wait for an answer that never comes', async () => {
    await using s3 = await serverWith();
    const { code } = await upload(s3, bundles.multipart, [], {
      limit: 20,
      onStart: (running) => {
        s3.setFault(({ operation, query }) => {
          if (operation !== 'UploadPart') return undefined;
          if (query.get('partNumber') === '2') setTimeout(() => running.kill('SIGINT'), 200);
          return { hang: true };
        });
      },
    });
    expect(code).toBe(130);
    expectNothing(s3);
  });

  it('during a single put leaves nothing', async () => {
    await using s3 = await serverWith();
    const { code } = await upload(s3, bundles.single, [], {
      onStart: (running) => {
        s3.setFault(async ({ operation }) => {
          if (operation !== 'PutObject') return undefined;
          running.kill('SIGINT');
          await delay(300);
          return undefined;
        });
      },
    });
    expect(code).toBe(130);
    expectNothing(s3);
  });
});
