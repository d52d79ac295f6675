import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { measure, median, type Measured } from './measure.ts';

/*
 * npm run bench [-- --size BYTES --rounds N]
 *
 * Both sides of each case on the same servers, in alternation; medians and the ratio. The servers run in a process
 * of their own, as they would on another machine, but share its cores.
 */
const { values } = parseArgs({
  options: { size: { type: 'string', default: String(2 ** 30) }, rounds: { type: 'string', default: '5' } },
});
const size = Number(values.size);
const rounds = Number(values.rounds);
const root = fileURLToPath(new URL('..', import.meta.url));
const modelpack = [join(root, 'bin/modelpack.js')];
const folder = await mkdtemp(join(tmpdir(), 'modelpack-bench-'));

const server = spawn(
  process.execPath,
  ['--import', 'tsx', 'test/servers/hub/main.ts', '--size', String(size)],
  {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);

type Side = () => Promise<Measured>;

async function compare(name: string, ours: Side, theirs: Side, peer: string): Promise<void> {
  const measured: { ours: Measured[]; theirs: Measured[] } = { ours: [], theirs: [] };
  for (let round = 0; round <= rounds; round++) {
    const [a, b] = [await ours(), await theirs()];
    if (round === 0) continue; // warms the page cache and the servers
    measured.ours.push(a);
    measured.theirs.push(b);
  }
  const [a, b] = [measured.ours, measured.theirs].map((side) => median(side.map(({ seconds }) => seconds)));
  const peak = Math.max(...measured.ours.map((side) => side.peak)) / 2 ** 20;
  console.log(
    `${name}: modelpack ${a!.toFixed(3)} s (peak ${peak.toFixed(0)} MB), ${peer} ${b!.toFixed(3)} s; ` +
      `ratio of wall time ${(a! / b!).toFixed(2)}, of speed ${(b! / a!).toFixed(2)}`,
  );
}

try {
  console.log(
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.versions.node}; ${rounds} rounds, medians`,
  );
  const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
  const { endpoint } = JSON.parse(line) as { endpoint: string };
  const env = { ...process.env, HF_ENDPOINT: endpoint, HF_HOME: folder };

  await compare(
    'start-up (--version)',
    () => measure(process.execPath, [...modelpack, '--version']),
    () => measure(process.execPath, ['-e', '0']),
    'node -e 0',
  );

  const resolved = await fetch(`${endpoint}/acme/big/resolve/main/model.safetensors`, {
    method: 'HEAD',
    redirect: 'manual',
  });
  const url = resolved.headers.get('location');
  if (url === null) throw new Error('the fixture gave no address for the weights');
  const [tar, file] = [join(folder, 'big.tar'), join(folder, 'big.bin')];
  await compare(
    `fetch to a file, ${(size / 2 ** 20).toFixed(0)} MiB`,
    async () => {
      await rm(tar, { force: true });
      return measure(process.execPath, [...modelpack, 'fetch', 'acme/big', '-o', tar, '--quiet'], env);
    },
    async () => {
      await rm(file, { force: true });
      return measure('bash', ['-c', 'curl -sSf -o "$0" "$1" && sha256sum "$0"', file, url]);
    },
    'curl && sha256sum',
  );
} finally {
  server.kill();
  await rm(folder, { recursive: true, force: true });
}
