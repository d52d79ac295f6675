import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';

import limit from 'p-limit';

import { sha256Of, type Bench } from '../bench.ts';
import { openHost } from '../servers/host.ts';
import { credentials, region, type ServerUnderTest } from '../servers/server.ts';
import { conditions } from './conditions.ts';
import { damage } from './damage.ts';
import { observe } from './observe.ts';
import { lookFromOutside } from './outside.ts';
import { reading } from './reading.ts';
import { resuming } from './resuming.ts';
import type { Contract, Contracts, Local, Trial } from './trial.ts';
import { openWire } from './wire.ts';
import { writing } from './writing.ts';

const contracts: Contracts = { ...writing, ...conditions, ...reading, ...damage, ...resuming };

/** At once. Each is a process of a second, and a wait now and then. */
const JOBS = 2;

/**
 * Tries every contract on a server, and what the server is said to support.
 *
 * ONLY tries those with this text in their name.
 */
export async function keepsContracts(server: ServerUnderTest, bench: Bench): Promise<string> {
  const { ONLY: only = '' } = process.env;
  await using host = await openHost();
  const { endpoint, version } = await server.start(host);
  assert.equal(version, server.version, `${server.title} is of another version than its table`);
  using outside = lookFromOutside(endpoint);
  await outside.begin();
  assert.deepEqual(await observe(endpoint), server.supports, `${server.title} supports something else`);

  const locals = {
    large: await fetched(bench, 'acme/big', 'large.tar'),
    other: await fetched(bench, 'acme/other', 'other.tar'),
    small: await fetched(bench, 'acme/tiny-bert', 'small.tar'),
  };
  async function attempt(contract: Contract, key: string): Promise<void> {
    await using wire = await openWire(endpoint);
    const base = {
      AWS_ENDPOINT_URL_S3: wire.endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.id,
      AWS_SECRET_ACCESS_KEY: credentials.secret,
    };
    const trial: Trial = {
      ...locals,
      bench,
      supports: server.supports,
      outside,
      wire,
      key,
      run: (args, { env, input } = {}) => bench.start(args, { ...base, ...env }, input).outcome,
      start: (args) => bench.start(args, base),
    };
    await contract(trial);
  }

  const broken: string[] = [];
  const tried = Object.entries(contracts).filter(([name]) => name.includes(only));
  assert.ok(tried.length > 0, `no contract has "${only}" in its name`);
  await limit(JOBS).map(tried, async ([name, contract], i) => {
    await attempt(contract, `contract-${i}/models.tar`).catch((error: Error) => {
      broken.push(`${name}: ${error.stack ?? error.message}`);
    });
  });
  assert.equal(
    broken.length,
    0,
    `${broken.length} of ${tried.length} contracts are broken\n${broken.join('\n')}`,
  );
  return `${tried.length} contracts hold`;
}

async function fetched(bench: Bench, model: string, name: string): Promise<Local> {
  const path = await bench.path(name);
  const { id } = JSON.parse(await bench.modelpack(['fetch', model, '-o', path, '--json'])) as { id: string };
  return { model, path, id, size: (await stat(path)).size, sha256: await sha256Of(path) };
}
