import { buffer } from 'node:stream/consumers';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { open, prefetch, type OpenOptions } from '../../src/runtime/index.ts';
import { bert, loading, own, second, tokenizer, weights, type Loading } from '../helpers/loading.ts';
import { location, noise } from '../helpers/sending.ts';

const MiB = 1024 ** 2;
const bertFiles = [
  'acme/bert/empty',
  'acme/bert/vocab.txt',
  'acme/bert/config.json',
  'acme/bert/tokenizer.json',
  'acme/bert/onnx/model.onnx',
];

afterEach(() => vi.unstubAllEnvs());

/** As `open` without a client finds it: by the variables that the SDK reads. */
function environment({ s3 }: Loading): void {
  vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.endpoint);
  vi.stubEnv('AWS_REGION', 'us-east-1');
}

describe('a bundle in memory', () => {
  it.each<[from: string, location: (bench: Loading) => string]>([
    ['S3', () => location],
    ['a file', ({ file }) => file],
  ])('has every byte of its files, from %s', async (_, at) => {
    await using bench = await loading();
    environment(bench);
    const bundle = await open(at(bench), { log: false, verify: true });
    expect(bundle).toMatchObject({ id: bench.planned.id, size: bench.bytes.length });
    expect(bundle.files()).toEqual(bertFiles.toSpliced(4, 0, 'own/state.bin'));
    expect(bundle.files('acme/bert')).toEqual(bertFiles);
    expect(bundle.models).toEqual(bench.planned.index.models);
    expect(weights.equals(bundle.get('acme/bert/onnx/model.onnx'))).toBe(true);
    expect(second.equals(bundle.get('own/state.bin'))).toBe(true);
    expect(tokenizer.equals(bundle.get('acme/bert/tokenizer.json'))).toBe(true);
    expect(bundle.get('acme/bert/empty')).toHaveLength(0);
    expect(bundle.json('acme/bert/config.json')).toEqual({ model_type: 'bert' });
    expect(bundle.text('acme/bert/vocab.txt')).toBe('größe\n');
    expect(weights.equals(await buffer(bundle.stream('acme/bert/onnx/model.onnx')))).toBe(true);
  });

  it('gives the same memory every time, for a large file one that is its own', async () => {
    await using bench = await loading();
    const bundle = await bench.open();
    const path = 'acme/bert/onnx/model.onnx';
    expect(bundle.get(path).buffer).toBe(bundle.get(path).buffer);
    expect(bundle.get(path).buffer.byteLength).toBe(weights.length);
  });

  it('says what it is asked for in vain', async () => {
    await using bench = await loading();
    const bundle = await bench.open({ only: 'own/' });
    const failures = ['nobody', 'acme/bert/config.json'].map((path) => () => bundle.get(path));
    expect(failures[0]).toThrow(`there is no nobody in ${location}`);
    expect(failures[1]).toThrow(`acme/bert/config.json of ${location} is not in memory`);
    expect(() => bundle.text('own/state.bin')).toThrow('own/state.bin of s3://models/key is no text');
    expect(() => bundle.files('nobody')).toThrow(`there is no model nobody in ${location}`);
    bundle.close();
    expect(bundle.files()).toEqual([]);
    expect(() => bundle.get('own/state.bin')).toThrow('is not in memory');
  });

  it('says that a file is no JSON', async () => {
    await using bench = await loading();
    const bundle = await bench.open({ only: '*.txt' });
    expect(() => bundle.json('acme/bert/vocab.txt')).toThrow(
      'acme/bert/vocab.txt of s3://models/key is no JSON',
    );
  });
});

describe('opening', () => {
  it('asks for the first MiB, and for the rest in aligned ranges of that very object', async () => {
    await using bench = await loading();
    await bench.open();
    const { size } = bench.planned;
    const last = size - 1024 - 1 - ((512 - (weights.length % 512)) % 512);
    expect(bench.ranges()[0]).toBe(`0-${MiB - 1}`);
    expect(bench.ranges().slice(1).toSorted()).toEqual(
      [`${MiB}-${8 * MiB - 1}`, `${8 * MiB}-${16 * MiB - 1}`, `${16 * MiB}-${last}`].toSorted(),
    );
    expect(bench.gets().map(({ headers }) => headers['if-match'])).toEqual([
      undefined,
      ...Array.from({ length: 3 }, () => `"${bench.s3.object('models', 'key')!.etag}"`),
    ]);
  });

  it('is one request where everything is in the first MiB', async () => {
    await using bench = await loading([{ ...own, files: { 'state.bin': tokenizer } }]);
    expect((await bench.open()).stats).toMatchObject({ requests: 1, bytes: bench.bytes.length });
  });

  it('reads an index that is longer than the first MiB', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 7000 }, (_, i) => [`${i}`.padStart(40, 'x'), `${i}`]),
    );
    await using bench = await loading([{ ...own, files }]);
    const bundle = await bench.open();
    expect(bundle.files()).toHaveLength(7000);
    expect(bundle.text(`own/${'6999'.padStart(40, 'x')}`)).toBe('6999');
    expect(bench.ranges()[1]).toMatch(/^1048576-/);
  });

  it('reads nothing of the files that `only` leaves out', async () => {
    await using bench = await loading();
    const bundle = await bench.open({ only: ['own/'] });
    expect(bundle.files()).toEqual(['own/state.bin']);
    expect(second.equals(bundle.get('own/state.bin'))).toBe(true);
    expect(bundle.stats.bytes).toBeLessThan(MiB + second.length);
    await expect(bench.open({ only: 'nobody/' })).rejects.toThrow(
      expect.objectContaining({
        name: 'NotFound',
        message: `no file of ${location} matches nobody/`,
        hint: 'its models are acme/bert, own',
      }),
    );
  });

  it('takes the location from MODELPACK_BUNDLE', async () => {
    await using bench = await loading();
    vi.stubEnv('MODELPACK_BUNDLE', bench.file);
    expect((await open(undefined, { log: false })).location).toBe(bench.file);
    vi.stubEnv('MODELPACK_BUNDLE', '');
    await expect(open()).rejects.toMatchObject({ code: 'usage', message: 'no bundle is named' });
  });

  it('says in one line what it took, and in numbers', async () => {
    await using bench = await loading();
    const before = Date.now();
    const bundle = await bench.open();
    const { stats } = bundle;
    expect(stats).toMatchObject({ requests: 4, retries: 0 });
    expect(stats.opened).toBeGreaterThanOrEqual(before);
    expect(stats.bytes).toBeGreaterThan(weights.length);
    expect(stats.megabytesPerSecond).toBeCloseTo(stats.bytes / MiB / stats.seconds, 0);
    expect(bench.lines).toEqual([
      expect.stringMatching(
        /^modelpack: opened s3:\/\/models\/key: 22\.1 MB in \d+\.\d\d s, \d+ MB\/s, 4 requests, 0 retries$/,
      ),
    ]);
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'classify');
    expect(bundle.metrics()).toMatchObject({
      _aws: {
        Timestamp: stats.opened,
        CloudWatchMetrics: [
          {
            Namespace: 'modelpack',
            Dimensions: [['FunctionName']],
            Metrics: expect.arrayContaining([{ Name: 'Seconds', Unit: 'Seconds' }]),
          },
        ],
      },
      FunctionName: 'classify',
      Bundle: location,
      BundleId: bench.planned.id,
      Bytes: stats.bytes,
      MegabytesPerSecond: stats.megabytesPerSecond,
    });
    const told = vi.spyOn(console, 'info').mockImplementation(() => {});
    await open(bench.file);
    expect(told).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('models.tar: 22.1 MB'));
    await open(bench.file, { log: false });
    expect(told).toHaveBeenCalledTimes(1);
    told.mockRestore();
  });

  it('goes to the server and region that it is told', async () => {
    await using bench = await loading([own]);
    const there = {
      endpointUrl: bench.s3.endpoint,
      region: 'us-east-1',
      log: false,
      connections: 2,
    } as const;
    expect((await open(location, there)).files()).toEqual(['own/state.bin']);
    await expect(open(location, { ...there, connections: 0 })).rejects.toMatchObject({
      code: 'usage',
      message: 'connections: 0 is no number from 1 to 256',
    });
  });

  it.each<[location: string, message: string]>([
    ['s3://models', 's3://models/ names no object'],
    ['s3://m/key', '"s3://m/key" is no S3 address'],
  ])('says that %s is no object', async (wrong, message) => {
    await expect(open(wrong)).rejects.toMatchObject({ code: 'usage', message });
  });

  it('says that there is no region', async () => {
    await using bench = await loading([own]);
    vi.stubEnv('AWS_REGION', undefined);
    vi.stubEnv('AWS_CONFIG_FILE', bench.folder.join('nobody'));
    await expect(open(location, { endpointUrl: bench.s3.endpoint })).rejects.toMatchObject({
      code: 'usage',
      message: 'no AWS region is set',
      hint: expect.stringContaining('open(location, { region, endpointUrl })'),
    });
  });

  it('stops when it is told to', async () => {
    await using bench = await loading();
    const stop = new AbortController();
    bench.s3.setFault(({ range }) => {
      if (range?.startsWith('bytes=0-') === false) stop.abort(new Error('enough'));
      return undefined;
    });
    await expect(bench.open({ signal: stop.signal })).rejects.toThrow('enough');
    await expect(open(bench.file, { signal: stop.signal })).rejects.toThrow('enough');
  });
});

describe('prefetching', () => {
  it('is waited for by every open of the same location, until the bundle is closed', async () => {
    await using bench = await loading();
    environment(bench);
    prefetch(location, { log: false, only: 'own/' });
    prefetch(location, { log: false });
    const [first, again] = await Promise.all([open(location), open(location, { only: ['own/'] })]);
    expect(again).toBe(first);
    expect(await open(location)).toBe(first);
    expect(bench.gets()).toHaveLength(first.stats.requests);
    await expect(open(location, { verify: true })).rejects.toMatchObject({
      code: 'usage',
      message: `${location} was prefetched with other options`,
    });
    first.close();
    prefetch(location, { log: false });
    first.close();
    const reopened = await open(location);
    expect(await open(location)).toBe(reopened);
    expect(reopened.files()).toHaveLength(6);
    expect(bench.gets().length).toBeGreaterThan(first.stats.requests);
    reopened.close();
  });

  it('fails where it is waited for, and is tried anew after that', async () => {
    await using bench = await loading();
    environment(bench);
    bench.s3.setFault(() => ({ status: 403, code: 'AccessDenied' }));
    prefetch(location, { log: false });
    await expect(open(location)).rejects.toMatchObject({ name: 'AccessDenied' });
    bench.s3.setFault(undefined);
    expect((await open(location, { log: false })).files()).toHaveLength(6);
  });
});

/** Only of the ranges after the first MiB. */
function later(fault: object) {
  return ({ operation, range }: { operation: string; range?: string }) =>
    operation === 'GetObject' && range?.startsWith('bytes=0-') === false ? fault : undefined;
}

describe('a fault', () => {
  it('of the network costs what was not there yet', async () => {
    await using bench = await loading();
    let cut = false;
    bench.s3.setFault(({ range }) => {
      if (cut || range?.startsWith(`bytes=${8 * MiB}-`) !== true) return undefined;
      cut = true;
      return { cutResponseAfter: 3 * MiB };
    });
    const bundle = await bench.open({ verify: true });
    expect(weights.equals(bundle.get('acme/bert/onnx/model.onnx'))).toBe(true);
    expect(bundle.stats).toMatchObject({ requests: 5, retries: 1 });
    const again = bench.ranges().filter((range) => range.endsWith(`-${16 * MiB - 1}`));
    expect(again[0]).toBe(`${8 * MiB}-${16 * MiB - 1}`);
    expect(Number(again[1]?.split('-')[0])).toBeGreaterThan(8 * MiB);
  });

  it('that passes is waited for: 503', async () => {
    await using bench = await loading();
    let refused = 0;
    bench.s3.setFault(() =>
      ++refused <= 3 ? { status: 503, code: 'SlowDown', headers: { 'retry-after': '0' } } : undefined,
    );
    const bundle = await bench.open({ verify: true });
    expect(bundle.stats).toMatchObject({ retries: 3, requests: 7 });
  });

  it('that does not pass is a NetworkError', async () => {
    await using bench = await loading();
    bench.s3.setFault(later({ status: 503, code: 'SlowDown', headers: { 'retry-after': '0' } }));
    await expect(bench.open()).rejects.toMatchObject({
      name: 'NetworkError',
      code: 'network',
      message: `reading ${location}: S3 answered SlowDown; gave up after 6 attempts`,
    });
  });

  it.each<[what: string, fault: object | undefined]>([
    ['a server that honours If-Match', undefined],
    ['one that does not', { ignoreConditions: true }],
  ])('where the object is replaced during the read, on %s', async (_, fault) => {
    await using bench = await loading();
    const other = noise(bench.bytes.length, 9);
    let replaced: Promise<void> | undefined;
    bench.s3.setFault(async (request) => {
      if (later({})(request) === undefined) return undefined;
      await (replaced ??= bench.put(other));
      return fault;
    });
    await expect(bench.open()).rejects.toMatchObject({
      name: 'Changed',
      code: 'integrity',
      message: `${location} was replaced while it was read`,
    });
  });

  it('that flips a byte is found by verify', async () => {
    await using bench = await loading();
    let spoilt = 0;
    bench.s3.setFault((request) =>
      later({})(request) !== undefined && ++spoilt === 2 ? { corruptBody: true } : undefined,
    );
    await expect(bench.open({ verify: true })).rejects.toMatchObject({
      name: 'Corrupt',
      message: expect.stringMatching(
        /^s3:\/\/models\/key: \S+ has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}$/,
      ),
    });
  });

  it('that flips a byte of a small file is found too', async () => {
    await using bench = await loading();
    const at = bench.bytes.indexOf('größe');
    await bench.put(Buffer.from(bench.bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))));
    await expect(bench.open({ verify: true })).rejects.toThrow('acme/bert/vocab.txt has sha256');
    const bundle = await bench.open();
    await expect(bundle.verify()).rejects.toThrow('acme/bert/vocab.txt has sha256');
    await expect((await open(bench.file, { log: false })).verify()).resolves.toBeUndefined();
  });

  it.each<[what: string, spoil: (bytes: Buffer) => Buffer, name: string, message: string]>([
    ['is cut off', (bytes) => bytes.subarray(0, 5 * MiB), 'Corrupt', 'has 5242880 bytes, its index says'],
    ['is cut off in its index', (bytes) => bytes.subarray(0, 700), 'Corrupt', 'its index is cut off'],
    ['is empty', () => Buffer.alloc(0), 'Corrupt', 'is empty'],
    ['is no bundle', () => Buffer.from('hello'.repeat(200)), 'Corrupt', 'is no bundle'],
    ['is of zeros', () => Buffer.alloc(2 * MiB), 'Corrupt', 'is no bundle'],
    [
      'has an index that lies',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('"offset":', '"offset":1'), 'latin1'),
      'Corrupt',
      'corrupt bundle',
    ],
  ])('is told of an object that %s', async (_, spoil, name, message) => {
    await using bench = await loading();
    await bench.put(spoil(bench.bytes));
    await expect(bench.open()).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });

  it.each<[what: string, fault: object, name: string, message: string]>([
    ['no such object', { status: 404, code: 'NoSuchKey' }, 'NotFound', `there is no ${location}`],
    ['no such bucket', { status: 404, code: 'NoSuchBucket' }, 'NotFound', 'there is no bucket models'],
    [
      'no permission',
      { status: 403, code: 'AccessDenied' },
      'AccessDenied',
      `S3 denies s3:GetObject on ${location}`,
    ],
    [
      'credentials whose time is over',
      { status: 400, code: 'ExpiredToken' },
      'AccessDenied',
      'S3 does not accept the credentials (ExpiredToken)',
    ],
  ])('is told: %s', async (_, fault, name, message) => {
    await using bench = await loading();
    bench.s3.setFault(() => fault);
    await expect(bench.open()).rejects.toMatchObject({ name, message });
  });

  it('is told of a file that is not there, is a folder, or is cut off', async () => {
    await using bench = await loading();
    const cut = await bench.folder.write('cut.tar', bench.bytes.subarray(0, 4 * MiB));
    const failures: [path: string, name: string, message: string][] = [
      [bench.folder.join('nobody.tar'), 'NotFound', 'there is no'],
      [bench.folder.path, 'ModelpackError', 'is no file'],
      [cut, 'Corrupt', 'its index says'],
    ];
    for (const [path, name, message] of failures)
      await expect(open(path)).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });

  it('of too little memory is told before anything large is read, to the byte', async () => {
    await using bench = await loading();
    const resident = vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(100 * MiB);
    vi.stubEnv('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', '128');
    const needed = weights.length + second.length + 96 * MiB;
    const missing = needed - 28 * MiB;
    await expect(bench.open()).rejects.toMatchObject({
      name: 'NoRoom',
      code: 'no-room',
      needed,
      available: 28 * MiB,
      missing,
      message: `${location} needs ${needed.toLocaleString('en')} bytes of memory and 29,360,128 are left: ${missing.toLocaleString('en')} bytes are missing`,
      hint: `set MemorySize to at least 219 MB, or open fewer files: open(location, { only: … })`,
    });
    expect(bench.ranges()).toEqual([`0-${MiB - 1}`]);
    vi.stubEnv('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', '219');
    await expect(bench.open()).resolves.toBeDefined();
    resident.mockRestore();
  });

  it('leaves the options that were given as they are', async () => {
    await using bench = await loading([bert]);
    const options: OpenOptions = Object.freeze({ client: bench.client, log: false });
    await expect(open(location, options)).resolves.toBeDefined();
  });
});
