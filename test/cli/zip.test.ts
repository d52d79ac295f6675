import { describe, expect, test } from 'vitest';

import type { SizeReport } from '../../src/budget/report.ts';
import type { FetchResult } from '../../src/verbs/fetch.ts';
import { membersOf } from '../helpers/bundle.ts';
import { hash, noise, openWebBench, requestsOf, type WebBench } from '../helpers/web-bench.ts';
import { zipOf, type ZipEntry } from '../helpers/zip.ts';
import type { WebFile } from '../servers/web/server.ts';

const MiB = 1024 ** 2;
/** As weights are: it hardly shrinks. */
const data = Buffer.concat([noise(3 * MiB), Buffer.alloc(MiB)]);
const name = 'tiny.pth';

async function open(zip: Buffer, file: Partial<WebFile> = {}, row: object = {}): Promise<WebBench> {
  const bench = await openWebBench({ '/z/tiny.zip': { body: zip, ...file } });
  await bench.catalog([
    {
      name: 'tiny',
      files: [{ path: name, url: '/z/tiny.zip', member: name, md5: hash(data, 'md5'), ...row }],
    },
  ]);
  return bench;
}

async function expectWhole(bench: WebBench): Promise<void> {
  expect((await membersOf(bench.folder.join('m.tar'))).get(`zoo/${name}`)?.equals(data)).toBe(true);
}

describe.concurrent('a member of a zip', () => {
  test.each([8, 0])('of method %i becomes a file of the bundle, and is downloaded once', async (method) => {
    const zip = zipOf([
      { name: 'README', data: Buffer.from('hello') },
      { name, data, method },
    ]);
    await using bench = await open(zip);
    const run = await bench.run(['fetch', 'zoo:tiny', '-o', 'm.tar', '--part-size', '1MiB', '--json']);
    const { transfer } = run.json<FetchResult>();
    expect(transfer.downloaded).toBeLessThan(zip.length + 0.3 * MiB);
    await expectWhole(bench);
  });

  test('is measured by the directory of the zip alone', async () => {
    await using bench = await open(zipOf([{ name, data }]));
    const report = (await bench.run(['size-check', 'zoo:tiny', '--json'])).json<SizeReport>();
    expect(report).toMatchObject({
      size: data.length,
      largest: [{ path: `zoo/${name}`, size: data.length }],
    });
    expect(requestsOf(bench.web).map((line) => line.replace(/\d+-\d+/, '…'))).toEqual([
      'HEAD /z/tiny.zip',
      'GET /z/tiny.zip …',
    ]);
    expect(bench.web.log[1]?.bytes).toBeLessThan(70_000);
  });

  test('is read in parts, each from the place before, when nothing can keep it', async () => {
    // 32 MiB are kept in memory; these are more.
    const large = Buffer.concat([noise(2 * MiB), Buffer.alloc(33 * MiB)]);
    await using bench = await open(zipOf([{ name, data: large }]), {}, { md5: hash(large, 'md5') });
    const args = ['fetch', 'zoo:tiny', '-o', 'm.tar', '--part-size', '1MiB', '--jobs', '6'];
    const run = await bench.run(args, { env: { TMPDIR: bench.folder.join('nowhere') } });
    expect(run.code, run.stderr).toBe(0);
    expect((await membersOf(bench.folder.join('m.tar'))).get(`zoo/${name}`)?.equals(large)).toBe(true);
    const sent = bench.web.log.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(sent).toBeLessThan(3 * 2.3 * MiB); // for its hash, for what it imports, and once more
  });

  test('goes on where the connection was cut', async () => {
    await using bench = await open(zipOf([{ name, data }]));
    let cut = false;
    bench.web.fault(({ range }) => {
      const [start = 0, last = 0] = range?.match(/\d+/g)?.map(Number) ?? [];
      if (cut || last - start < MiB) return undefined;
      cut = true;
      return { kind: 'cut', after: MiB };
    });
    const run = await bench.run(['fetch', 'zoo:tiny', '-o', 'm.tar']);
    expect(run.code, run.stderr).toBe(0);
    expect(cut).toBe(true);
    await expectWhole(bench);
  });

  test('is known again by its md5: nothing is downloaded for the same bundle, little for a larger one', async () => {
    await using bench = await open(zipOf([{ name, data }]));
    await bench.run(['fetch', 'zoo:tiny', '-o', 'm.tar']);
    bench.web.log.length = 0;
    const again = await bench.run(['fetch', 'zoo:tiny', '-o', 'm.tar', '--json']);
    expect(again.json<FetchResult>()).toMatchObject({ skipped: true });
    await bench.folder.write('own.pkl', 'own');
    const more = await bench.run(['fetch', 'zoo:tiny', './own.pkl', '-o', 'm.tar', '--json']);
    expect(more.json<FetchResult>()).toMatchObject({ skipped: false, files: 2 });
    for (const { bytes } of bench.web.log) expect(bytes).toBeLessThan(70_000);
    await expectWhole(bench);
  });
});

describe.concurrent('a zip is refused', () => {
  const good: ZipEntry = { name, data };
  const zip = zipOf([good]);
  interface Refusal {
    readonly when: string;
    readonly body: Buffer;
    readonly file?: Partial<WebFile>;
    readonly row?: object;
    readonly code?: number;
    readonly message: RegExp;
  }
  const small = Buffer.from('small');
  const cases: Refusal[] = [
    { when: 'it is none', body: data, message: /Not a zip file|End of central directory/i },
    { when: 'it is empty', body: Buffer.alloc(0), message: /cannot be used/ },
    { when: 'its end is missing', body: zip.subarray(0, -100), message: /cannot be used/ },
    { when: 'its beginning is missing', body: zip.subarray(1000), message: /cannot be used/ },
    {
      when: 'it lacks the member',
      body: zipOf([{ ...good, name: 'other.pth' }]),
      message: /it has no "tiny\.pth"/,
    },
    {
      when: 'it has the member twice',
      body: zipOf([good, good]),
      message: /it has more than one "tiny\.pth"/,
    },
    {
      when: 'a name leads out',
      body: zipOf([good, { name: `../${name}`, data: small }]),
      message: /\.\.\/tiny\.pth/,
    },
    { when: 'a name is absolute', body: zipOf([good, { name: '/etc/x', data: small }]), message: /\/etc\/x/ },
    { when: 'a name is of Windows', body: zipOf([good, { name: 'C:\\x', data: small }]), message: /C:\\x/ },
    { when: 'a name has a backslash', body: zipOf([good, { name: 'a\\..\\b', data: small }]), message: /\\/ },
    {
      when: 'the member is encrypted',
      body: zipOf([{ ...good, flags: 1 }]),
      message: /"tiny\.pth" is encrypted/,
    },
    { when: 'its method is unknown', body: zipOf([{ ...good, method: 12 }]), message: /by method 12/ },
    {
      when: 'it promises more than a model has',
      body: zipOf([{ ...good, size: 0xf0000000 }]),
      message: /would have 3\.8 GB, more than the limit of 2 GB/,
    },
    {
      when: 'it promises more than deflate can do',
      body: zipOf([{ name, data: Buffer.alloc(MiB), size: 100 * MiB }]),
      message: /cannot have 100 MB out of 1 KB/,
    },
    {
      when: 'it holds more than it promises: a bomb',
      body: zipOf([{ name, data: Buffer.alloc(50 * MiB), size: 1000 }]),
      message: /has md5 /,
    },
    {
      when: 'it holds less than it promises',
      body: zipOf([{ ...good, size: data.length + 1 }]),
      message: /ends at byte/,
    },
    {
      when: 'its size is not that of the catalog',
      body: zip,
      row: { size: data.length + 1 },
      message: /has 4194304 bytes, expected 4194305/,
    },
    {
      when: 'the md5 is another',
      body: zipOf([{ name, data: noise(100) }]),
      message: /zoo\/tiny\.pth has md5 .*expected/,
    },
    { when: 'its data are damaged', body: damaged(zip, 5000), message: /cannot be used|has md5/ },
    { when: 'the member begins beyond the end', body: displaced(zip), message: /cannot be used/ },
    {
      when: 'its server has no ranges',
      body: zip,
      file: { ranges: false },
      code: 2,
      message: /serves no ranges/,
    },
  ];

  test.each(cases)('when $when', async ({ body, file, row, code = 7, message }) => {
    await using bench = await open(body, file, row);
    const run = await bench.run(['fetch', 'zoo:tiny', '-o', 'm.tar']);
    expect(run).toMatchObject({ code, stdout: '' });
    expect(run.stderr).toMatch(message);
    expect(run.stderr).toMatch(/^hint: /m);
    expect(await bench.folder.list()).toEqual([]);
    expect(await bench.temporary.list()).toEqual([]);
  });
});

function damaged(zip: Buffer, at: number): Buffer {
  const copy = Buffer.from(zip);
  copy.fill(0xff, at, at + 1000);
  return copy;
}

/** The directory says that the member's header is where nothing is. */
function displaced(zip: Buffer): Buffer {
  const copy = Buffer.from(zip);
  const entry = copy.lastIndexOf(Buffer.from('504b0102', 'hex'));
  copy.writeUInt32LE(zip.length - 10, entry + 42);
  return copy;
}
