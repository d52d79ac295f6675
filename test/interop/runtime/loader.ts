import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { python, type Bench, type Environment } from '../bench.ts';
import { openHost } from '../servers/host.ts';
import { moto } from '../servers/moto.ts';
import { radosgw } from '../servers/radosgw.ts';
import { credentials, region } from '../servers/server.ts';
import { versitygw } from '../servers/versitygw.ts';
import { startS3 } from '../../servers/s3/server.ts';

/** What run_tests.py says. */
interface Ran {
  readonly tests: number;
  readonly skipped: number;
  readonly python: string;
}

const loader = fileURLToPath(new URL('../../../python', import.meta.url));

/** All that the Python loader promises, on the server of the tests. */
export async function runtime(bench: Bench): Promise<string> {
  await using server = await startS3();
  const [[id, secret] = ['', '']] = Object.entries(server.keys);
  const keys = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret };
  const ran: Ran[] = [];
  for (const module of ['test_open', 'test_faults', 'test_mount', 'test_shared', 'test_tensors'])
    ran.push(await tests(bench, server.endpoint, keys, [module]));
  const sum = ran.reduce((total, each) => total + each.tests, 0);
  return `${sum} tests of the loader, Python ${ran[0]?.python}`;
}

/** What it reads from servers that nobody here wrote. */
export async function runtimeServers(bench: Bench): Promise<string> {
  const keys = { AWS_ACCESS_KEY_ID: credentials.id, AWS_SECRET_ACCESS_KEY: credentials.secret };
  const said: string[] = [];
  for (const server of [moto, radosgw, versitygw]) {
    await using host = await openHost();
    const { endpoint, version } = await server.start(host);
    const ran = await tests(bench, endpoint, keys, ['test_open', 'test_shared']);
    said.push(`${ran.tests} on ${server.title} ${version}`);
  }
  return said.join(', ');
}

async function tests(
  bench: Bench,
  endpoint: string,
  keys: Environment,
  modules: readonly string[],
): Promise<Ran> {
  const env = { ...keys, AWS_REGION: region, AWS_DEFAULT_REGION: region, AWS_ENDPOINT_URL: endpoint };
  const ran = JSON.parse(await bench.python(['runtime/run_tests.py', ...modules], env)) as Ran;
  assert.equal(ran.skipped, 0);
  return ran;
}

/** Types and style of the loader and its tests. */
export async function runtimeTypes(bench: Bench): Promise<string> {
  const config = `${loader}/pyproject.toml`;
  await bench.run(python, ['-m', 'mypy', '--config-file', config, `${loader}/modelpack_runtime.py`]);
  const scripts = ['.', '../function', '../../../examples'].map((folder) =>
    fileURLToPath(new URL(folder, import.meta.url)),
  );
  const code = [loader, ...scripts];
  await bench.run(python, ['-m', 'ruff', 'check', '--no-cache', '--config', config, ...code]);
  await bench.run(python, ['-m', 'ruff', 'format', '--no-cache', '--check', '--config', config, ...code]);
  return 'mypy --strict and ruff find nothing';
}
