import { readFile } from 'node:fs/promises';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import type { FetchResult } from '../../src/verbs/fetch.ts';
import type { InspectResult } from '../../src/verbs/inspect.ts';
import { calling, made, pickle } from '../helpers/pickle.ts';
import { modelpack } from '../helpers/run.ts';
import { temporaryFolder } from '../helpers/tmp.ts';
import { startHub, type Repo } from '../servers/hub/hub.ts';
import { generatedSafetensors } from '../servers/hub/models/safetensors.ts';
import { generatedTorch } from '../servers/hub/models/torch.ts';
import { zip } from '../servers/hub/models/zip.ts';
import { startS3 } from '../servers/s3/server.ts';

const MiB = 1024 ** 2;
const config = { path: 'config.json', storage: 'git', content: Buffer.from('{}') } as const;
const name = 'pytorch_model.bin';

function repoOf(id: string, path: string, content: Repo['revisions'][string][number]['content']): Repo {
  return { id, revisions: { main: [config, { path, storage: 'xet', content }] } };
}

const hub = await startHub({
  repos: [
    repoOf('acme/clean', name, generatedTorch(4 * MiB, 1)),
    repoOf('acme/evil', name, generatedTorch(4 * MiB, 2, calling('os', 'system'))),
    repoOf('acme/small', 'model.pkl', calling('os', 'system')),
    repoOf('acme/next', 'model.safetensors', generatedSafetensors(4 * MiB, 3)),
  ],
});
const s3 = await startS3({ keys: { test: 'testsecret' }, buckets: ['models'] });
const folder = await temporaryFolder();
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await s3.close();
  await hub.close();
});

beforeEach(() => {
  hub.log.length = 0;
  s3.log.length = 0;
});

const env = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'testsecret',
  AWS_ENDPOINT_URL_S3: s3.endpoint,
};
const run = (...args: string[]) => modelpack(args, { hub, env, cwd: folder.path });

/** Requests for the weights' bytes. */
const ranges = () => hub.log.filter(({ origin, method }) => origin === 'cdn' && method === 'GET');

const evil = { path: `acme/evil/${name}`, imports: ['os.system'], unsafe: ['os.system'] };

describe('fetch', () => {
  it.each([
    ['a file', 'refused.tar'],
    ['S3', 's3://models/refused.tar'],
  ])('to %s refuses a pickle that calls os.system, before its weights are asked for', async (_, output) => {
    const refused = await run('fetch', 'acme/evil', '-o', output, '--json');
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.json()).toEqual({
      error: {
        code: 'integrity',
        message: `acme/evil/${name} imports os.system when it is loaded`,
        hint: expect.stringMatching(/safetensors.*--allow-pickle/),
      },
    });
    expect(ranges().map(({ range }) => range)).toEqual([
      'bytes=0-67583',
      `bytes=${4 * MiB - 67_584}-${4 * MiB - 1}`,
    ]);
    expect((await folder.list()).filter((entry) => entry.includes('refused'))).toEqual([]);
    expect(s3.keysOf('models')).toEqual([]);
    expect(s3.log.filter(({ method }) => method !== 'HEAD')).toEqual([]);
  });

  it('leaves the bundle that was there', async () => {
    await run('fetch', 'acme/next', '-o', 'kept.tar');
    const before = await readFile(folder.join('kept.tar'));
    expect(await run('fetch', 'acme/evil', '-o', 'kept.tar')).toMatchObject({ code: 7, stdout: '' });
    expect((await readFile(folder.join('kept.tar'))).equals(before)).toBe(true);
    expect((await folder.list()).filter((entry) => entry.includes('kept'))).toEqual(['kept.tar']);
  });

  it.each([
    ['a file', 'allowed.tar'],
    ['S3', 's3://models/allowed.tar'],
  ])('to %s takes it with --allow-pickle, and names what it does', async (_, output) => {
    const args = ['fetch', 'acme/evil', '-o', output, '--json', '--allow-pickle'];
    const { code, stderr, json } = await run(...args);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`acme/evil/${name} imports os.system when it is loaded\n`);
    expect(json<FetchResult>().pickles).toEqual([evil]);

    const again = (await run(...args)).json<FetchResult>();
    expect(again).toMatchObject({ skipped: true, transfer: { downloaded: 0 } });
    // What is there was allowed then, and is not allowed now.
    expect(await run('fetch', 'acme/evil', '-o', output)).toMatchObject({ code: 7, stdout: '' });
  });

  it('does so by an environment variable, too', async () => {
    const options = { hub, cwd: folder.path, env: { MODELPACK_ALLOW_PICKLE: '1' } };
    expect(await modelpack(['fetch', 'acme/small', '-o', 'variable.tar'], options)).toMatchObject({
      code: 0,
    });
  });

  it('takes state dicts without a word, for two small requests more', async () => {
    const { code, stderr, json } = await run('fetch', 'acme/clean', '-o', 'clean.tar', '--json');
    expect(code).toBe(0);
    expect(stderr).not.toContain('import');
    const imports = ['collections.OrderedDict', 'torch._utils._rebuild_tensor_v2', 'torch.ByteStorage'];
    expect(json<FetchResult>().pickles).toEqual([{ path: `acme/clean/${name}`, imports, unsafe: [] }]);
    const asked = ranges().map(({ bytes }) => bytes);
    expect(asked.slice(0, 2)).toEqual([67_584, 67_584]);
    expect(asked.slice(2).reduce((sum, bytes) => sum + bytes, 0)).toBe(4 * MiB);
    expect(hub.log.filter(({ method }) => method === 'HEAD')).toHaveLength(1);

    hub.log.length = 0;
    const again = (await run('fetch', 'acme/clean', '-o', 'clean.tar', '--json')).json<FetchResult>();
    expect(again).toMatchObject({ skipped: true, pickles: [{ imports }] });
    expect(ranges()).toEqual([]); // what is there is looked into where it is
  });

  it('asks for nothing more of safetensors, and has no word for them', async () => {
    const fetched = (await run('fetch', 'acme/next', '-o', 'next.tar', '--json')).json<FetchResult>();
    expect(fetched).not.toHaveProperty('pickles');
    expect(ranges().reduce((sum, { bytes }) => sum + bytes, 0)).toBe(4 * MiB);
  });

  it('plans without looking into weights', async () => {
    expect(await run('fetch', 'acme/evil', '-o', 'plan.tar', '--dry-run')).toMatchObject({ code: 0 });
    expect(ranges()).toEqual([]);
  });

  it.each([
    [
      'in a zip',
      'model.pt',
      zip([{ name: 'archive/data.pkl', content: calling('posix', 'system') }]),
      /imports posix\.system/,
    ],
    ['of protocol 0', 'old.bin', pickle("cos\nsystem\n(S'id'\ntR."), /imports os\.system/],
    [
      'of a whole module',
      'module.pt',
      made('torch.module.pt'),
      /imports __main__\.Net, torch\.nn\.modules\.linear\.Linear/,
    ],
    [
      'of joblib',
      'model.joblib',
      made('arrays.joblib'),
      /NumpyArrayWrapper when it is loaded, and has arrays of joblib in it, behind which/,
    ],
    [
      'that is compressed',
      'model.joblib',
      made('compressed.joblib'),
      /is compressed, so that its imports are not read/,
    ],
    ['that is cut off', 'model.pkl', made('protocol-4.pkl').subarray(0, 100), /ends in the middle/],
    ['in a zip that is cut off', 'model.pt', made('torch.zip.pt').subarray(0, 2000), /is cut off/],
    [
      'that hides the worst behind others',
      'model.pkl',
      Buffer.concat([...['a', 'b', 'c', 'd', 'e', 'f'].map((x) => calling('x', x)), calling('os', 'system')]),
      /imports os\.system, x\.a, x\.b, x\.c, x\.d and 2 more/,
    ],
    [
      'with a name to move the cursor',
      'model.pkl',
      pickle('\x80\x04\x8c\x03a\x1b[\x8c\x01b\x93.'),
      /imports a\\u\{1b\}\[\.b when/,
    ],
  ])('refuses a local pickle %s', async (what, path, content, message) => {
    const local = what.replaceAll(/[^a-z0-9]/g, '-');
    await folder.write(`${local}/${path}`, content);
    const refused = await run('fetch', `./${local}`, '-o', 'local.tar');
    expect(refused).toMatchObject({ code: 7, stdout: '' });
    expect(refused.stderr).toContain(`modelpack: ${local}/${path} `);
    expect(refused.stderr).toMatch(message);
    expect(refused.stderr).toMatch(/^hint: .*--allow-pickle$/m);
    expect((await folder.list()).filter((entry) => entry.startsWith('local.tar'))).toEqual([]);
  });

  it('takes every harmless file of a folder', async () => {
    const names = [
      'torch-1.7.script.pt',
      'torch.legacy.pt',
      'objects.npz',
      'numbers.npy',
      'protocol-0.pkl',
      'three.safetensors',
    ];
    for (const each of names) await folder.write(`harmless/${each}`, made(each));
    await folder.write('harmless/ggml-model.bin', Buffer.from('lmgg\x01\0\0\0'));
    const { code, stderr, json } = await run('fetch', './harmless', '-o', 'harmless.tar', '--json');
    expect(code, stderr).toBe(0);
    const { pickles = [], transfer, size } = json<FetchResult>();
    expect(pickles.map(({ path }) => path).toSorted()).toEqual(
      ['objects.npz', 'protocol-0.pkl', 'torch-1.7.script.pt', 'torch.legacy.pt'].map(
        (each) => `harmless/${each}`,
      ),
    );
    expect(transfer.reused).toBeLessThan(size);
  });

  it('names every file', async () => {
    for (const each of ['a.pkl', 'b.pkl', 'c.pkl'])
      await folder.write(`three/${each}`, calling('os', each[0]!));
    const refused = await run('fetch', './three', '-o', 'three.tar');
    const [last, hint] = refused.stderr.trimEnd().split('\n').slice(-2);
    expect(last).toBe('modelpack: three/a.pkl imports os.a when it is loaded, and 2 more files like it');
    expect(hint).toMatch(/^hint: /);
    for (const each of ['a', 'b', 'c']) {
      expect(refused.stderr).toContain(`\nthree/${each}.pkl imports os.${each} when it is loaded\n`);
    }
  });
});

describe('fetch of safetensors', () => {
  const huge = Buffer.alloc(1000);
  huge.writeBigUInt64LE(2n ** 60n);

  it.each(['bad.tar', 's3://models/bad.tar'])('to %s refuses a header of 2^60 bytes', async (output) => {
    await folder.write('huge/model.safetensors', huge);
    const refused = await run('fetch', './huge', '-o', output, '--allow-pickle', '--json');
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.json()).toMatchObject({
      error: {
        code: 'integrity',
        message:
          'huge/model.safetensors is no valid safetensors file: its header would have 1152921504606846976 bytes, at most 100000000 are allowed',
      },
    });
    expect((await folder.list()).filter((entry) => entry.startsWith('bad.tar'))).toEqual([]);
    expect(s3.keysOf('models')).not.toContain('bad.tar');
    expect(s3.uploads()).toEqual([]);
  });
});

describe('inspect', () => {
  it.each(['inspected.tar', 's3://models/inspected.tar'])('names what %s imports', async (output) => {
    await run('fetch', 'acme/evil', 'acme/clean', 'acme/next', '-o', output, '--allow-pickle');
    s3.log.length = 0;
    const text = await run('inspect', output, '--pickles');
    expect(text).toMatchObject({ code: 0 });
    expect(text.stdout).toMatch(
      /^ +4 MB +pytorch_model\.bin +pickle: imports os\.system when it is loaded$/m,
    );
    expect(text.stdout).toMatch(/^ +4 MB +pytorch_model\.bin +pickle: 3 imports, known to be harmless$/m);
    expect(text.stdout).toMatch(/^ +4 MB +model\.safetensors$/m);
    if (output.startsWith('s3:')) {
      // The index, and of each pickle its beginning and its end; one begins in what came with the index.
      expect(s3.log.map(({ operation }) => operation)).toEqual(Array.from({ length: 4 }, () => 'GetObject'));
    }
    const { models } = (await run('inspect', output, '--pickles', '--json')).json<InspectResult>();
    const { imports, unsafe } = evil;
    const files = models.flatMap((model) => model.files.map((file) => [model.name, file.path, file.pickle]));
    expect(files).toEqual([
      ['acme/clean', 'config.json', undefined],
      ['acme/clean', name, { imports: expect.any(Array), unsafe: [] }],
      ['acme/evil', 'config.json', undefined],
      ['acme/evil', name, { imports, unsafe }],
      ['acme/next', 'config.json', undefined],
      ['acme/next', 'model.safetensors', undefined],
    ]);
  });

  it('names them without being asked in a file, and reads the index alone of an object', async () => {
    for (const [output, requests, named] of [
      ['unasked.tar', 0, 1],
      ['s3://models/unasked.tar', 1, 0],
    ] as const) {
      await run('fetch', 'acme/clean', '-o', output);
      s3.log.length = 0;
      const { models } = (await run('inspect', output, '--json')).json<InspectResult>();
      expect(models[0]?.files.filter((file) => file.pickle !== undefined)).toHaveLength(named);
      expect(s3.log).toHaveLength(requests);
    }
  });
});
