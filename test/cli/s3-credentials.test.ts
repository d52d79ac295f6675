import { chmod, readFile, writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { modelpack, type RunOptions } from '../helpers/run.ts';
import { noise } from '../helpers/sending.ts';
import { temporaryFolder, type TemporaryFolder } from '../helpers/tmp.ts';
import { startS3, type FaultHook, type S3Request, type S3Server } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const bucket = 'models';
const keys = { OLDKEY: 'TheOldS3cret', NEWKEY: 'TheNewS3cret' };
const token = 'ATokenOfThisTest';

const folder = await temporaryFolder();
let file = '';
beforeAll(async () => {
  file = await folder.write('model.bin', noise(11 * MiB));
});
afterAll(() => folder[Symbol.asyncDispose]());

/** A server that takes the old key until `over` says otherwise; AWS answers so, and a HEAD has no body to say why. */
function serverWith(over: (request: S3Request) => boolean, more?: FaultHook): Promise<S3Server> {
  const fault: FaultHook = (request) => {
    const isOld = request.headers['authorization']?.includes('Credential=OLDKEY/') === true;
    if (!isOld || !over(request)) return more?.(request);
    return { status: 400, code: 'ExpiredToken', message: 'The provided token has expired.' };
  };
  return startS3({ keys, buckets: [bucket], fault });
}

function whenSent(part: number): (request: S3Request) => boolean {
  let reached = false;
  return ({ operation, query }) =>
    (reached ||= operation === 'UploadPart' && query.get('partNumber') === String(part));
}

/** A home whose profile `ci` gets its credentials from a program: each of these once, and the last for ever. */
async function homeWith(...given: (keyof typeof keys)[]): Promise<TemporaryFolder> {
  const home = await temporaryFolder();
  const program = await home.write(
    'credentials.sh',
    `#!/bin/sh
count=$(($(cat ${home.join('count')} 2>/dev/null || echo 0) + 1))
echo $count > ${home.join('count')}
cat ${home.join('answer')}-$count 2>/dev/null || cat ${home.join('answer')}-${given.length}
`,
  );
  await chmod(program, 0o755);
  for (const [i, key] of given.entries()) {
    const answer = { Version: 1, AccessKeyId: key, SecretAccessKey: keys[key], SessionToken: token };
    await writeFile(home.join(`answer-${i + 1}`), JSON.stringify(answer));
  }
  await home.write('.aws/config', `[profile ci]\ncredential_process = ${program}\nregion = us-east-1\n`);
  return home;
}

async function upload(s3: S3Server, args: readonly string[], options: RunOptions = {}) {
  const all = ['upload', file, 's3://models/key', '--part-size', '5MiB', '--json', ...args];
  const env = { AWS_ENDPOINT_URL_S3: s3.endpoint, AWS_EC2_METADATA_DISABLED: 'true', ...options.env };
  const outcome = await modelpack(all, { ...options, env });
  for (const secret of [...Object.values(keys), token]) {
    expect(outcome.stdout + outcome.stderr).not.toContain(secret);
  }
  return outcome;
}

async function expectRight(s3: S3Server): Promise<void> {
  expect((await readFile(file)).equals(await s3.body(bucket, 'key'))).toBe(true);
  expect(s3.uploads()).toEqual([]);
}

describe.concurrent('credentials that end before their time, from a program that gives new ones', () => {
  it.each([
    ['at the first look', () => true],
    ['while parts are sent', whenSent(3)],
    ['when the upload is completed', ({ operation }: S3Request) => operation === 'CompleteMultipartUpload'],
  ])('%s: the run goes on and ends right', async (_, over) => {
    await using s3 = await serverWith(over);
    await using home = await homeWith('OLDKEY', 'NEWKEY');
    const { code, stderr, json } = await upload(s3, ['--profile', 'ci'], { env: { HOME: home.path } });
    expect(code, stderr).toBe(0);
    expect(json()).toMatchObject({ parts: { total: 3, sent: 3, reused: 0 } });
    expect(await readFile(home.join('count'), 'utf8')).toBe('2\n');
    await expectRight(s3);
  });

  it('that are over too: the run fails, and what was sent is left for the next one', async () => {
    await using s3 = await serverWith(whenSent(3));
    await using home = await homeWith('OLDKEY', 'OLDKEY');
    const env = { HOME: home.path };
    const { code, stderr } = await upload(s3, ['--profile', 'ci', '--jobs', '1'], { env });
    expect(code).toBe(5);
    expect(stderr).toMatch(
      /^left in S3 for the next run: 2 parts, .*\nmodelpack: S3 does not accept the credentials \(ExpiredToken\)\nhint: .+\n$/,
    );
    await writeFile(
      home.join('answer-2'),
      JSON.stringify({ Version: 1, AccessKeyId: 'NEWKEY', SecretAccessKey: keys.NEWKEY }),
    );
    const again = await upload(s3, ['--profile', 'ci'], { env });
    expect(again.json()).toMatchObject({ parts: { total: 3, sent: 1, reused: 2 } });
    await expectRight(s3);
  });
});

describe.concurrent('credentials of the environment that are over', () => {
  const env = { AWS_ACCESS_KEY_ID: 'OLDKEY', AWS_SECRET_ACCESS_KEY: keys.OLDKEY, AWS_SESSION_TOKEN: token };

  it('are told as such, although the answer to a HEAD does not say so', async () => {
    await using s3 = await serverWith(() => true);
    const { code, stderr } = await upload(s3, [], { env });
    expect(code).toBe(5);
    expect(stderr).toMatch(
      /^modelpack: S3 does not accept the credentials \(ExpiredToken\)\nhint: .*AWS_SESSION_TOKEN.*\n$/,
    );
    expect(s3.uploads()).toEqual([]);
  });

  it('are not tried again and again', async () => {
    await using s3 = await serverWith(whenSent(3));
    const { code } = await upload(s3, ['--jobs', '1'], { env });
    expect(code).toBe(5);
    const over = s3.log.filter(({ status }) => status === 400);
    expect(over).toHaveLength(1);
    expect(s3.uploads()).toMatchObject([{ parts: 2 }]);
  });
});

it('a HEAD that is answered 400 for another reason is told as what it is', async () => {
  await using s3 = await serverWith(
    () => false,
    ({ operation }) => (operation === 'HeadObject' ? { status: 400, code: 'BadRequest' } : undefined),
  );
  const env = { AWS_ACCESS_KEY_ID: 'NEWKEY', AWS_SECRET_ACCESS_KEY: keys.NEWKEY };
  const { code, stderr } = await upload(s3, [], { env });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^modelpack: S3 does not take the request for s3:\/\/models\/key \(400\)\nhint: .*--region/,
  );
});
