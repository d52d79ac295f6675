import { createServer, type AddressInfo } from 'node:net';

import { beforeAll, describe, expect, test, vi } from 'vitest';

import type { FetchResult } from '../../src/verbs/fetch.ts';
import { openBench } from '../helpers/bench.ts';
import { sha256Of } from '../helpers/bundle.ts';
import type { Hub, HubOptions, Repo } from '../servers/hub/hub.ts';
import { maskedXetHashes, objectForList, wrongSha256, wrongSize } from '../servers/hub/hub.ts';
import type { FaultAction, FaultRule } from '../servers/hub/hub.ts';
import { generatedSafetensors } from '../servers/hub/models/safetensors.ts';

// Waiting is what these tests are about, and a busy machine makes it longer.
vi.setConfig({ testTimeout: 60_000 });

const MiB = 1024 * 1024;
const id = 'acme/faulty';
const git = (path: string, text: string) => ({ path, storage: 'git', content: Buffer.from(text) }) as const;
/** Four parts of weights, a small file in LFS, and files in git. */
const repo: Repo = {
  id,
  revisions: {
    main: [
      git('config.json', `{"model_type":"bert","words":"${'word '.repeat(2000)}"}\n`),
      git('tokenizer.json', '{"version":"1.0"}\n'),
      { path: 'model.safetensors', storage: 'xet', content: generatedSafetensors(3.5 * MiB, 1) },
      { path: 'spiece.model', storage: 'lfs', content: { size: 50_000, seed: 2 } },
    ],
  },
};
const moved = [git('config.json', '{}'), ...repo.revisions['main']!.slice(1)];
const fetchIt = ['fetch', id, '-o', 'models.tar', '--part-size', '1MiB', '--json'] as const;

/** Of the bundle fetched when nothing goes wrong. */
let right: string;

beforeAll(async () => {
  await using bench = await openBench({ repos: [repo] });
  right = (await bench.run(fetchIt)).json<FetchResult>().sha256!;
});

test('the bundle is right when nothing goes wrong', async () => {
  await using bench = await openBench({ repos: [repo] });
  await bench.run(fetchIt);
  const verified = await bench.run(['verify', 'models.tar', '--json']);
  expect(verified.json()).toMatchObject({ ok: true, sha256: right });
});

interface Case {
  readonly name: string;
  readonly faults?: readonly FaultRule[];
  readonly prepare?: (hub: Hub) => void;
  readonly hub?: Partial<HubOptions>;
  /** HF_HUB_DOWNLOAD_TIMEOUT, in seconds. */
  readonly timeout?: number;
  readonly jobs?: number;
}

const cdn = { origin: 'cdn', file: 'model.safetensors' } as const;
const gitFile = { kind: 'resolve-cache', file: 'config.json' } as const;

/** The same fault at each of the places that a fetch talks to, once. */
function everywhere(action: FaultAction): FaultRule[] {
  return [
    { kind: 'info', nth: 1, action },
    { kind: 'tree', nth: 1, action },
    { kind: 'resolve', file: 'config.json', nth: 1, action },
    { kind: 'resolve', file: 'model.safetensors', nth: 1, action },
    { ...gitFile, nth: 1, action },
    { ...cdn, nth: 2, action },
  ];
}

/** Reset, or politely closed, or silent, in the middle of a body. */
const cut = (kind: 'reset' | 'hang-up' | 'stall' | 'short') => [
  { ...cdn, first: 3, action: { kind, after: 300_000 } as const },
  { ...gitFile, first: 1, action: { kind, after: 5000 } as const },
];

const survived: Case[] = [
  { name: 'connections reset in the middle of a body (RST)', faults: cut('reset') },
  { name: 'connections closed in the middle of a body (FIN)', faults: cut('hang-up') },
  { name: 'bodies that end early and politely', faults: cut('short') },
  { name: 'bodies that stall', faults: cut('stall'), timeout: 1 },
  {
    name: 'a body cut again and again, a little further each time',
    faults: [{ ...cdn, first: 12, action: { kind: 'hang-up', after: 100_000 } }],
  },
  { name: 'connections reset before the headers', faults: everywhere({ kind: 'reset' }) },
  { name: 'answers that never come', faults: everywhere({ kind: 'stall' }).slice(-3), timeout: 1 },
  { name: 'a listing that never comes', faults: everywhere({ kind: 'stall' }).slice(0, 1), timeout: 1 },
  ...(['reset', 'remaining', 'seconds', 'date', 'nothing'] as const).map((hint) => ({
    name: `429 with the hint: ${hint}`,
    faults: everywhere({ kind: 'rate-limit', hint, seconds: 1 }).slice(1, 4),
  })),
  { name: '429 of the CDN', faults: [{ ...cdn, first: 2, action: { kind: 'rate-limit', hint: 'nothing' } }] },
  { name: 'a quota used up', hub: { quotas: { resolvers: 4, windowSeconds: 1 } } },
  ...[408, 500, 502, 503, 504].map((status) => ({
    name: `${status} everywhere`,
    faults: everywhere({ kind: 'status', status }),
  })),
  {
    name: '400 and 416 of the CDN',
    faults: [
      { ...cdn, nth: 1, action: { kind: 'status', status: 400, body: '<h1>400</h1>' } },
      { ...cdn, nth: 2, action: { kind: 'unsatisfiable', form: 'cdn' } },
    ],
  },
  {
    name: '200 and the whole file to a range, always',
    faults: [{ origin: 'cdn', action: { kind: 'ignore-range' } }],
  },
  { name: '206 without a byte', faults: [{ ...cdn, first: 3, action: { kind: 'empty' } }] },
  {
    name: 'a range that begins too late',
    faults: [{ ...cdn, first: 2, action: { kind: 'shift-range', by: 1000 } }],
  },
  {
    name: 'a range that begins too early',
    faults: [{ ...cdn, range: /^bytes=[1-9]/, first: 2, action: { kind: 'shift-range', by: -1000 } }],
  },
  {
    name: 'signed addresses that are said to have expired',
    faults: [{ ...cdn, first: 3, action: { kind: 'expired' } }],
  },
  {
    name: 'signed addresses that expire while the file is fetched',
    hub: { signedUrlSeconds: 0.4 },
    faults: [{ ...cdn, action: { kind: 'throttle', bytesPerSecond: 4 * MiB } }],
    jobs: 1,
  },
  {
    name: 'a second page of the listing that fails once',
    hub: { treePageSize: 2 },
    faults: [{ kind: 'tree', query: 'cursor=', nth: 1, action: { kind: 'status', status: 502 } }],
  },
  {
    name: 'a second page of the listing that is cut',
    hub: { treePageSize: 2 },
    faults: [{ kind: 'tree', query: 'cursor=', nth: 1, action: { kind: 'hang-up', after: 40 } }],
  },
  {
    name: 'an object where a list belongs, once',
    faults: [{ kind: 'tree', nth: 1, action: objectForList() }],
  },
  { name: 'Xet hashes that are masked', faults: [{ kind: 'tree', action: maskedXetHashes() }] },
  {
    name: 'a redirect within the Hub',
    faults: [
      {
        kind: 'resolve',
        query: /^$/,
        action: { kind: 'redirect', to: (target) => `${target}?download=true` },
      },
    ],
  },
  { name: 'a slow first byte', faults: everywhere({ kind: 'delay', ms: 700 }), timeout: 1 },
  {
    name: 'a branch that moves between two requests',
    prepare: (hub) => {
      hub.fault({
        kind: 'info',
        nth: 1,
        action: { kind: 'run', when: 'after', run: () => void hub.move(id, 'main', moved) },
      });
    },
  },
];

describe.concurrent('the bundle is right in spite of', () => {
  test.each(survived)('$name', async ({ faults = [], prepare, hub = {}, timeout = 10, jobs = 3 }) => {
    await using bench = await openBench({ repos: [repo], ...hub });
    const set = faults.map((rule) => bench.hub.fault(rule));
    prepare?.(bench.hub);
    const run = await bench.run([...fetchIt, '--jobs', String(jobs), '--verbose'], {
      env: { HF_HUB_DOWNLOAD_TIMEOUT: String(timeout) },
    });
    expect(run).toEqual({ ...run, code: 0 });
    expect(run.json<FetchResult>()).toMatchObject({ sha256: right, skipped: false });
    expect(await sha256Of(bench.folder.join('models.tar'))).toBe(right);
    expect(await bench.folder.list()).toEqual(['models.tar']);
    expect(set.filter(({ applied }) => applied === 0)).toEqual([]);
  });

  test('is said to be waited for when the Hub asks for a long time', async () => {
    await using bench = await openBench({ repos: [repo] });
    bench.hub.fault({ kind: 'info', nth: 1, action: { kind: 'rate-limit', hint: 'seconds', seconds: 60 } });
    await using running = bench.start(fetchIt);
    const waits = /rate of requests \(429\); again in 1 min/;
    await vi.waitFor(() => expect(running.stderr()).toMatch(waits), { timeout: 15_000 });
    running.kill('SIGINT');
    expect((await running.outcome).code).toBe(130);
  });
});

interface Hopeless extends Case {
  readonly code: 6 | 7;
  readonly said: RegExp;
}

const hopeless: Hopeless[] = [
  {
    name: 'a byte of the weights is wrong',
    code: 7,
    said: /model\.safetensors has sha256/,
    faults: [{ ...cdn, action: { kind: 'flip', at: 2 * MiB } }],
  },
  {
    name: 'a byte of a file in git is wrong',
    code: 7,
    said: /config\.json has git blob sha1/,
    faults: [{ ...gitFile, action: { kind: 'flip', at: 100 } }],
  },
  {
    name: 'the listing says a file is larger',
    code: 7,
    said: /model\.safetensors/,
    faults: [{ kind: 'tree', action: wrongSize('model.safetensors', 4 * MiB) }],
  },
  {
    name: 'the listing says a file is smaller',
    code: 7,
    said: /model\.safetensors/,
    faults: [{ kind: 'tree', action: wrongSize('model.safetensors', MiB) }],
  },
  {
    name: 'the listing says a file in git is smaller',
    code: 7,
    said: /config\.json|has 10\d+ bytes/,
    faults: [{ kind: 'tree', action: wrongSize('config.json', 100) }],
  },
  {
    name: 'the listing has another sha256',
    code: 7,
    said: /model\.safetensors/,
    faults: [{ kind: 'tree', action: wrongSha256('model.safetensors') }],
  },
  {
    name: 'the listing has another sha256 and a mirror does not tell',
    code: 7,
    said: /model\.safetensors has sha256 [0-9a-f]{64}, expected f{64}/,
    hub: { mirror: { stripLinked: true } },
    faults: [{ kind: 'tree', action: wrongSha256('model.safetensors') }],
  },
  {
    name: 'the listing says a file is larger and a mirror does not tell',
    code: 7,
    said: /bytes of a file that should have 4194304/,
    hub: { mirror: { stripLinked: true } },
    faults: [{ kind: 'tree', action: wrongSize('model.safetensors', 4 * MiB) }],
  },
  {
    name: 'a redirect leads in circles',
    code: 6,
    said: /without end/,
    faults: [{ kind: 'resolve', action: { kind: 'redirect', to: (target) => target } }],
  },
  {
    name: 'a redirect leads to no web address',
    code: 6,
    said: /redirects/,
    faults: [{ kind: 'resolve', action: { kind: 'redirect', to: 'file:///etc/passwd' } }],
  },
  {
    name: 'the Hub answers 503 to everything',
    code: 6,
    said: /answered 503; gave up after \d+ attempts/,
    faults: [{ origin: 'hub', action: { kind: 'status', status: 503 } }],
  },
  {
    name: 'every listing is an object',
    code: 6,
    said: /gave up after/,
    faults: [{ kind: 'tree', action: objectForList() }],
  },
  {
    name: 'the CDN answers 403 for good',
    code: 6,
    said: /model\.safetensors.*403; gave up after/,
    faults: [{ ...cdn, action: { kind: 'expired' } }],
  },
];

describe.concurrent('the fetch fails, and leaves nothing that is wrong, when', () => {
  test.each(hopeless)('$name', async ({ code, said, faults = [], hub = {} }) => {
    await using bench = await openBench({ repos: [repo], ...hub });
    for (const rule of faults) bench.hub.fault(rule);
    const run = await bench.run(fetchIt);
    expect(run).toEqual({ ...run, code });
    const { error } = run.json<{ error: { code: string; message: string } }>();
    expect(error.code).toBe(code === 7 ? 'integrity' : 'network');
    expect(error.message).toMatch(said);
    expect(error.message).not.toMatch(/Signature|Policy/);
    const left = await bench.folder.list();
    expect(left).not.toContain('models.tar');
    expect(left).not.toContain('models.tar.lock');
    // What a broken network interrupted can be gone on with; what is wrong cannot.
    expect(left.filter(() => code === 7)).toEqual([]);
  });

  test('nobody listens', async () => {
    await using bench = await openBench({ repos: [repo] });
    const endpoint = `http://127.0.0.1:${await closedPort()}`;
    const run = await bench.run(fetchIt, { hub: { endpoint } });
    expect(run.code).toBe(6);
    expect(run.stderr).toMatch(/^modelpack: .* refused the connection; gave up after \d+ attempts\nhint: /m);
    expect(await bench.folder.list()).toEqual([]);
  });
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
