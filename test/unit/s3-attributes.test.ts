import { describe, expect, it } from 'vitest';

import { broken, bucket, denied, noise, PART, smallServer, upload } from '../helpers/sending.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import type { S3Server } from '../servers/s3/server.ts';

/** Of nine parts. */
const bytes = noise(8 * PART + 100);

async function expectRight(s3: S3Server, attributes: object): Promise<void> {
  expect(bytes.equals(await s3.body(bucket, 'key'))).toBe(true);
  expect(s3.uploads()).toEqual([]);
  expect(s3.object(bucket, 'key')).toMatchObject(attributes);
}

const kms = { sse: 'aws:kms', sseKmsKeyId: 'alias/models' } as const;

describe.concurrent('an upload that another machine began with', () => {
  it.each([
    ['the same metadata', { metadata: { team: 'a' } }, { metadata: { Team: 'a' } }, 4],
    ['the same class', { storageClass: 'STANDARD_IA' }, { storageClass: 'STANDARD_IA' }, 4],
    ['the class that is the default', { storageClass: 'STANDARD' }, {}, 4],
    ['the same encryption', { sse: 'AES256' }, { sse: 'AES256' }, 4],
    ['other metadata', { metadata: { team: 'a' } }, { metadata: { team: 'b' } }, 0],
    ['metadata, where none is wanted', { metadata: { team: 'a' } }, {}, 0],
    ['no metadata, where some is wanted', {}, { metadata: { team: 'b' } }, 0],
    ['another class', { storageClass: 'STANDARD_IA' }, { storageClass: 'ONEZONE_IA' }, 0],
    ['a class, where none is wanted', { storageClass: 'STANDARD_IA' }, {}, 0],
    ['another encryption', { sse: 'aws:kms' }, { sse: 'AES256' }, 0],
    ['a tag, where none is wanted', { tags: { stage: 'a' } }, {}, 0],
    ['a tag, where another one is wanted', { tags: { stage: 'a' } }, { tags: { stage: 'b' } }, 0],
    ['the same tag, which S3 does not tell', { tags: { stage: 'a' } }, { tags: { stage: 'a' } }, 0],
    ['the same key, which S3 does not tell', kms, kms, 0],
  ] as const)('%s ends with those that are wanted', async (_, begun, wanted, reused) => {
    await using s3 = await smallServer();
    await broken(s3, bytes, 5, { attributes: begun });
    const { result } = await upload(s3, bytes, { attributes: wanted });
    expect(result?.parts.reused).toBe(reused);
    const { storageClass = 'STANDARD', metadata = {}, tags = {}, sse } = { ...nothing, ...wanted };
    await expectRight(s3, {
      storageClass,
      tags,
      ...(sse && { sse: { algorithm: sse } }),
    });
    const lower = Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]);
    expect(s3.object(bucket, 'key')?.metadata).toEqual(Object.fromEntries(lower));
  });

  it('other metadata ends right too when this machine is broken off and goes on once more', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const here = { state: folder.join('state'), attributes: { metadata: { team: 'b' } } };
    await broken(s3, bytes, 4, { attributes: { metadata: { team: 'a' } } });
    await broken(s3, bytes, 7, here);
    expect(await upload(s3, bytes, here)).toMatchObject({ outcome: 'done' });
    await expectRight(s3, { metadata: { team: 'b' } });
  });

  it('other metadata ends right too when the object may not be looked at', async () => {
    await using s3 = await smallServer();
    await broken(s3, bytes, 5, { attributes: { metadata: { team: 'a' } } });
    s3.setFault(({ operation }) => (operation === 'HeadObject' ? denied : undefined));
    expect(await upload(s3, bytes, { attributes: { metadata: { team: 'b' } } })).toMatchObject({
      outcome: 'done',
    });
    await expectRight(s3, { metadata: { team: 'b' } });
  });
});

const nothing: {
  storageClass?: string;
  metadata?: Readonly<Record<string, string>>;
  tags?: Readonly<Record<string, string>>;
  sse?: string;
} = {};

describe.concurrent('an upload that this machine began with', () => {
  it.each([
    ['a tag', { tags: { stage: 'a' } }, { tags: { stage: 'a' } }, 4],
    ['a key', kms, kms, 4],
    ['another tag', { tags: { stage: 'a' } }, { tags: { stage: 'b' } }, 0],
    ['a tag, where none is wanted', { tags: { stage: 'a' } }, {}, 0],
    ['other metadata', { metadata: { team: 'a' } }, { metadata: { team: 'b' } }, 0],
    ['another class', { storageClass: 'STANDARD_IA' }, {}, 0],
  ] as const)('%s is gone on with only if that is still wanted', async (_, begun, wanted, reused) => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await broken(s3, bytes, 5, { state, attributes: begun });
    const { result, notes } = await upload(s3, bytes, { state, attributes: wanted });
    expect(result?.parts.reused).toBe(reused);
    expect(notes.some((note) => note.startsWith('removed an unfinished upload'))).toBe(reused === 0);
    expect(s3.log.filter(({ operation }) => operation === 'CompleteMultipartUpload')).toHaveLength(1);
    const { metadata = {}, tags = {} } = { ...nothing, ...wanted };
    await expectRight(s3, { metadata, tags });
  });
});

describe.concurrent('--no-clobber', () => {
  it('goes on with what this machine began', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const options = { state: folder.join('state'), noClobber: true };
    await broken(s3, bytes, 5, options);
    const { result } = await upload(s3, bytes, options);
    expect(result?.parts).toEqual({ total: 9, sent: 5, reused: 4 });
    await expectRight(s3, {});
  });

  it('begins anew where another machine began: an object with other attributes could not be replaced', async () => {
    await using s3 = await smallServer();
    await broken(s3, bytes, 5, { attributes: { metadata: { team: 'a' } } });
    const { result } = await upload(s3, bytes, { noClobber: true });
    expect(result?.parts.reused).toBe(0);
    await expectRight(s3, { metadata: {} });
  });

  it.each([true, false])(
    'leaves nothing when an object appeared meanwhile (a former run: %s)',
    async (former) => {
      await using s3 = await smallServer();
      await using folder = await temporaryFolder();
      const options = { state: folder.join('state'), noClobber: true };
      if (former) await broken(s3, bytes, 5, options);
      const other = noise(100, 3);
      s3.setFault(async ({ operation }) => {
        if (operation !== 'CompleteMultipartUpload') return undefined;
        s3.setFault(undefined);
        await upload(s3, other);
        return undefined;
      });
      expect(await upload(s3, bytes, options)).toMatchObject({ outcome: 'check' });
      expect(other.equals(await s3.body(bucket, 'key'))).toBe(true);
      expect(s3.uploads()).toEqual([]);
      expect(await folder.list()).toEqual([]);
    },
  );
});
