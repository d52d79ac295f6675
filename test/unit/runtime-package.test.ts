import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { build } from 'esbuild';
import { expect, it } from 'vitest';

import { bert, own } from '../helpers/loading.ts';
import { writeBundle } from '../helpers/made-bundle.ts';
import { temporaryFolder } from '../helpers/tmp.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const entry = fileURLToPath(new URL('../../dist/runtime/index.js', import.meta.url));

/** The loader as a deployment tool makes it: one file, with the SDK left to Lambda. */
async function bundled(outfile: string) {
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    minify: true,
    external: ['@aws-sdk/*'],
    metafile: true,
    outfile,
  });
  const [made] = Object.values(metafile.outputs);
  return { bytes: made!.bytes, inputs: Object.keys(made!.inputs) };
}

it('is small, and has nothing of the command line, of other SDKs, or of HTTP clients in it', async () => {
  await using folder = await temporaryFolder();
  const { bytes, inputs } = await bundled(folder.join('runtime.mjs'));
  const packages = inputs.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  expect([...new Set(packages)].toSorted()).toEqual([
    'is-network-error',
    'p-limit',
    'p-retry',
    'yocto-queue',
  ]);
  const modules = inputs.flatMap((path) => /(?:^|\/)dist\/(.+)$/.exec(path)?.[1] ?? []);
  expect(
    modules.filter((path) => /^(?:cli|verbs|sink|source(?!\/glob)|lint|budget|weights)\b/.test(path)),
  ).toEqual([]);
  expect(modules.length).toBeGreaterThan(10);
  expect(bytes).toBeLessThan(40_000);
});

it('opens a file where no package is installed, and says what S3 needs', async () => {
  await using folder = await temporaryFolder();
  await bundled(folder.join('runtime.mjs'));
  const { id } = await writeBundle(folder.join('models.tar'), [own, bert]);
  await folder.write(
    'main.mjs',
    `import { open } from './runtime.mjs';
     const bundle = await open('models.tar', { verify: true });
     const failed = await open('s3://models/key').catch(({ code, message, hint }) => ({ code, message, hint }));
     console.log(JSON.stringify({ id: bundle.id, files: bundle.files().length, failed }));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, ['main.mjs'], { cwd: folder.path, env: {} });
  const [line, result] = stdout.split('\n');
  expect(line).toMatch(/^modelpack: opened models\.tar: 22\.1 MB in .*, 0 retries$/);
  expect(JSON.parse(result!)).toEqual({
    id,
    files: 6,
    failed: {
      code: 'usage',
      message: 'reading from S3 needs the package @aws-sdk/client-s3',
      hint: 'Lambda has it; elsewhere: npm install @aws-sdk/client-s3',
    },
  });
});

it('is found by its name', async () => {
  const script =
    "import { customCache, open } from 'modelpack/runtime'; console.log(typeof open, typeof customCache)";
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
  });
  expect(stdout).toBe('function function\n');
});
