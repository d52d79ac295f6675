import { describe, expect, test } from 'vitest';

import type { SizeReport } from '../../src/budget/report.ts';
import type { FetchResult } from '../../src/verbs/fetch.ts';
import type { InspectResult } from '../../src/verbs/inspect.ts';
import { filesIn, membersOf } from '../helpers/bundle.ts';
import { hash, noise, openWebBench, requestsOf, type WebBench } from '../helpers/web-bench.ts';
import type { WebFile } from '../servers/web/server.ts';

const MiB = 1024 ** 2;
const body = noise(5 * MiB);

async function open(file: Partial<WebFile> = {}): Promise<WebBench> {
  return openWebBench({ '/m/x.dat': { body, ...file } });
}

/** The address of the file, with its hash unless told. */
function address({ web }: WebBench, suffix = `#sha256=${hash(body)}`): string {
  return `${web.origin}/m/x.dat${suffix}`;
}

async function expectWhole(bench: WebBench, output = 'm.tar'): Promise<void> {
  const members = await membersOf(bench.folder.join(output));
  expect(members.get('x.dat/x.dat')?.equals(body)).toBe(true);
}

const inParts = ['--part-size', '1MiB', '--jobs', '4'];

describe.concurrent('a file on the web', () => {
  test('with its hash is asked for its size, and then for its ranges', async () => {
    await using bench = await open();
    const run = await bench.run(['fetch', address(bench), '-o', 'm.tar', '--part-size', '8MiB', '--json']);
    expect(run.json<FetchResult>()).toMatchObject({
      files: 1,
      models: [{ name: 'x.dat', source: `${bench.web.origin}/m/x.dat`, revision: null }],
      transfer: { downloaded: body.length },
    });
    expect(requestsOf(bench.web)).toEqual(['HEAD /m/x.dat', `GET /m/x.dat 0-${body.length - 1}`]);
    await expectWhole(bench);
  });

  test('is known again by its hash: a second run only asks for its size', async () => {
    await using bench = await open();
    await bench.run(['fetch', address(bench), '-o', 'm.tar']);
    bench.web.log.length = 0;
    const again = await bench.run(['fetch', address(bench), '-o', 'm.tar', '--json']);
    expect(again.json<FetchResult>().skipped).toBe(true);
    expect(requestsOf(bench.web)).toEqual(['HEAD /m/x.dat']);
  });

  test('is checked in size-check by one HEAD', async () => {
    await using bench = await open();
    const report = (await bench.run(['size-check', address(bench, ''), '--json'])).json<SizeReport>();
    expect(report).toMatchObject({ size: body.length, largest: [{ path: 'x.dat/x.dat' }] });
    expect(requestsOf(bench.web)).toEqual(['HEAD /m/x.dat']);
  });

  test('may have another name in the bundle', async () => {
    await using bench = await open();
    await bench.run(['fetch', `vision=${address(bench)}`, '-o', 'm.tar']);
    expect(await filesIn(bench.folder.join('m.tar'))).toEqual(['vision/x.dat']);
  });

  test('may be empty', async () => {
    await using bench = await openWebBench({ '/none': Buffer.alloc(0) });
    const run = await bench.run(['fetch', `${bench.web.origin}/none`, '-o', 'm.tar']);
    expect(run.code, run.stderr).toBe(0);
    expect(await filesIn(bench.folder.join('m.tar'))).toEqual(['none/none']);
  });

  test.each([403, 405, 501])(
    'is found where HEAD is answered with %i, as signed addresses do',
    async (head) => {
      await using bench = await open({ head });
      const run = await bench.run(['fetch', address(bench), '-o', 'm.tar', '--part-size', '8MiB']);
      expect(run.code, run.stderr).toBe(0);
      expect(requestsOf(bench.web).slice(0, 2)).toEqual(['HEAD /m/x.dat', 'GET /m/x.dat 0-0']);
      await expectWhole(bench);
    },
  );

  test.each<[string, Partial<WebFile>]>([
    ['that is weak in answers to HEAD', { etag: '"a"', headEtag: 'W/"a"' }],
    [
      'in answers to HEAD alone, and a date in all',
      { etag: null, headEtag: '"a"', modified: 'Mon, 01 Jan 2024 00:00:00 GMT' },
    ],
  ])('may have a tag %s', async (_, file) => {
    await using bench = await open(file);
    const run = await bench.run(['fetch', address(bench), '-o', 'm.tar', ...inParts]);
    expect(run.code, run.stderr).toBe(0);
    await expectWhole(bench);
  });

  test('goes on where the connection was cut', async () => {
    await using bench = await open();
    bench.web.fault(({ method }, before) =>
      method === 'GET' && before.length === 1 ? { kind: 'cut', after: 1 * MiB } : undefined,
    );
    const run = await bench.run(['fetch', address(bench), '-o', 'm.tar', '--part-size', '8MiB']);
    expect(run.code, run.stderr).toBe(0);
    expect(requestsOf(bench.web)[2]).toMatch(/^GET \/m\/x\.dat [1-9]\d*-/);
    await expectWhole(bench);
  });

  test('is asked for again where its signed address has expired', async () => {
    await using bench = await open();
    let issued = 0;
    bench.web.fault(({ path }, before) => {
      if (path === '/signed-up')
        return { kind: 'redirect', to: `${bench.web.other}/m/x.dat?sig=${++issued}` };
      const used = before.filter((each) => each.method === 'GET' && each.path === path).length;
      return path.includes('sig=') && used >= 2 ? { kind: 'status', status: 403 } : undefined;
    });
    const source = `${bench.web.origin}/signed-up#sha256=${hash(body)}`;
    const run = await bench.run(['fetch', source, '-o', 'm.tar', '--jobs', '1', '--part-size', '1MiB']);
    expect(run.code, run.stderr).toBe(0);
    expect(issued).toBe(3); // for two parts each
    expect((await membersOf(bench.folder.join('m.tar'))).get('signed-up/signed-up')?.equals(body)).toBe(true);
  });
});

describe.concurrent('a file on the web without a hash', () => {
  test('is downloaded once, and its hash is told', async () => {
    await using bench = await open();
    const run = await bench.run(['fetch', address(bench, ''), '-o', 'm.tar', '--json', ...inParts]);
    expect(run.json<FetchResult>().transfer.downloaded).toBe(body.length);
    expect(run.stderr).toContain(`because nothing gave its sha256; it is ${hash(body)}`);
    await expectWhole(bench);
  });

  const large = noise(34 * MiB);
  test.each(['has room', 'cannot be written'])(
    'and larger than memory is kept in a temporary file, if the folder for these %s',
    async (state) => {
      await using bench = await openWebBench({ '/large.dat': large });
      const env = state === 'has room' ? {} : { TMPDIR: bench.folder.join('nowhere') };
      const args = ['fetch', `${bench.web.origin}/large.dat`, '-o', 'm.tar', '--json'];
      const run = await bench.run(args, { env });
      const { transfer, sha256 } = run.json<FetchResult>();
      expect(transfer.downloaded).toBe(large.length * (state === 'has room' ? 1 : 2));
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(await bench.temporary.list()).toEqual([]);
      const members = await membersOf(bench.folder.join('m.tar'));
      expect(members.get('large.dat/large.dat')?.equals(large)).toBe(true);
    },
  );

  test('and large is not downloaded for a dry run, which then knows no id', async () => {
    await using bench = await openWebBench({ '/large.dat': large });
    const args = ['fetch', `${bench.web.origin}/large.dat`, '-o', 's3://bucket/{id}.tar', '--dry-run'];
    const env = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'xxxx', AWS_REGION: 'eu-west-1' };
    const dry = (await bench.run([...args, '--json'], { env })).json<FetchResult>();
    expect(dry).toMatchObject({ id: null, location: 's3://bucket/{id}.tar', files: 1 });
    expect(requestsOf(bench.web)).toEqual(['HEAD /large.dat']);
    const text = await bench.run(args, { env });
    expect(text.stdout).toContain('id known when everything has been read');
    const real = await bench.run(['fetch', `${bench.web.origin}/large.dat`, '-o', 'm.tar', '--json']);
    expect(real.json<FetchResult>().size).toBe(dry.size);
  });
});

describe.concurrent('a server without ranges', () => {
  test.each([['with a hash'], ['without a hash']])('is read in order: a file %s', async (which) => {
    await using bench = await open({ ranges: false });
    const suffix = which === 'with a hash' ? undefined : '';
    const run = await bench.run(['fetch', address(bench, suffix), '-o', 'm.tar', ...inParts]);
    expect(run.code, run.stderr).toBe(0);
    await expectWhole(bench);
    const passes = bench.web.log.filter(({ method, range }) => method === 'GET' && range === undefined);
    expect(passes.length).toBe(which === 'with a hash' ? 1 : 0); // in memory it came as a whole
  });

  test('is read again from the start after a cut', async () => {
    await using bench = await open({ ranges: false });
    let cuts = 0;
    bench.web.fault(({ method, range }) =>
      method === 'GET' && range === undefined && cuts++ === 0 ? { kind: 'cut', after: 2.5 * MiB } : undefined,
    );
    const run = await bench.run(['fetch', address(bench), '-o', 'm.tar', ...inParts]);
    expect(run.code, run.stderr).toBe(0);
    expect(cuts).toBe(2);
    await expectWhole(bench);
  });

  test('and without a length is refused, since the bundle must be laid out', async () => {
    await using bench = await open({ ranges: false, length: false });
    const run = await bench.run(['fetch', address(bench), '-o', 'm.tar']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/does not say how large/);
    expect(await bench.folder.list()).toEqual([]);
  });
});

describe.concurrent('a file on the web that changes', () => {
  const other = noise(body.length);

  const slowly = ['--jobs', '1', '--part-size', '1MiB'];

  test.each<[by: string, first: Partial<WebFile>, next: Partial<WebFile>]>([
    ['its tag', {}, { etag: '"new"' }],
    [
      'its date',
      { etag: null, modified: 'Mon, 01 Jan 2024 00:00:00 GMT' },
      { etag: null, modified: 'Tue, 02 Jan 2024 00:00:00 GMT' },
    ],
    ['its size', { etag: null }, { etag: null, body: other.subarray(1) }],
    ['its tag, on a server without ranges', { ranges: false }, { ranges: false, etag: '"new"' }],
  ])('is an error by %s, and nothing is left', async (_, first, next) => {
    await using bench = await open(first);
    bench.web.fault(({ method, range }, before) => {
      // After two parts; a server without ranges is asked but once, so its connection is cut.
      if (method === 'GET' && range === undefined && before.length < 3) return { kind: 'cut', after: MiB };
      return before.length === 3
        ? { kind: 'run', run: () => bench.web.put('/m/x.dat', { body: other, ...next }) }
        : undefined;
    });
    const run = await bench.run(['fetch', address(bench), '-o', 'm.tar', ...slowly]);
    expect(run).toMatchObject({ code: 7, stdout: '' });
    expect(run.stderr).toMatch(/was replaced on its server while it was read/);
    expect(await bench.folder.list()).toEqual([]);
  });

  test('without a tag is an error by its hash', async () => {
    await using bench = await open({ etag: null });
    bench.web.fault((_, before) =>
      before.length === 3
        ? { kind: 'run', run: () => bench.web.put('/m/x.dat', { body: other, etag: null }) }
        : undefined,
    );
    const run = await bench.run([
      'fetch',
      address(bench),
      '-o',
      'm.tar',
      '--jobs',
      '1',
      '--part-size',
      '1MiB',
    ]);
    expect(run).toMatchObject({ code: 7, stdout: '' });
    expect(run.stderr).toMatch(/x\.dat has sha256 /);
    expect(await bench.folder.list()).toEqual([]);
  });
});

describe.concurrent('redirects', () => {
  test('are followed, and a password stays with its origin', async () => {
    await using bench = await open();
    bench.web.fault(({ path }) =>
      path === '/moved' ? { kind: 'redirect', to: `${bench.web.other}/m/x.dat` } : undefined,
    );
    const source = `${bench.web.origin.replace('//', '//me:hunter2@')}/moved#sha256=${hash(body)}`;
    const run = await bench.run(['fetch', source, '-o', 'm.tar', '--verbose']);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr + run.stdout).not.toContain('hunter2');
    for (const { path, authorization } of bench.web.log) {
      expect(authorization !== undefined, path).toBe(path === '/moved');
    }
  });

  test.each<[string, (bench: WebBench) => string, RegExp]>([
    ['in a circle', ({ web }) => `${web.origin}/m/x.dat`, /redirects \/m\/x\.dat without end/],
    ['to plain http', () => 'http://cdn.invalid/x.dat', /redirects to cdn\.invalid without encryption/],
    ['to what is no web address', () => 'ftp://cdn.invalid/x.dat', /redirects to something that is no web/],
  ])('%s are an error', async (_, to, message) => {
    await using bench = await open();
    bench.web.fault(() => ({ kind: 'redirect', to: to(bench) }));
    const run = await bench.run(['fetch', address(bench, ''), '-o', 'm.tar']);
    expect(run).toMatchObject({ code: 6, stdout: '' });
    expect(run.stderr).toMatch(message);
    expect(bench.web.log.length).toBeLessThanOrEqual(21);
    expect(await bench.folder.list()).toEqual([]);
  });
});

describe.concurrent('what must not be shown', () => {
  const secrets = ['hunter2', 'signature-1234'];

  test.each([
    ['fetch', ['-o', 'm.tar', '--json', '--verbose']],
    ['fetch', ['-o', 'm.tar', '--dry-run', '--json', '--progress', 'json']],
    ['fetch', ['-o', 'm.tar', '--dry-run', '--verbose']],
    ['size-check', ['--json']],
    ['size-check', ['--format', 'markdown']],
    ['size-check', ['--verbose']],
  ])('of an address never leaves %s %j', async (verb, options) => {
    await using bench = await open({ password: 'me:hunter2' });
    const source = `${bench.web.origin.replace('//', '//me:hunter2@')}/m/x.dat?X-Sig=signature-1234`;
    const run = await bench.run([verb, `a=${source}`, source, ...options]);
    expect(run.code, run.stderr).toBe(0);
    for (const secret of secrets) expect(run.stdout + run.stderr).not.toContain(secret);
    expect(bench.web.log[0]?.path).toBe('/m/x.dat?X-Sig=signature-1234');
    if (!(await bench.folder.list()).includes('m.tar')) return;
    const inspected = (await bench.run(['inspect', 'm.tar', '--json'])).json<InspectResult>();
    expect(inspected.models.map((model) => model.source)).toEqual(
      Array(2).fill(`${bench.web.origin}/m/x.dat`),
    );
  });

  test('of an address is not in an error either', async () => {
    await using bench = await open();
    bench.web.fault(() => ({ kind: 'status', status: 403 }));
    const source = `${bench.web.origin.replace('//', '//me:hunter2@')}/m/x.dat?X-Sig='signature-1234'`;
    const run = await bench.run(['fetch', source, '-o', 'm.tar', '--verbose', '--json']);
    expect(run.code).toBe(5);
    for (const secret of secrets) expect(run.stdout + run.stderr).not.toContain(secret);
  });
});

describe.concurrent('a file on the web is refused', () => {
  interface Refusal {
    readonly when: string;
    readonly source?: (origin: string) => string;
    readonly file?: Partial<WebFile>;
    readonly args?: readonly string[];
    readonly status?: number;
    readonly code: number;
    readonly message: RegExp;
  }
  const cases: Refusal[] = [
    {
      when: 'it is not there',
      source: (origin) => `${origin}/gone.dat`,
      code: 4,
      message: /has no .*gone\.dat/,
    },
    { when: 'access is refused', status: 403, code: 5, message: /refuses access to .*x\.dat \(403\)/ },
    {
      when: 'a password is wanted',
      file: { password: 'me:x' },
      code: 5,
      message: /refuses access .*\(401\)/,
    },
    {
      when: 'it is a page',
      file: { type: 'text/html; charset=utf-8' },
      code: 2,
      message: /is a web page, not a file/,
    },
    { when: 'the server is confused', status: 418, code: 6, message: /answered 418/ },
    {
      when: 'its hash is another',
      source: (origin) => `${origin}/m/x.dat#sha256=${'0'.repeat(64)}`,
      code: 7,
      message: /x\.dat\/x\.dat has sha256 .*expected 0000/,
    },
    {
      when: 'its name leads out of the bundle',
      source: (origin) => `${origin}/m/%2e%2e%2fx.dat`,
      code: 7,
      message: /the path "\.\.\/x\.dat" has a/,
    },
    {
      when: 'nothing may be asked for',
      args: ['--offline'],
      code: 4,
      message: /x\.dat is not on this machine/,
    },
    {
      when: 'plain http leads to it and no hash is given',
      source: () => 'http://example.com/x.dat',
      code: 2,
      message: /neither encrypted nor has a known hash/,
    },
  ];

  test.each(cases)(
    'when $when: exit code $code',
    async ({ source, file, args = [], status, code, message }) => {
      await using bench = await open(file);
      bench.web.put('/m/../x.dat', body);
      if (status !== undefined) bench.web.fault(() => ({ kind: 'status', status }));
      const from = source?.(bench.web.origin) ?? `${bench.web.origin}/m/x.dat`;
      const run = await bench.run(['fetch', from, '-o', 'm.tar', ...args]);
      expect(run).toMatchObject({ code, stdout: '' });
      expect(run.stderr).toMatch(message);
      expect(run.stderr).toMatch(/^hint: /m);
      expect(await bench.folder.list()).toEqual([]);
    },
  );
});
