import { createHash } from 'node:crypto';

import { downloadFile, listFiles, modelInfo, pathsInfo, whoAmI } from '@huggingface/hub';
import { describe, expect, test } from 'vitest';

import { maskedXetHashes, objectForList, startHub, wrongSha256, wrongSize } from '../servers/hub/hub.ts';
import type { FaultAction, Hub, HubOptions, Repo, RepoFile } from '../servers/hub/hub.ts';
import { big, hostile, hostileNames, many, odd, tinyBert } from '../servers/hub/models.ts';

const megabyte = { size: 1_000_003, seed: 7 };
const files: RepoFile[] = [
  { path: 'config.json', storage: 'git', content: Buffer.from('{"model_type":"bert","layers":[1,2,3]}') },
  { path: 'README.md', storage: 'direct', content: Buffer.from('# a model\n') },
  { path: 'weights/model.safetensors', storage: 'xet', content: megabyte },
  { path: 'weights/pytorch_model.bin', storage: 'lfs', content: { size: 5000, seed: 8 } },
  { path: 'weights/empty.bin', storage: 'lfs', content: Buffer.alloc(0) },
  { path: 'empty/.gitkeep', storage: 'git', content: Buffer.alloc(0) },
];
const id = 'acme/model';
const open: Repo = { id, aliases: ['model'], revisions: { main: files, 'refs/pr/1': files.slice(0, 1) } };
const tokens = {
  hf_none: { name: 'none' },
  hf_granted: { name: 'granted', gatedAccess: ['acme/gated'] },
  hf_pending: { name: 'pending', pendingAccess: ['acme/gated'] },
  hf_rejected: { name: 'rejected', rejectedAccess: ['acme/gated'] },
  hf_fine: { name: 'fine', fineGrained: true },
};

const xet = `/${id}/resolve/main/weights/model.safetensors`;
const config = `/${id}/resolve/main/config.json`;

function start(options: Partial<HubOptions> = {}): Promise<Hub> {
  return startHub({ repos: [open], tokens, ...options });
}

/** Without following, without compression unless asked for. */
function get(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  const all = { 'accept-encoding': 'identity', ...headers };
  return fetch(url, { method, headers: all, redirect: 'manual' });
}

async function follow(url: string, headers: Record<string, string> = {}): Promise<Response> {
  const response = await get(url, headers);
  const location = response.headers.get('location');
  return location === null ? response : follow(new URL(location, url).href, headers);
}

function hash(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

async function body(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function list(response: Response | Promise<Response>): Promise<Record<string, unknown>[]> {
  return (await (await response).json()) as Record<string, unknown>[];
}

describe('files', () => {
  test('git files redirect relatively to a cache that needs no query', async () => {
    await using hub = await start();
    const first = await get(hub.endpoint + config);
    const location = first.headers.get('location') ?? '';
    expect(first.status).toBe(307);
    expect(location).toMatch(/^\/api\/resolve-cache\/models\/acme\/model\/[0-9a-f]{40}\/config\.json\?/);
    expect(first.headers.get('x-linked-etag')).toBeNull();
    const head = await get(hub.endpoint + location.split('?')[0], {}, 'HEAD');
    expect(head.status).toBe(200);
    expect(head.headers.get('etag')).toBe(`"${hub.file(id, 'config.json').blobSha1}"`);
    expect(head.headers.get('x-repo-commit')).toBe(hub.commit(id));
    expect(head.headers.get('content-length')).toBe('38');
    expect(await (await follow(hub.endpoint + config)).json()).toMatchObject({ model_type: 'bert' });
  });

  test('slashes of a nested git file are encoded in the cache URL', async () => {
    await using hub = await start();
    const response = await get(`${hub.endpoint}/${id}/resolve/main/empty/.gitkeep`);
    expect(response.headers.get('location')).toContain('/empty%2F.gitkeep?');
    expect((await body(await follow(`${hub.endpoint}/${id}/resolve/main/empty/.gitkeep`))).length).toBe(0);
  });

  test.each(['HEAD', 'GET'])(
    'Xet files redirect to the CDN and are described only there: %s',
    async (method) => {
      await using hub = await start();
      const file = hub.file(id, 'weights/model.safetensors');
      const response = await get(hub.endpoint + xet, {}, method);
      const { headers } = response;
      expect(response.status).toBe(302);
      expect(headers.get('x-repo-commit')).toBe(hub.commit(id));
      expect(headers.get('x-linked-size')).toBe('1000003');
      expect(headers.get('x-linked-etag')).toBe(`"${file.sha256}"`);
      expect(headers.get('x-xet-hash')).toBe(file.xetHash);
      expect(headers.get('link')).toMatch(/rel="xet-auth", .*rel="xet-reconstruction-info"/);
      expect(Number(headers.get('content-length'))).toBeLessThan(2000);
      const location = new URL(headers.get('location') ?? '');
      expect(location.origin).toBe(hub.cdn);
      expect([...location.searchParams.keys()]).toEqual(
        expect.arrayContaining(['Expires', 'Policy', 'Signature', 'Key-Pair-Id']),
      );
      const served = await get(location.href);
      expect(served.headers.get('etag')).toBe(`"${file.xetHash}"`);
      expect(served.headers.get('ratelimit')).toBeNull();
      expect(served.headers.get('x-repo-commit')).toBeNull();
      expect(hash('sha256', await body(served))).toBe(file.sha256);
    },
  );

  test('LFS files redirect without a word of Xet', async () => {
    await using hub = await start();
    const response = await get(`${hub.endpoint}/${id}/resolve/main/weights/pytorch_model.bin`);
    expect(response.status).toBe(302);
    expect(response.headers.get('x-xet-hash')).toBeNull();
    expect(response.headers.get('location')).toContain('/repos/');
  });

  test('direct files come at once, Xet files as JSON to those who ask for it', async () => {
    await using hub = await start();
    const direct = await get(`${hub.endpoint}/${id}/resolve/main/README.md`);
    expect([direct.status, await direct.text()]).toEqual([200, '# a model\n']);
    const accept = { accept: 'application/vnd.xet-fileinfo+json, */*', range: 'bytes=0-0' };
    const info = await get(hub.endpoint + xet, accept);
    expect([info.status, info.headers.get('x-linked-size')]).toEqual([200, '1000003']);
    expect(await info.json()).toMatchObject({ hash: hub.file(id, 'weights/model.safetensors').xetHash });
    expect((await get(hub.endpoint + config, accept)).status).toBe(307);
  });

  test('raw shows the pointer of a linked file, whose hash is the oid', async () => {
    await using hub = await start();
    const pointer = await body(await get(`${hub.endpoint}/${id}/raw/main/weights/model.safetensors`));
    const { sha256, oid } = hub.file(id, 'weights/model.safetensors');
    expect(pointer.toString()).toBe(
      `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize 1000003\n`,
    );
    expect(hash('sha1', Buffer.concat([Buffer.from(`blob ${pointer.length}\0`), pointer]))).toBe(oid);
    expect(await (await get(`${hub.endpoint}/${id}/raw/main/README.md`)).text()).toBe('# a model\n');
  });

  test('a matching If-None-Match gets 304 on resolve and not on raw', async () => {
    await using hub = await start();
    const tag = { 'if-none-match': `"${hub.file(id, 'config.json').blobSha1}"` };
    expect((await get(hub.endpoint + config, tag)).status).toBe(304);
    expect((await get(`${hub.endpoint}/${id}/raw/main/config.json`, tag)).status).toBe(200);
  });

  test('text is compressed for those who accept it, without a length and with a weak tag', async () => {
    await using hub = await start();
    const zipped = await follow(hub.endpoint + config, { 'accept-encoding': 'gzip' });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(zipped.headers.get('content-length')).toBeNull();
    expect(zipped.headers.get('accept-ranges')).toBeNull();
    expect(zipped.headers.get('etag')).toMatch(/^W\/"/);
    expect(await zipped.json()).toMatchObject({ model_type: 'bert' });
    const ranged = await follow(hub.endpoint + config, { 'accept-encoding': 'gzip', range: 'bytes=0-3' });
    expect([ranged.status, ranged.headers.get('content-encoding')]).toEqual([206, null]);
    const api = await get(`${hub.endpoint}/api/models/${id}`, { 'accept-encoding': 'gzip' });
    expect([api.headers.get('content-encoding'), api.headers.get('content-length')]).toEqual(['gzip', null]);
  });

  test('every odd name can be listed, resolved and read', async () => {
    await using hub = await startHub({ repos: [odd()] });
    for (const file of hub.files('acme/odd')) {
      const path = file.path.split('/').map(encodeURIComponent).join('/');
      const response = await follow(`${hub.endpoint}/acme/odd/resolve/main/${path}`);
      expect([file.path, response.status, (await body(response)).equals(file.bytes())]).toEqual([
        file.path,
        200,
        true,
      ]);
    }
    expect(new Set(hub.log.map(({ file }) => file))).toEqual(
      new Set(hub.files('acme/odd').map(({ path }) => path)),
    );
  });

  test('hostile names stand in the tree as they are', async () => {
    await using hub = await startHub({ repos: [hostile()] });
    const entries = await list(get(`${hub.endpoint}/api/models/acme/hostile/tree/main?recursive=true`));
    expect(entries.map(({ path }) => path)).toEqual(expect.arrayContaining([...hostileNames]));
  });
});

describe('ranges', () => {
  test.each([
    ['bytes=0-9', 206, 'bytes 0-9/1000003', 10],
    ['bytes=1000000-', 206, 'bytes 1000000-1000002/1000003', 3],
    ['bytes=999999-2000000', 206, 'bytes 999999-1000002/1000003', 4],
    ['bytes=-5', 206, 'bytes 999998-1000002/1000003', 5],
    ['bytes=0-', 206, 'bytes 0-1000002/1000003', 1_000_003],
    ['bytes=0-1,5-6', 200, null, 1_000_003],
    ['bytes=1000003-', 416, null, 0],
  ])('the CDN answers %s with %i', async (range, status, contentRange, length) => {
    await using hub = await start();
    const response = await follow(hub.endpoint + xet, { range });
    expect([response.status, response.headers.get('content-range')]).toEqual([status, contentRange]);
    const bytes = await body(response);
    expect(bytes.length).toBe(length);
    const first = Number(/\d+/.exec(contentRange ?? '0')?.[0]);
    const whole = hub.file(id, 'weights/model.safetensors').bytes();
    expect(bytes.equals(whole.subarray(first, first + length))).toBe(true);
  });

  test('past the end the hub tells the size; an empty file has no first byte', async () => {
    await using hub = await start();
    const past = await follow(hub.endpoint + config, { range: 'bytes=38-' });
    expect([past.status, past.headers.get('content-range')]).toEqual([416, 'bytes */38']);
    const empty = await follow(`${hub.endpoint}/${id}/resolve/main/empty/.gitkeep`, { range: 'bytes=0-0' });
    expect([empty.status, empty.headers.get('content-range')]).toEqual([416, 'bytes */0']);
    const emptyLfs = `${hub.endpoint}/${id}/resolve/main/weights/empty.bin`;
    expect((await follow(emptyLfs, { range: 'bytes=0-0' })).status).toBe(416);
    expect((await follow(emptyLfs)).headers.get('content-length')).toBe('0');
  });

  test('generated bytes are the same from any offset', async () => {
    await using hub = await start();
    const { content } = hub.file(id, 'weights/model.safetensors');
    const whole = Buffer.concat([...content.chunks(0, content.size)]);
    for (const [from, to] of [
      [0, 1],
      [3, 4097],
      [4095, 4097],
      [12_289, 999_999],
      [1_000_002, 1_000_003],
    ] as const) {
      expect(Buffer.concat([...content.chunks(from, to)]).equals(whole.subarray(from, to))).toBe(true);
    }
  });
});

describe('signed URLs', () => {
  async function signed(hub: Hub, headers: Record<string, string> = {}): Promise<string> {
    return (await get(hub.endpoint + xet, headers)).headers.get('location') ?? '';
  }

  test('expire with 403 and XML, and are refused when changed', async () => {
    await using hub = await start({ signedUrlSeconds: 0.2 });
    const url = await signed(hub);
    expect((await get(url)).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 250));
    const late = await get(url);
    expect([late.status, late.headers.get('content-type')]).toEqual([403, 'application/xml']);
    expect(await late.text()).toContain('<Code>AccessDenied</Code>');
    expect((await get((await signed(hub)).replace('Signature=', 'Signature=x'))).status).toBe(403);
    expect((await get(await signed(hub))).status).toBe(200);
  });

  test('are bound to the range they were issued for, and to none without one', async () => {
    await using hub = await start();
    const bound = await signed(hub, { range: 'bytes=0-9' });
    expect((await get(bound, { range: 'bytes=0-9' })).status).toBe(206);
    expect((await get(bound, { range: 'bytes=10-19' })).status).toBe(403);
    const unbound = await signed(hub);
    expect((await get(unbound, { range: 'bytes=10-19' })).status).toBe(206);
    expect((await get(unbound)).status).toBe(200);
  });

  test('answer 400 to a bearer token and to large files without a range', async () => {
    await using hub = await start({ refuseRangelessAbove: 1_000_000 });
    const url = await signed(hub);
    expect((await get(url, { authorization: 'Bearer hf_none', range: 'bytes=0-9' })).status).toBe(400);
    const rangeless = await get(url);
    expect([rangeless.status, await rangeless.text()]).toEqual([400, '<h1>400</h1>']);
    expect((await get(url, { range: 'bytes=0-9' })).status).toBe(206);
  });
});

describe('refusals', () => {
  const repos: Repo[] = [
    open,
    { id: 'acme/gated', gated: 'manual', revisions: { main: files } },
    { id: 'acme/private', private: true, usersWithAccess: ['granted'], revisions: { main: files } },
    { id: 'acme/disabled', disabled: true, revisions: { main: files } },
  ];
  const info = (repo: string) => `/api/models/${repo}`;
  const file = (repo: string, rev = 'main', path = 'config.json') => `/${repo}/resolve/${rev}/${path}`;

  test.each([
    [info('acme/none'), undefined, 401, null, 'Invalid username or password.'],
    [file('acme/none'), undefined, 401, null, 'Invalid username or password.'],
    [info('acme/none'), 'hf_none', 404, 'RepoNotFound', 'Repository not found'],
    [file('acme/none'), 'hf_none', 404, 'RepoNotFound', 'Repository not found'],
    [info('acme/private'), undefined, 401, null, 'Invalid username or password.'],
    [info('acme/private'), 'hf_none', 404, 'RepoNotFound', 'Repository not found'],
    [info('acme/private'), 'hf_granted', 200, null, null],
    [info(id), 'hf_unknown', 401, null, 'Invalid credentials in Authorization header'],
    [file(id), 'hf_unknown', 401, null, 'Invalid credentials in Authorization header'],
    [info('acme/gated'), undefined, 200, null, null],
    [info('acme/gated/tree/main'), undefined, 200, null, null],
    [
      file('acme/gated'),
      undefined,
      401,
      'GatedRepo',
      /^Access to model acme\/gated is restricted\. .*log in\.$/,
    ],
    [info('acme/gated/auth-check'), undefined, 401, 'GatedRepo', /^Access to model/],
    [file('acme/gated'), 'hf_none', 403, 'GatedRepo', /not in the authorized list/],
    [file('acme/gated'), 'hf_pending', 403, 'GatedRepo', /awaiting a review/],
    [file('acme/gated'), 'hf_rejected', 403, 'GatedRepo', /has been rejected/],
    [file('acme/gated'), 'hf_fine', 403, null, /fine-grained token settings/],
    [file('acme/gated'), 'hf_granted', 307, null, null],
    [info('acme/gated/auth-check'), 'hf_granted', 200, null, null],
    [info(`${id}/revision/none`), undefined, 404, 'RevisionNotFound', 'Invalid rev id: none'],
    [info(`${id}/tree/none`), undefined, 404, 'RevisionNotFound', 'Invalid rev id: none'],
    [info(`${id}/tree/refs/pr/1`), undefined, 404, 'RevisionNotFound', 'Invalid rev id: refs'],
    [info(`${id}/tree/refs%2Fpr%2F1`), undefined, 200, null, null],
    [file(id, 'none'), undefined, 404, 'RevisionNotFound', 'Invalid rev id: none'],
    [file(id, 'main', 'none.json'), undefined, 404, 'EntryNotFound', 'Entry not found'],
    [info(`${id}/tree/main/none`), undefined, 404, 'EntryNotFound', 'none does not exist on "main"'],
    [file('acme/disabled'), 'hf_none', 403, null, 'Access to this resource is disabled.'],
    [info('acme/disabled/tree/main'), undefined, 403, null, 'Access to this resource is disabled.'],
    ['/api/whoami-v2', undefined, 401, null, 'Invalid username or password.'],
    ['/api/whoami-v2', 'hf_unknown', 401, null, 'Invalid credentials in Authorization header'],
  ] as const)('%s as %s is %i %s', async (path, token, status, code, message) => {
    await using hub = await start({ repos });
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await get(hub.endpoint + path, headers);
    expect([response.status, response.headers.get('x-error-code')]).toEqual([status, code]);
    expect(response.headers.get('ratelimit')).toMatch(/^"(api|resolvers)";r=\d+;t=\d+$/);
    const said = response.headers.get('x-error-message');
    if (message === null) expect(said).toBeNull();
    else expect(said).toMatch(message);
    if (status >= 400) {
      const content = path.startsWith('/api/')
        ? ((await response.json()) as { error: string }).error
        : await response.text();
      expect(content).toBe(said);
    }
    const head = await get(hub.endpoint + path, headers, 'HEAD');
    expect([head.status, head.headers.get('x-error-code')]).toEqual([status, code]);
  });

  test('a missing entry still tells the commit', async () => {
    await using hub = await start({ repos });
    const response = await get(hub.endpoint + file(id, 'main', 'none.json'));
    expect(response.headers.get('x-repo-commit')).toBe(hub.commit(id));
  });

  test('a bad token can be made to pass on public model info', async () => {
    await using hub = await start({ repos, unsettled: { acceptBadTokenOnInfo: true } });
    const headers = { authorization: 'Bearer hf_unknown' };
    expect((await get(hub.endpoint + info(id), headers)).status).toBe(200);
    expect((await get(hub.endpoint + file(id), headers)).status).toBe(401);
  });

  test('Xet hashes of a gated repository are masked for strangers', async () => {
    await using hub = await start({
      repos: [{ id: 'acme/gated', gated: 'auto', revisions: { main: files } }],
    });
    const tree = `${hub.endpoint}/api/models/acme/gated/tree/main/weights`;
    const [masked] = await list(get(tree));
    const [shown] = await list(get(tree, { authorization: 'Bearer hf_granted' }));
    expect(masked?.['xetHash']).toBe('*'.repeat(64));
    expect(shown?.['xetHash']).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('the API', () => {
  test('model info has siblings, with sizes and hashes when asked, or only what is expanded', async () => {
    await using hub = await start();
    const url = `${hub.endpoint}/api/models/${id}`;
    const info = (await (await get(url)).json()) as Record<string, unknown>;
    expect(info).toMatchObject({ id, modelId: id, sha: hub.commit(id), private: false, gated: false });
    expect(info['siblings']).toContainEqual({ rfilename: 'config.json' });
    const { sha256, oid } = hub.file(id, 'weights/model.safetensors');
    expect(await (await get(`${url}/revision/main?blobs=true`)).json()).toMatchObject({
      siblings: expect.arrayContaining([
        {
          rfilename: 'weights/model.safetensors',
          size: 1_000_003,
          blobId: oid,
          lfs: { sha256, size: 1_000_003, pointerSize: 132 },
        },
      ]) as unknown,
    });
    const expanded = await (await get(`${url}?expand=sha&expand[]=gated`)).json();
    expect(Object.keys(expanded as object).toSorted()).toEqual(['_id', 'gated', 'id', 'sha']);
    expect((await get(`${url}?expand=nothing`)).status).toBe(400);
    expect((await get(`${url}/revision/${hub.commit(id).slice(0, 7)}`)).status).toBe(200);
    expect(
      (await get(`${hub.endpoint}/${id}/resolve/${hub.commit(id).slice(0, 7)}/config.json`)).status,
    ).toBe(404);
  });

  test('former names redirect on the API and answer directly for files', async () => {
    await using hub = await start();
    const api = await get(`${hub.endpoint}/api/models/model/tree/main?recursive=true`);
    expect([api.status, api.headers.get('location')]).toEqual([
      307,
      `/api/models/${id}/tree/main?recursive=true`,
    ]);
    const file = await get(`${hub.endpoint}/model/resolve/main/config.json`);
    expect(file.headers.get('location')).toContain(`/models/${id}/`);
    await using other = await start({ unsettled: { redirectRenamedFiles: true } });
    const moved = await get(`${other.endpoint}/model/resolve/main/config.json`);
    expect([moved.status, moved.headers.get('location')]).toEqual([307, config]);
  });

  test('the tree lists folders and files with the hashes of their kind', async () => {
    await using hub = await start();
    const entries = await list(get(`${hub.endpoint}/api/models/${id}/tree/main?recursive=true&expand=true`));
    expect(entries.map(({ path }) => path)).toEqual([
      'config.json',
      'README.md',
      'weights',
      'weights/model.safetensors',
      'weights/pytorch_model.bin',
      'weights/empty.bin',
      'empty',
      'empty/.gitkeep',
    ]);
    const { sha256, oid, xetHash } = hub.file(id, 'weights/model.safetensors');
    const lfs = { oid: sha256, size: 1_000_003, pointerSize: 132 };
    expect(entries[2]).toMatchObject({ type: 'directory', size: 0 });
    expect(entries[3]).toMatchObject({ type: 'file', size: 1_000_003, oid, lfs, xetHash });
    expect(entries[3]).toMatchObject({
      lastCommit: { id: hub.commit(id) },
      securityFileStatus: { status: 'safe' },
    });
    expect(entries[0]).toMatchObject({ oid: hub.file(id, 'config.json').blobSha1, size: 38 });
    expect(entries[0]).not.toHaveProperty('lfs');
    const shouted = await list(get(`${hub.endpoint}/api/models/${id}/tree/main?recursive=True`));
    expect(shouted).toHaveLength(8);
    const top = await list(get(`${hub.endpoint}/api/models/${id}/tree/main`));
    expect(top.map(({ path }) => path)).toEqual(['config.json', 'README.md', 'weights', 'empty']);
  });

  test.each(['absolute', 'relative', 'canonical-host'] as const)(
    'the tree pages by %s links',
    async (linkStyle) => {
      await using hub = await start({ treePageSize: 3, linkStyle });
      const base = { absolute: hub.endpoint, relative: '', 'canonical-host': 'https://huggingface.co' }[
        linkStyle
      ];
      const paths: unknown[] = [];
      let next: string | undefined = `/api/models/${id}/tree/main?recursive=true`;
      for (let page = 0; next !== undefined; page++) {
        const response = await get(hub.endpoint + next);
        paths.push(...(await list(response)).map(({ path }) => path));
        const link = response.headers.get('link');
        if (link !== null) expect(link).toMatch(/^<.*%3D>; rel="next"$/);
        next = link?.slice(1 + base.length, link.indexOf('>'));
        expect(page).toBeLessThan(3);
      }
      expect(paths).toHaveLength(8);
      expect(new Set(paths).size).toBe(8);
    },
  );

  test('paths-info takes JSON and forms, and leaves out what does not exist', async () => {
    await using hub = await start();
    const url = `${hub.endpoint}/api/models/${id}/paths-info/main`;
    const wanted = ['config.json', 'none', 'weights'];
    const form = new URLSearchParams(wanted.map((path) => ['paths', path] as [string, string]));
    form.set('expand', 'True');
    const json = { body: JSON.stringify({ paths: wanted }), headers: { 'content-type': 'application/json' } };
    const byJson = await list(fetch(url, { method: 'POST', ...json }));
    const byForm = await list(fetch(url, { method: 'POST', body: form }));
    expect(byJson.map(({ path }) => path)).toEqual(['config.json', 'weights']);
    expect(byForm.map(({ path }) => path)).toEqual(['config.json', 'weights']);
    expect([byJson[0]?.['lastCommit'] === undefined, byForm[0]?.['lastCommit'] === undefined]).toEqual([
      true,
      false,
    ]);
  });

  test('refs, commits and the log of a branch that moved', async () => {
    await using hub = await start({
      repos: [{ ...open, revisions: { ...open.revisions, 'refs/tags/v1': files } }],
    });
    const before = hub.commit(id);
    const after = hub.move(id, 'main', files.slice(1));
    const api = `${hub.endpoint}/api/models/${id}`;
    expect(await (await get(`${api}/refs?include_prs=1`)).json()).toEqual({
      branches: [{ name: 'main', ref: 'refs/heads/main', targetCommit: after }],
      converts: [],
      tags: [{ name: 'v1', ref: 'refs/tags/v1', targetCommit: before }],
      pullRequests: [{ name: '1', ref: 'refs/pr/1', targetCommit: hub.commit(id, 'refs/pr/1') }],
    });
    const commits = await get(`${api}/commits/main?limit=1`);
    expect(commits.headers.get('x-total-count')).toBe('2');
    expect((await list(commits)).map((commit) => commit['id'])).toEqual([after]);
    expect((await get(`${hub.endpoint}/${id}/resolve/main/config.json`)).status).toBe(404);
    expect((await get(`${hub.endpoint}/${id}/resolve/${before}/config.json`)).status).toBe(307);
    const [readme] = await list(get(`${api}/tree/main?expand=true`));
    expect(readme).toMatchObject({ path: 'README.md', lastCommit: { id: before } });
  });

  test('@huggingface/hub reads it', async () => {
    await using hub = await start({ treePageSize: 2, repos: [open, tinyBert()] });
    const hubUrl = hub.endpoint;
    const info = await modelInfo({ name: 'model', hubUrl, additionalFields: ['sha', 'tags'] });
    expect(info).toMatchObject({ name: id, sha: hub.commit(id), gated: false });
    const entries = await collect(listFiles({ repo: 'acme/tiny-bert', recursive: true, hubUrl }));
    const found = entries.filter(({ type }) => type === 'file');
    expect(found.map(({ path }) => path)).toEqual(hub.files('acme/tiny-bert').map(({ path }) => path));
    for (const { path, oid, size } of found) {
      expect([oid, size]).toEqual([
        hub.file('acme/tiny-bert', path).oid,
        hub.file('acme/tiny-bert', path).size,
      ]);
    }
    const [pytorch] = await pathsInfo({ repo: 'acme/tiny-bert', paths: ['pytorch_model.bin'], hubUrl });
    const blob = await downloadFile({
      repo: 'acme/tiny-bert',
      path: 'pytorch_model.bin',
      xet: false,
      hubUrl,
    });
    expect(hash('sha256', Buffer.from(await blob!.arrayBuffer()))).toBe(pytorch?.lfs?.oid);
    expect(await whoAmI({ hubUrl, accessToken: 'hf_none' })).toMatchObject({ name: 'none' });
    await expect(modelInfo({ name: 'acme/none', hubUrl })).rejects.toMatchObject({ statusCode: 401 });
  });

  test('every answer of the hub has its own request id; warnings and quotas are told', async () => {
    await using hub = await start({ quotas: { api: 2, windowSeconds: 1 }, warnings: ['topic; a message'] });
    const url = `${hub.endpoint}/api/models/${id}`;
    const answers = [await get(url), await get(url), await get(url)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(3);
    expect(answers.map(({ headers }) => headers.get('ratelimit')?.slice(0, 9))).toEqual([
      '"api";r=1',
      '"api";r=0',
      '"api";r=0',
    ]);
    expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"fixed window";"api";q=2;w=1');
    expect(answers[0]?.headers.get('x-hf-warning')).toBe('topic; a message');
  });

  test('a path prefix and a mirror lose what gateways lose', async () => {
    const mirror = { stripCommit: true, stripLinked: true, stripErrorCode: true, stripLength: true };
    await using hub = await start({ pathPrefix: '/api/huggingfaceml/remote', mirror, treePageSize: 2 });
    expect(hub.endpoint).toMatch(/:\d+\/api\/huggingfaceml\/remote$/);
    expect(await collect(listFiles({ repo: id, recursive: true, hubUrl: hub.endpoint }))).toHaveLength(8);
    const { headers } = await get(hub.endpoint + xet);
    expect(['x-repo-commit', 'x-linked-size', 'x-linked-etag'].map((name) => headers.get(name))).toEqual([
      null,
      null,
      null,
    ]);
    expect((await get(`${hub.endpoint}/${id}/resolve/main/none`)).headers.get('x-error-code')).toBeNull();
    const served = await follow(hub.endpoint + config);
    expect([served.headers.get('content-length'), (await body(served)).length]).toEqual([null, 38]);
    expect((await get(new URL(config, hub.endpoint).href)).status).toBe(404);
  });
});

describe('faults', () => {
  const path = 'weights/model.safetensors';
  const ranged = { range: 'bytes=1000-4999' };

  /** The answer of the CDN for a part of the big file, with one fault. */
  async function part(
    action: FaultAction,
    read: (response: Response, hub: Hub) => Promise<void>,
  ): Promise<void> {
    await using hub = await start();
    hub.fault({ origin: 'cdn', file: path, first: 1, action });
    await read(await follow(hub.endpoint + xet, ranged), hub);
    const again = await body(await follow(hub.endpoint + xet, ranged));
    expect(again.equals(hub.file(id, path).bytes().subarray(1000, 5000))).toBe(true);
  }

  test.each([500, 502, 503, 504, 408])('status %i in place of an answer', async (status) => {
    await part({ kind: 'status', status }, async (response) => {
      expect(response.status).toBe(status);
      expect(await response.text()).toContain('<h1>');
    });
  });

  test.each([
    ['reset', { ratelimit: '"api";r=0;t=2', 'retry-after': null }],
    ['remaining', { ratelimit: '"api";r=700;t=2', 'retry-after': null }],
    ['seconds', { ratelimit: null, 'retry-after': '2' }],
    ['date', { ratelimit: null, 'retry-after': expect.stringMatching(/^\w{3}, .* GMT$/) as string }],
    ['nothing', { ratelimit: null, 'retry-after': null }],
  ] as const)('429 with the hint "%s"', async (hint, expected) => {
    await using hub = await start();
    hub.fault({ path: /^\/api\//, action: { kind: 'rate-limit', hint, seconds: 2 } });
    const { status, headers } = await get(`${hub.endpoint}/api/models/${id}`);
    expect(status).toBe(429);
    expect({ ratelimit: headers.get('ratelimit'), 'retry-after': headers.get('retry-after') }).toEqual(
      expected,
    );
  });

  test('reset before the headers', async () => {
    await using hub = await start();
    hub.fault({ path: 'config.json', nth: 2, action: { kind: 'reset' } });
    expect((await get(hub.endpoint + config)).status).toBe(307);
    await expect(get(hub.endpoint + config)).rejects.toThrow('fetch failed');
    expect((await get(hub.endpoint + config)).status).toBe(307);
    expect(hub.log.map(({ status }) => status)).toEqual([307, 0, 307]);
  });

  test.each(['reset', 'hang-up'] as const)('%s in the middle of the body', async (kind) => {
    await part({ kind, after: 1500 }, async (response, hub) => {
      expect([response.status, response.headers.get('content-length')]).toEqual([206, '4000']);
      await expect(body(response)).rejects.toThrow('terminated');
      expect(hub.log.at(-1)).toMatchObject({ bytes: 1500, complete: false });
    });
  });

  test('stalls leave the socket open: before the headers and in the body', async () => {
    await using hub = await start();
    hub.fault({ origin: 'cdn', nth: 1, action: { kind: 'stall' } });
    hub.fault({ origin: 'cdn', nth: 2, action: { kind: 'stall', after: 1500 } });
    const url = (await get(hub.endpoint + xet)).headers.get('location') ?? '';
    await expect(fetch(url, { signal: AbortSignal.timeout(100) })).rejects.toThrow(/timeout/);
    const response = await fetch(url, { signal: AbortSignal.timeout(200) });
    await expect(response.arrayBuffer()).rejects.toThrow(/timeout/);
    expect(hub.log.at(-1)).toMatchObject({ status: 200, bytes: 1500, complete: false });
  });

  test('a stall does not keep the hub from closing', async () => {
    const hub = await start();
    hub.fault({ action: { kind: 'stall' } });
    const waiting = get(hub.endpoint + config).then(
      () => 'answered',
      (error: Error) => error.message,
    );
    while (hub.log.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await hub.close();
    expect(await waiting).toBe('fetch failed');
  });

  test('206 without bytes, and a short body that ends cleanly', async () => {
    await part({ kind: 'empty' }, async (response) => {
      expect([response.status, response.headers.get('content-range')]).toEqual([
        206,
        'bytes 1000-4999/1000003',
      ]);
      expect((await body(response)).length).toBe(0);
    });
    await part({ kind: 'short', after: 100 }, async (response) => {
      expect([response.status, response.headers.get('content-length')]).toEqual([206, null]);
      expect((await body(response)).length).toBe(100);
    });
  });

  test('another range than asked, and no range at all', async () => {
    await part({ kind: 'shift-range', by: 500 }, async (response) => {
      expect([response.status, response.headers.get('content-range')]).toEqual([
        206,
        'bytes 1500-4999/1000003',
      ]);
      expect((await body(response)).length).toBe(3500);
    });
    await part({ kind: 'ignore-range' }, async (response) => {
      expect([response.status, response.headers.get('content-range')]).toEqual([200, null]);
      expect((await body(response)).length).toBe(1_000_003);
    });
  });

  test('one wrong bit at an offset of the file', async () => {
    await part({ kind: 'flip', at: 1007 }, async (response, hub) => {
      const right = hub.file(id, path).bytes().subarray(1000, 5000);
      const got = await body(response);
      const wrong = [...got.keys()].filter((i) => got[i] !== right[i]);
      expect([got.length, wrong]).toEqual([4000, [7]]);
    });
  });

  test('an expired URL, and both forms of 416', async () => {
    await part({ kind: 'expired' }, async (response) => expect(response.status).toBe(403));
    for (const form of ['hub', 'cdn'] as const) {
      await part({ kind: 'unsatisfiable', form }, async (response) => {
        const expected = form === 'hub' ? 'bytes */1000003' : null;
        expect([response.status, response.headers.get('content-range')]).toEqual([416, expected]);
      });
    }
  });

  test('a redirect loop, and a redirect to a third origin', async () => {
    await using hub = await start();
    hub.fault({ origin: 'hub', path: 'config.json', action: { kind: 'redirect', to: (target) => target } });
    await expect(fetch(hub.endpoint + config)).rejects.toThrow('fetch failed');
    expect(hub.log.length).toBe(21);
    hub.clearFaults();
    const third = hub.cdn.replace('localhost', '127.0.0.1');
    hub.fault({ origin: 'cdn', first: 1, action: { kind: 'redirect', to: (target) => third + target } });
    const response = await fetch(hub.endpoint + xet, { headers: { authorization: 'Bearer hf_none' } });
    expect((await body(response)).length).toBe(1_000_003);
    const hops = hub.log.slice(-3).map(({ host, authorization }) => [`http://${host}`, authorization]);
    expect(hops).toEqual([
      [hub.endpoint, true],
      [hub.cdn, false],
      [third, false],
    ]);
  });

  test('a slow first byte, and a slow body', async () => {
    const started = performance.now();
    await part({ kind: 'delay', ms: 60 }, async () =>
      expect(performance.now() - started).toBeGreaterThan(59),
    );
    await part({ kind: 'throttle', bytesPerSecond: 40_000 }, async (response) => {
      const before = performance.now();
      expect((await body(response)).length).toBe(4000);
      expect(performance.now() - before).toBeGreaterThan(50);
    });
  });

  test('a tree that lies: sizes, hashes, shapes', async () => {
    await using hub = await start();
    const url = `${hub.endpoint}/api/models/${id}/tree/main/weights`;
    const lies: FaultAction[] = [wrongSize(path, 1), wrongSha256(path), maskedXetHashes(), objectForList()];
    for (const [i, action] of lies.entries()) hub.fault({ path: /\/tree\//, nth: i + 1, action });
    expect((await list(get(url)))[0]).toMatchObject({ size: 1, lfs: { size: 1 } });
    expect((await list(get(url)))[0]).toMatchObject({ lfs: { oid: 'f'.repeat(64) } });
    expect((await list(get(url)))[0]).toMatchObject({ xetHash: '*'.repeat(64) });
    expect(await (await get(url)).json()).toHaveProperty('error');
    expect((await list(get(url)))[0]).toMatchObject({ size: 1_000_003 });
  });

  test('the second page of the tree fails', async () => {
    await using hub = await start({ treePageSize: 4 });
    const fault = hub.fault({ query: 'cursor=', first: 1, action: { kind: 'status', status: 503 } });
    const all = () => collect(listFiles({ repo: id, recursive: true, hubUrl: hub.endpoint }));
    await expect(all()).rejects.toMatchObject({ statusCode: 503 });
    expect(await all()).toHaveLength(8);
    expect([fault.matched, fault.applied]).toEqual([2, 1]);
  });

  test('a branch that moves between two calls', async () => {
    await using hub = await start();
    const before = hub.commit(id);
    const run = () => void hub.move(id, 'main', files.slice(1));
    hub.fault({ path: /\/revision\//, first: 1, action: { kind: 'run', run, when: 'after' } });
    const info = await modelInfo({
      name: id,
      revision: 'main',
      hubUrl: hub.endpoint,
      additionalFields: ['sha'],
    });
    expect(info.sha).toBe(before);
    expect(hub.commit(id)).not.toBe(before);
    expect(await list(get(`${hub.endpoint}/api/models/${id}/tree/main?recursive=true`))).toHaveLength(7);
    expect(await list(get(`${hub.endpoint}/api/models/${id}/tree/${before}?recursive=true`))).toHaveLength(8);
  });
});

describe('the log', () => {
  test('shows what each origin was asked, and that tokens stay on the hub', async () => {
    await using hub = await start();
    await fetch(hub.endpoint + xet, {
      headers: { authorization: 'Bearer hf_none', range: 'bytes=0-9', 'user-agent': 'test/1' },
    }).then(body);
    expect(hub.log).toMatchObject([
      {
        origin: 'hub',
        kind: 'resolve',
        method: 'GET',
        status: 302,
        token: 'hf_none',
        path: xet,
        userAgent: 'test/1',
      },
      {
        origin: 'cdn',
        kind: 'cdn',
        status: 206,
        authorization: false,
        range: 'bytes=0-9',
        bytes: 10,
        complete: true,
      },
    ]);
    expect(hub.log[1]).toMatchObject({ file: 'weights/model.safetensors', acceptEncoding: 'identity' });
    expect(hub.log[1]).not.toHaveProperty('token');
    expect(hub.log[1]?.host).toMatch(/^localhost:/);
  });
});

describe('the models', () => {
  test('have the same commits in every run', async () => {
    const repos = [tinyBert(), big({ size: 3e6, files: 2 }), many({ files: 20 }), odd(), hostile()];
    await using hub = await startHub({ repos, lazy: true });
    expect(repos.map((repo) => hub.commit(repo.id).slice(0, 8))).toMatchInlineSnapshot(`
      [
        "672f5f70",
        "518caae5",
        "7403b4b5",
        "476e55dc",
        "4380b31f",
      ]
    `);
    expect(hub.commit('acme/tiny-bert', 'v1.0')).toBe(hub.commit('acme/tiny-bert'));
  });

  test('hold a valid safetensors file of about the size asked for', async () => {
    for (const size of [1e6, 2e6, 9e6]) {
      await using hub = await startHub({ repos: [tinyBert({ size }), big({ size: 3e6 })] });
      const small = hub.file('acme/tiny-bert', 'model.safetensors');
      expect(Math.abs(small.size - size) / size).toBeLessThan(0.35);
      expect(hub.file('acme/big', 'model.safetensors').size).toBe(3e6);
      for (const file of [small, hub.file('acme/big', 'model.safetensors')]) {
        const bytes = file.bytes();
        const length = Number(bytes.readBigUInt64LE());
        const { __metadata__: _, ...tensors } = JSON.parse(
          bytes.subarray(8, 8 + length).toString(),
        ) as Record<string, { data_offsets: [number, number] }>;
        const ends = Object.values(tensors).map(({ data_offsets: [, end] }) => end);
        expect(8 + length + Math.max(...ends)).toBe(file.size);
      }
    }
  });
});
