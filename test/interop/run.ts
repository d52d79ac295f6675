// What others say of our bytes: other readers of tar, other clients of S3, another S3, the real Hub client.
//
//   npx tsx test/interop/run.ts [CHECK...]        all of them by default
//
// PYTHON names a Python that has requirements.txt. Prints a line for each check; the exit code is 1 if one failed.

import { big, odd, tinyBert } from '../servers/hub/models.ts';
import { openBench, type Bench } from './bench.ts';
import { hubCache } from './cache.ts';
import { exampleOfLambda } from './function/example.ts';
import { snapshotOfLoader } from './function/snapshot.ts';
import { tensorsOfTorch } from './function/torch.ts';
import { ciFiles } from './ci.ts';
import { envTemplates, lintSyntax } from './lint.ts';
import { keepsContracts } from './contract/contract.ts';
import { s3Table } from './contract/table.ts';
import { safetensorsHeaders } from './headers.ts';
import { libraries } from './libraries.ts';
import { runtimeLayer } from './runtime/layer.ts';
import { runtimeLibraries, runtimeTorch } from './runtime/libraries.ts';
import { runtime, runtimeServers, runtimeTypes } from './runtime/loader.ts';
import { runtimeNode } from './runtime/node.ts';
import { runtimeNodeServers } from './runtime/node-servers.ts';
import { unpickler } from './pickles.ts';
import { report } from './report.ts';
import { s3Kill } from './s3-kill.ts';
import { awsCli, boto3, moto, s3Conformance } from './s3.ts';
import { servers } from './servers/servers.ts';
import { bsdtar, gnuTar, offsets, readBundle, reproducible, safetensors, tarfile } from './tar.ts';

/** Says what was found, or throws. */
type Check = (bench: Bench) => Promise<string>;

const checks: Readonly<Record<string, Check>> = {
  'gnu-tar': gnuTar,
  bsdtar,
  tarfile,
  offsets,
  reproducible,
  'read-bundle': readBundle,
  safetensors,
  'safetensors-headers': safetensorsHeaders,
  unpickler,
  'huggingface-hub': huggingfaceHub,
  'hub-cache': hubCache,
  libraries,
  'runtime-types': runtimeTypes,
  runtime,
  'runtime-servers': runtimeServers,
  'runtime-libraries': runtimeLibraries,
  'runtime-torch': runtimeTorch,
  'lambda-example': exampleOfLambda,
  'runtime-snapshot': snapshotOfLoader,
  'runtime-tensors': tensorsOfTorch,
  'runtime-node': runtimeNode,
  'runtime-node-servers': runtimeNodeServers,
  'runtime-layer': runtimeLayer,
  moto,
  boto3,
  'aws-cli': awsCli,
  's3-conformance': s3Conformance,
  'env-templates': envTemplates,
  'lint-syntax': lintSyntax,
  report,
  'ci-files': ciFiles,
  's3-table': s3Table,
  ...Object.fromEntries(
    Object.entries(servers).map(([name, server]): [string, Check] => [
      `contract-${name}`,
      (bench) => keepsContracts(server, bench),
    ]),
  ),
  's3-kill': s3Kill,
};

const MiB = 1024 * 1024;
const repos = [
  tinyBert(),
  odd(),
  big({ size: 24 * MiB }),
  big({ id: 'acme/other', size: 24 * MiB, seed: 2 }),
];

async function huggingfaceHub(bench: Bench): Promise<string> {
  const models = ['acme/tiny-bert', 'acme/odd'];
  return (await bench.python(['hub_fixture_check.py', bench.hub.endpoint, ...models])).trim();
}

async function passes(name: string, check: Check): Promise<boolean> {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  try {
    await using bench = await openBench(repos);
    const found = await check(bench);
    say(`ok      ${name.padEnd(20)} ${found} (${seconds()})`);
    return true;
  } catch (error) {
    const { message, stdout = '' } = error as Error & { readonly stdout?: string };
    say(`FAILED  ${name.padEnd(20)} (${seconds()})\n${stdout}${message}`);
    return false;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// What a check started ends with this process, however that ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(checks, name));
if (unknown.length > 0) {
  say(`no such check: ${unknown.join(', ')}; there are ${Object.keys(checks).join(', ')}`);
  process.exitCode = 2;
} else {
  for (const [name, check] of Object.entries(checks)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    if (!(await passes(name, check))) process.exitCode = 1;
  }
}
