import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { modelpack } from '../helpers/run.ts';
import { temporaryFolder } from '../helpers/tmp.ts';

/** The packages and folders of ours that a run loads, by what Node covers. */
async function loadedBy(args: readonly string[]): Promise<Set<string>> {
  await using folder = await temporaryFolder();
  const covered = folder.join('loaded');
  await folder.write('model/a.bin', 'a');
  await modelpack(args, { cwd: folder.path, env: { NODE_V8_COVERAGE: covered } });
  const [file = ''] = await readdir(covered);
  const { result } = JSON.parse(await readFile(join(covered, file), 'utf8')) as { result: { url: string }[] };
  return new Set(
    result.flatMap(
      ({ url }) =>
        /\/(?:node_modules\/((?:@[^/]+\/)?[^/]+)|dist\/([\w-]+))\//.exec(url)?.slice(1).find(Boolean) ?? [],
    ),
  );
}

test.each(['--version', '--help'])('%s loads nothing but the command line', async (flag) => {
  const loaded = await loadedBy([flag]);
  expect(loaded).toContain('cli');
  for (const heavy of ['verbs', 'lock', 'report', 'template', 'yaml', 'ajv', 'd3-hierarchy', 'undici'])
    expect(loaded, heavy).not.toContain(heavy);
});

test('a size check without a report loads nothing that draws one', async () => {
  const loaded = await loadedBy(['size-check', './model']);
  expect(loaded).toContain('budget');
  for (const heavy of ['report', 'template', 'yaml', 'ajv', 'd3-hierarchy'])
    expect(loaded, heavy).not.toContain(heavy);
  expect(await loadedBy(['size-check', './model', '--report', 'r.html'])).toContain('d3-hierarchy');
});
