import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort, listening, type Host } from './host.ts';
import { credentials, type ServerUnderTest } from './server.ts';

/**
 * Ceph as small as it gets: a monitor, an OSD that keeps everything in memory, and the gateway. A manager, which the
 * documents ask for, only keeps statistics.
 */
export const radosgw: ServerUnderTest = {
  title: 'Ceph radosgw',
  version: '16.2.15',
  async start(host) {
    const { folder, run } = host;
    const conf = join(folder, 'ceph.conf');
    const ceph = (program: string, ...args: readonly string[]) => run(program, '-c', conf, ...args);
    const daemon = (program: string, ...args: readonly string[]) =>
      host.start(program, ['-f', '-c', conf, ...args]);

    const port = await freePort();
    const site: Site = { folder, fsid: randomUUID(), address: `v2:127.0.0.1:${await freePort()}`, port };
    for (const name of ['mon', 'osd', 'rgw']) await mkdir(join(folder, name));
    await writeFile(conf, configuration(site));
    await makeKeys(host, site);

    await startMonitor(site);
    await ceph('ceph', '--connect-timeout', '30', 'osd', 'create');
    await ceph('ceph-osd', '--mkfs', '-i', '0');
    daemon('ceph-osd', '-i', '0');
    const endpoint = await listening(daemon('radosgw', '-n', 'client.rgw'), port);
    const user = ['--uid=modelpack', '--display-name=modelpack'];
    await ceph(
      'radosgw-admin',
      'user',
      'create',
      ...user,
      `--access-key=${credentials.id}`,
      `--secret-key=${credentials.secret}`,
    );
    const version = /version (\S+)/.exec(await run('radosgw', '--version'))?.[1];
    return { endpoint, ...(version === undefined ? {} : { version }) };

    async function startMonitor({ fsid, address }: Site): Promise<void> {
      const map = join(folder, 'monmap');
      await run('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', `[${address}]`, map);
      await ceph('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyringOf(site));
      daemon('ceph-mon', '-i', 'a');
    }
  },
  supports: {
    signatures: true,
    crc32: { put: 'nothing', parts: 'nothing' },
    refuses: { crc32: false, md5: true, size: false, whole: false },
    md5Etag: true,
    ifNoneMatch: { put: true, complete: false },
    listedParts: 'md5',
    listedUploads: { by: 'prefix', pages: true },
    completesAgain: true,
    tellsRemoved: { part: true, complete: false },
    tags: { put: true, parts: false },
    storageClass: 'refused',
    encryption: 'refused',
  },
};

interface Site {
  readonly folder: string;
  readonly fsid: string;
  /** Of the monitor. */
  readonly address: string;
  /** Of the gateway. */
  readonly port: number;
}

const capabilities = {
  'mon.': ['mon', 'allow *'],
  'client.admin': ['mon', 'allow *', 'osd', 'allow *'],
  'client.rgw': ['mon', 'allow rwx', 'osd', 'allow rwx'],
  'osd.0': ['mon', 'allow profile osd', 'osd', 'allow *'],
} as const;

function keyringOf({ folder }: Site): string {
  return join(folder, 'keyring');
}

async function makeKeys({ run }: Host, site: Site): Promise<void> {
  const keyring = keyringOf(site);
  await writeFile(keyring, '');
  for (const [name, pairs] of Object.entries(capabilities)) {
    const caps = pairs.flatMap((word, i) => (i % 2 === 0 ? ['--cap', word] : [word]));
    await run('ceph-authtool', keyring, '--gen-key', '-n', name, ...caps);
  }
}

/**
 * One copy of everything; small pools, for there are many; decisions at once, for there is nobody to wait for.
 * https://docs.ceph.com/en/pacific/rados/configuration/
 */
function configuration(site: Site): string {
  const { folder, fsid, address, port } = site;
  return `[global]
fsid = ${fsid}
mon_initial_members = a
mon_host = ${address}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
keyring = ${keyringOf(site)}
run_dir = ${folder}
log_file =
pid_file =
admin_socket =
auth_allow_insecure_global_id_reclaim = true
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_class_load_list = *
osd_class_default_list = *
[mon.a]
mon_data = ${folder}/mon
[osd.0]
osd_data = ${folder}/osd
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:${port}
rgw_data = ${folder}/rgw
rgw_enable_apis = s3
`;
}
