import type { Bench } from './bench.ts';

/** The real huggingface_hub finds in an unpacked cache what was bundled, by every name that it may have. */
export async function hubCache(bench: Bench): Promise<string> {
  const { hub } = bench;
  const commit = hub.commit('acme/tiny-bert');
  const bundles = [
    { model: 'acme/tiny-bert', revisions: [null, 'main', commit] },
    { model: 'acme/tiny-bert@v1.0', revisions: [null, 'v1.0', commit] },
    { model: `acme/tiny-bert@${commit}`, revisions: [null, commit] },
  ];
  const said: string[] = [];
  for (const [i, { model, revisions }] of bundles.entries()) {
    const [bundle, folder] = [await bench.path(`${i}.tar`), await bench.path(`${i}`)];
    await bench.modelpack(['fetch', model, 'other=acme/odd', '--all', '-o', bundle]);
    await bench.modelpack(['unpack', bundle, folder, '--layout', 'cache']);
    const expected = [
      { repo: 'acme/tiny-bert', revisions, files: hashesOf(bench, 'acme/tiny-bert') },
      { repo: 'acme/odd', revisions: [null, 'main'], files: hashesOf(bench, 'acme/odd') },
    ];
    said.push((await bench.python(['hub_cache_check.py', folder, JSON.stringify(expected)])).trim());
  }
  return `${said.length} caches, each: ${said.at(-1)}`;
}

function hashesOf({ hub }: Bench, repo: string): Record<string, string> {
  return Object.fromEntries(hub.files(repo).map(({ path, sha256 }) => [path, sha256]));
}
