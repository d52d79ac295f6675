import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';

import { UploadPartCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  bucket,
  clientOf,
  fetchTo,
  memoryModel,
  noise,
  PART,
  partsSent,
  smallServer,
  stopAt,
  type MemoryModel,
  type SendingOptions,
} from '../helpers/sending.ts';
import { temporaryFolder, type TemporaryFolder } from '../helpers/tmp.ts';
import type { S3Server } from '../servers/s3/server.ts';

/** A bundle of ten parts: the first two files end within the fourth. */
const tiny = () => memoryModel({ 'a.json': 100, 'b.dat': 3 * PART, 'c.dat': 6 * PART });

/** The bundle as it should be. */
const whole = (async () => {
  await using s3 = await smallServer();
  await fetchTo(s3, tiny());
  return await s3.body(bucket, 'key');
})();

/** A run that leaves six parts; its journal says that the files in the first three are right. */
async function broken(s3: S3Server, model: MemoryModel, options: SendingOptions): Promise<void> {
  s3.setFault(stopAt(7));
  expect(await fetchTo(s3, model, { jobs: 1, ...options })).toMatchObject({ outcome: 'refused' });
  s3.setFault(undefined);
  s3.log.length = 0;
}

async function journalIn(folder: TemporaryFolder): Promise<string> {
  const names = await readdir(folder.join('state/uploads'));
  return folder.join(
    'state/uploads',
    names.find((name) => name.endsWith('.jsonl'))!,
  );
}

async function expectRight(s3: S3Server, key = 'key'): Promise<void> {
  expect((await whole).equals(await s3.body(bucket, key))).toBe(true);
  expect(s3.uploads()).toEqual([]);
}

describe.concurrent('fetching to S3 is gone on with', () => {
  it('here: what was verified is neither downloaded nor sent again', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    const model = tiny();
    await broken(s3, model, { state });
    const before = model.downloaded();
    const { result, notes } = await fetchTo(s3, model, { state });
    expect(result?.transfer.reused).toBe(3 * PART);
    const { length } = await whole;
    expect(model.downloaded() - before).toBeLessThanOrEqual(length - 3 * PART);
    expect(partsSent(s3)).toEqual([7, 8, 9, 10]);
    expect(notes).toContain('in S3 already: 6 parts of 10');
    await expectRight(s3);
    expect(await folder.list()).toEqual([]);
  });

  it('elsewhere: everything is downloaded again, and only what is missing is sent', async () => {
    await using s3 = await smallServer();
    const model = tiny();
    await broken(s3, model, {});
    const before = model.downloaded();
    const { result } = await fetchTo(s3, model);
    expect(result?.transfer.reused).toBe(0);
    const files = model.files.reduce((sum, { size }) => sum + size, 0);
    expect(model.downloaded() - before).toBeGreaterThanOrEqual(files);
    expect(partsSent(s3)).toEqual([7, 8, 9, 10]);
    await expectRight(s3);
  });

  it('several times, and each time less is left', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const options = { state: folder.join('state'), jobs: 1 };
    const model = tiny();
    for (const stop of [3, 6, 8]) {
      s3.setFault(stopAt(stop));
      expect(await fetchTo(s3, model, options)).toMatchObject({ outcome: 'refused' });
    }
    s3.setFault(undefined);
    s3.log.length = 0;
    expect(await fetchTo(s3, model, options)).toMatchObject({ result: { transfer: { reused: 3 * PART } } });
    expect(partsSent(s3)).toEqual([8, 9, 10]);
    await expectRight(s3);
  });

  it('but not with the upload of another revision, which is removed', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await broken(s3, { ...tiny(), revision: '2'.repeat(40) }, { state });
    const { result, notes } = await fetchTo(s3, tiny(), { state });
    expect(result?.transfer.reused).toBe(0);
    expect(notes).toEqual([expect.stringMatching(/^removed an unfinished upload/)]);
    await expectRight(s3);
  });

  it('after a file was damaged on its way: the object is right or is not there', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    const model = tiny();
    // Part 5 is sent, and the run ends before the hash of its file is known.
    model.onRead = (path, start, into) => void (path === 'c.dat' && start < 2 * PART && (into[0]! ^= 1));
    await broken(s3, model, { state });
    expect(await fetchTo(s3, model, { state })).toMatchObject({ outcome: 'integrity' });
    expect(s3.keysOf(bucket)).toEqual([]);
    expect(s3.uploads()).toEqual([]);
    expect(await folder.list()).toEqual([]);
    await broken(s3, model, { state });
    model.onRead = undefined;
    expect(await fetchTo(s3, model, { state })).toMatchObject({ outcome: 'done' });
    await expectRight(s3);
  });

  it('after somebody replaced a part that was verified: it is sent again', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await broken(s3, tiny(), { state });
    const [{ uploadId: UploadId } = { uploadId: '' }] = s3.uploads();
    const part = { Bucket: bucket, Key: 'key', UploadId, PartNumber: 2, Body: noise(PART, 9) };
    await clientOf(s3).send(new UploadPartCommand({ ...part, ChecksumAlgorithm: 'CRC32' }));
    s3.log.length = 0;
    expect(await fetchTo(s3, tiny(), { state })).toMatchObject({ result: { transfer: { reused: PART } } });
    expect(partsSent(s3)).toEqual([2, 7, 8, 9, 10]);
    await expectRight(s3);
  });

  it('not at all once the object is there: what a killed run left is removed', async () => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    const stop = new AbortController();
    s3.setFault(({ operation }) => {
      if (operation !== 'CompleteMultipartUpload') return undefined;
      setTimeout(() => stop.abort(new Error('killed')), 50);
      return { loseResponse: true };
    });
    await fetchTo(s3, tiny(), { state, run: { signal: stop.signal } });
    s3.setFault(undefined);
    expect(await folder.list()).toEqual(['state']);
    expect(await fetchTo(s3, tiny(), { state })).toMatchObject({ result: { skipped: true } });
    await expectRight(s3);
    expect(await folder.list()).toEqual([]);
  });
});

type Line = Record<string, unknown>;
type Lie = (text: string, lines: Line[]) => string;

function written(lines: readonly Line[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** The journal with one field of every part changed. */
function changed(what: string, value: unknown): Lie {
  return (_, lines) =>
    written(
      lines.map((line) => (line['part'] ? { part: { ...(line['part'] as Line), [what]: value } } : line)),
    );
}

function headed(what: Line): Lie {
  return (_, [head, ...lines]) => written([{ ...head, ...what }, ...lines]);
}

const lies: Record<string, Lie> = {
  'is empty': () => '',
  'is garbage': () => noise(500).toString('latin1'),
  'is of another program': () => '{"journal":2,"uploads":[]}\n',
  'is one endless line': () => 'x'.repeat(3_000_000),
  'has no end': (text) => text.slice(0, -20),
  'is torn in its head': (text) => text.slice(0, 30),
  'has a torn line in the middle': (text) => text.replace('"number":3', '"num'),
  'has lines that are no objects': (text) => `${text}null\n[]\n5\n"verified"\n{"part":null}\n{"part":{}}\n`,
  'is written twice': (text) => text + text,
  'is reversed': (_, lines) => written(lines.toReversed()),
  'has other checksums': changed('crc32', 1),
  'has other ETags': changed('etag', '"0123"'),
  'has other lengths': changed('length', PART - 1),
  'has an MD5 that is none': changed('md5', 'zz'),
  'has the same number for all parts': changed('number', 2),
  'says that more was verified': (text) => `${text}{"verified":9007199254740991}\n`,
  'says that a part is there that is not': (text) =>
    `${text}{"part":{"number":7,"length":${PART},"crc32":1,"etag":"\\"x\\""}}\n{"verified":900000}\n`,
  'is of another bundle': headed({ id: '0'.repeat(64) }),
  'is of parts of another size': headed({ partSize: PART / 2 }),
  'is of other attributes': headed({ attributes: 'none' }),
  'names an upload that is not there': headed({ uploadId: 'nowhere' }),
  'names an upload that is no name': headed({ uploadId: '?partNumber=1&x=\u0000/../é"<>' }),
  'names an upload without a name': headed({ uploadId: '' }),
  'names no upload': headed({ uploadId: undefined }),
  'was begun in another age': headed({ uploadId: undefined, begun: 0 }),
};

describe.concurrent('a journal never leads to a wrong object', () => {
  it.each(Object.keys(lies))('when it %s', async (name) => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await broken(s3, tiny(), { state });
    const path = await journalIn(folder);
    const text = await readFile(path, 'utf8');
    const lines = text.split('\n').slice(0, -1);
    await writeFile(
      path,
      lies[name]!(
        text,
        lines.map((line) => JSON.parse(line) as Line),
      ),
    );
    expect(await fetchTo(s3, tiny(), { state })).toMatchObject({ outcome: 'done' });
    await expectRight(s3);
    expect(await folder.list()).toEqual([]);
  });

  it.each([
    ['a folder in its place', (path: string) => mkdir(path)],
    ['a folder that is not empty in its place', (path: string) => mkdir(`${path}/x`, { recursive: true })],
    ['a folder where the new one is written', (path: string) => mkdir(`${path}.new`)],
    ['a folder in the place of its lock', (path: string) => mkdir(`${path}.lock`)],
    ['a file in the place of its folder', (path: string) => replaceFolder(path)],
  ])('when there is %s', async (_, put) => {
    await using s3 = await smallServer();
    await using folder = await temporaryFolder();
    const state = folder.join('state');
    await broken(s3, tiny(), { state });
    const path = await journalIn(folder);
    await rm(path);
    await put(path);
    expect(await fetchTo(s3, tiny(), { state })).toMatchObject({ outcome: 'done', message: '' });
    expect(partsSent(s3)).toEqual([7, 8, 9, 10]);
    await expectRight(s3);
  });

  it.each(['/dev/null/state', '/sys/modelpack'])('when it cannot be written (%s)', async (state) => {
    await using s3 = await smallServer();
    await broken(s3, tiny(), { state });
    const { outcome, notes } = await fetchTo(s3, tiny(), { state });
    expect({ outcome, notes }).toEqual({ outcome: 'done', notes: ['in S3 already: 6 parts of 10'] });
    await expectRight(s3);
  });

  const edit = fc.record({
    /** Of the text, from 0 to 1. */
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.nat(40),
    insert: fc.oneof(
      fc.string({ maxLength: 10 }),
      fc.nat().map(String),
      fc.constantFrom('\n', '"', '}', '{"verified":123456}\n', '-', '0', '1e9', 'null'),
    ),
  });

  it('whatever is changed in it', async () => {
    await using s3 = await smallServer();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.boolean(), async (edits, md5) => {
        await using folder = await temporaryFolder();
        const state = folder.join('state');
        const key = `key-${runs++}`;
        const options = { state, key, checksums: !md5 };
        await broken(s3, tiny(), options);
        const path = await journalIn(folder);
        let text = await readFile(path, 'utf8');
        for (const { at, remove, insert } of edits) {
          const from = Math.floor(at * text.length);
          text = text.slice(0, from) + insert + text.slice(from + remove);
        }
        await writeFile(path, text);
        expect(await fetchTo(s3, tiny(), options)).toMatchObject({ outcome: 'done', message: '' });
        await expectRight(s3, key);
      }),
      { numRuns: 20 },
    );
  });
});

async function replaceFolder(path: string): Promise<void> {
  const folder = path.replace(/\/[^/]+$/, '');
  await rm(folder, { recursive: true });
  await writeFile(folder, '');
}
