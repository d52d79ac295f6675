import { readFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import type { FetchResult } from '../../src/verbs/fetch.ts';
import { startProxy } from '../helpers/proxy.ts';
import { filesIn } from '../helpers/bundle.ts';
import type { Repo } from '../servers/hub/hub.ts';
import { id, other, kept, inBundle, open } from '../helpers/tiny.ts';

describe.concurrent('the token', () => {
  const tokens = Object.fromEntries(
    ['option', 'variable', 'former', 'path', 'home'].map((name) => [`hf_${name}_0123456789`, { name }]),
  );
  const secret = (name: string) => `hf_${name}_0123456789`;
  const closed: Repo = {
    ...other,
    id: 'acme/closed',
    private: true,
    usersWithAccess: Object.values(tokens).map(({ name }) => name),
  };

  /** All the places a token can be in, from the strongest to the weakest. */
  const places = ['option', 'variable', 'former', 'path', 'home'] as const;

  test.each(places.map((place, i) => ({ place, given: places.slice(i) })))(
    'comes from the $place when it is given in $given',
    async ({ place, given }) => {
      await using bench = await open({ repos: [closed], tokens });
      const has = (name: (typeof places)[number]) => given.includes(name);
      const home = bench.folder.join('home');
      if (has('home')) await bench.folder.write('home/token', `${secret('home')}\n`);
      const path = await bench.folder.write('elsewhere', ` ${secret('path')}\r\n`);
      const run = await bench.run(
        ['fetch', 'acme/closed', '-o', 'm.tar', ...(has('option') ? ['--token', secret('option')] : [])],
        {
          env: {
            HF_HOME: home,
            ...(has('variable') && { HF_TOKEN: secret('variable') }),
            ...(has('former') && { HUGGING_FACE_HUB_TOKEN: secret('former') }),
            ...(has('path') && { HF_TOKEN_PATH: path }),
          },
        },
      );
      expect(run.code).toBe(0);
      const sent = bench.hub.log.filter(({ origin }) => origin === 'hub').map(({ token }) => token);
      expect(new Set(sent)).toEqual(new Set([secret(place)]));
    },
  );

  test('is not sent when HF_HUB_DISABLE_IMPLICIT_TOKEN says so, unless it is an option', async () => {
    await using bench = await open({ tokens });
    const env = { HF_TOKEN: secret('variable'), HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' };
    await bench.run(['fetch', id, '-o', 'a.tar'], { env });
    expect(bench.hub.log.filter(({ authorization }) => authorization)).toEqual([]);
    await bench.run(['fetch', id, '-o', 'b.tar', '--token', secret('option')], { env });
    expect(bench.hub.log.some(({ token }) => token === secret('option'))).toBe(true);
  });

  test('never leaves the origin of the Hub', async () => {
    await using bench = await open({ repos: [closed], tokens });
    const thirdOrigin = bench.hub.cdn.replace('localhost', '127.0.0.1');
    bench.hub.fault({
      kind: 'resolve',
      file: 'model.safetensors',
      first: 1,
      action: { kind: 'redirect', to: `${thirdOrigin}/elsewhere` },
    });
    const run = await bench.run(['fetch', 'acme/closed', '-o', 'models.tar'], {
      env: { HF_TOKEN: secret('variable') },
    });
    expect(run.code).toBe(0);
    const onCdn = bench.hub.log.filter(({ origin }) => origin === 'cdn');
    expect(onCdn.some(({ host }) => host.startsWith('127.0.0.1'))).toBe(true);
    expect(onCdn.filter(({ authorization }) => authorization)).toEqual([]);
    expect(bench.hub.log.filter(({ origin, authorization }) => origin === 'hub' && !authorization)).toEqual(
      [],
    );
  });

  test.each([
    ['--token', ['--token', secret('option')], {}],
    ['--token=', [`--token=${secret('option')}`], {}],
    ['HF_TOKEN', [], { HF_TOKEN: secret('option') }],
    ['HF_TOKEN with a newline', [], { HF_TOKEN: `${secret('option')}\n` }],
    ['MODELPACK_TOKEN', [], { MODELPACK_TOKEN: secret('option') }],
    ['the token file', [], {}],
  ])('from %s never appears in what is written', async (from, options, env) => {
    await using bench = await open({ tokens });
    if (from === 'the token file') await bench.folder.write('home/token', secret('option'));
    const with_ = { env: { HF_HOME: bench.folder.join('home'), ...env } };
    const said: string[] = [];
    const run = async (...args: string[]) => {
      const { stdout, stderr } = await bench.run([...args, ...options, '--verbose'], with_);
      expect(bench.hub.log.some(({ token }) => token === secret('option'))).toBe(true);
      said.push(stdout, stderr);
    };
    await run('fetch', id, '-o', 'models.tar');
    await run('fetch', 'acme/missing', '-o', 'missing.tar', '--json');
    // The Hub, or a gateway before it, repeats what it was sent.
    const echo = { 'X-Error-Message': `no rights for Bearer ${secret('option')}`, 'X-Error-Code': '' };
    const fault = bench.hub.fault({
      kind: 'info',
      action: { kind: 'status', status: 403, headers: echo, body: 'no' },
    });
    await run('fetch', id, '-o', 'echo.tar', '--json');
    await run('size-check', id);
    expect(fault.applied).toBe(2);
    expect(said.join('\n')).toContain('no rights for');
    expect(said.join('\n')).not.toContain(secret('option'));
  });

  test('that is bad is blamed on where it came from, without showing it', async () => {
    await using bench = await open({ tokens });
    const bad = 'hf_bad_0123456789';
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--verbose'], { env: { HF_TOKEN: bad } });
    expect(run.code).toBe(5);
    expect(run.stderr).toMatch(/^modelpack: .*token from HF_TOKEN\nhint: /m);
    expect(run.stdout + run.stderr).not.toContain(bad);
    expect(await bench.folder.list()).toEqual([]);
  });

  test('that no header can carry is refused before a request, without showing it', async () => {
    await using bench = await open();
    const run = await bench.run(['fetch', id, '-o', 'models.tar'], { env: { HF_TOKEN: 'hf_two words' } });
    expect(run.code).toBe(2);
    expect(run.stderr).not.toContain('two words');
    expect(bench.hub.log).toEqual([]);
  });

  test('is not needed for the listing of a gated model, but before anything is created', async () => {
    const gated: Repo = { ...other, id: 'acme/gated', gated: 'manual' };
    await using bench = await open({
      repos: [gated],
      tokens: { hf_granted: { name: 'g', gatedAccess: ['acme/gated'] }, hf_none: { name: 'n' } },
    });
    const stranger = await bench.run(['fetch', 'acme/gated', '-o', 'models.tar']);
    expect(stranger).toMatchObject({ code: 5, stdout: '' });
    expect(stranger.stderr).toMatch(/acme\/gated is gated.*\nhint: .*https:\/\/huggingface\.co\/acme\/gated/);
    const guest = await bench.run(['fetch', 'acme/gated', '-o', 'models.tar', '--token', 'hf_none']);
    expect(guest.code).toBe(5);
    expect(await bench.folder.list()).toEqual([]);
    expect(bench.hub.log.some(({ kind }) => kind === 'resolve')).toBe(false);
    expect((await bench.run(['fetch', 'acme/gated', '-o', 'models.tar', '--token', 'hf_granted'])).code).toBe(
      0,
    );
  });
});

describe.concurrent('the requests', () => {
  test('say who asks, and ask for plain bytes', async () => {
    await using bench = await open();
    await bench.run(['fetch', id, '-o', 'models.tar']);
    const { version } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    const agents = new Set(bench.hub.log.map(({ userAgent }) => userAgent));
    expect([...agents]).toEqual([`modelpack/${version}; node/${process.versions.node}`]);
    expect(new Set(bench.hub.log.map(({ acceptEncoding }) => acceptEncoding))).toEqual(new Set(['identity']));
  });

  test('resolve each file once, however many parts it has', async () => {
    await using bench = await open();
    await bench.run(['fetch', id, '-o', 'models.tar', '--part-size', '1MiB', '--jobs', '4']);
    const resolved = bench.hub.log.flatMap(({ kind, file }) => (kind === 'resolve' ? [file!] : []));
    expect(resolved.toSorted()).toEqual(kept);
    expect(bench.hub.log.filter(({ origin }) => origin === 'cdn').length).toBe(4);
  });

  test('are never more at once than --jobs', async () => {
    await using bench = await open({ delayMs: 20 });
    await bench.run(['fetch', id, '-o', 'models.tar', '--part-size', '1MiB', '--jobs', '2']);
    const { log } = bench.hub;
    const most = Math.max(
      ...log.map(
        ({ started }) =>
          log.filter((each) => each.started <= started && (each.ended ?? Infinity) > started).length,
      ),
    );
    expect(most).toBeLessThanOrEqual(2);
  });

  test('go to a mirror below a path that loses headers, and to nothing else', async () => {
    await using plain = await open();
    await using bench = await open({
      pathPrefix: '/api/huggingfaceml/remote',
      mirror: { stripCommit: true, stripLinked: true, stripErrorCode: true, stripLength: true },
      linkStyle: 'canonical-host',
      treePageSize: 3,
    });
    const direct = await plain.run(['fetch', 'former/tiny-bert', '-o', 'models.tar', '--json']);
    const run = await bench.run(['fetch', 'former/tiny-bert', '-o', 'models.tar', '--json']);
    expect(run.json<FetchResult>()).toMatchObject({ sha256: direct.json<FetchResult>().sha256 });
    const page = `${bench.hub.endpoint}/${id}/tree/v1.0`;
    const pasted = await bench.run(['fetch', page, '-o', 'pasted.tar', '--json']);
    expect(pasted.json<FetchResult>().models[0]).toMatchObject({ name: id });
    expect(bench.hub.log.filter(({ kind }) => kind === 'unknown')).toEqual([]);
  });

  test.each(['relative', 'absolute', 'canonical-host'] as const)(
    'follow the pages of a listing that are linked in the form: %s',
    async (linkStyle) => {
      await using bench = await open({ linkStyle, treePageSize: 2 });
      await bench.run(['fetch', id, '-o', 'models.tar']);
      expect(await filesIn(bench.folder.join('models.tar'))).toEqual(inBundle(kept));
      expect(bench.hub.log.filter(({ kind }) => kind === 'tree').length).toBe(8);
    },
  );
});

describe.concurrent('a proxy', () => {
  test.each(['HTTP_PROXY', 'http_proxy'])('named by %s carries every request', async (variable) => {
    await using bench = await open();
    await using proxy = await startProxy();
    const run = await bench.run(['fetch', id, '-o', 'models.tar'], { env: { [variable]: proxy.url } });
    expect(run.code).toBe(0);
    const origins = [bench.hub.endpoint, bench.hub.cdn].map((url) => new URL(url).host);
    expect([...proxy.reached].toSorted()).toEqual(origins.toSorted());
  });

  test('is left out for the hosts of NO_PROXY', async () => {
    await using bench = await open();
    await using proxy = await startProxy();
    const fetch = (output: string, none: string) =>
      bench.run(['fetch', id, '-o', output], { env: { HTTP_PROXY: proxy.url, NO_PROXY: none } });
    expect((await fetch('a.tar', '127.0.0.1,localhost')).code).toBe(0);
    expect([...proxy.reached]).toEqual([]);
    expect((await fetch('b.tar', 'localhost')).code).toBe(0);
    expect([...proxy.reached]).toEqual([new URL(bench.hub.endpoint).host]);
  });

  test('that cannot be reached is named, without its password', async () => {
    await using bench = await open();
    const env = { HTTP_PROXY: 'http://user:hunter22@127.0.0.1:1' };
    const run = await bench.run(['fetch', id, '-o', 'models.tar', '--verbose', '--json'], { env });
    expect(run.code).toBe(6);
    expect(run.stdout + run.stderr).not.toContain('hunter22');
    expect(bench.hub.log).toEqual([]);
  });
});

describe.concurrent('every option', () => {
  test('can be set by a variable', async () => {
    await using bench = await open({ tokens: { hf_by_variable: { name: 'x' } } });
    const run = await bench.run(['fetch', id], {
      env: {
        MODELPACK_OUTPUT: 'by-variable.tar',
        MODELPACK_TOKEN: 'hf_by_variable',
        MODELPACK_INCLUDE: '*.json',
        MODELPACK_JSON: '1',
        MODELPACK_DRY_RUN: '0',
      },
    });
    expect(run.code).toBe(0);
    expect(run.json<FetchResult>()).toMatchObject({ location: 'by-variable.tar', files: 4 });
    expect(await bench.folder.list()).toEqual(['by-variable.tar']);
    expect(new Set(bench.hub.log.map(({ token }) => token))).toEqual(new Set(['hf_by_variable']));
  });

  test('on the command line beats its variable', async () => {
    await using bench = await open();
    const env = { MODELPACK_OUTPUT: 'variable.tar', MODELPACK_REVISION: 'missing', MODELPACK_QUIET: 'false' };
    const run = await bench.run(['fetch', id, '-o', 'option.tar', '--revision', 'v1.0'], { env });
    expect(run).toMatchObject({ code: 0, stdout: 'option.tar\n' });
    expect(run.stderr).not.toBe('');
  });

  test('is checked when it comes from a variable', async () => {
    await using bench = await open();
    const run = await bench.run(['fetch', id, '-o', 'models.tar'], { env: { MODELPACK_JOBS: 'many' } });
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/jobs.*whole number from 1 to 256\n/i);
  });
});
