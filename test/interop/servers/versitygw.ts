import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { moduleVersion } from './go.ts';
import { freePort, listening } from './host.ts';
import { credentials, region, type ServerUnderTest } from './server.ts';

/** A gateway to a folder. What not every file system can keep with a file is kept beside. */
export const versitygw: ServerUnderTest = {
  title: 'versitygw',
  version: 'v1.8.0',
  async start(host) {
    const [data, sidecar] = [join(host.folder, 'data'), join(host.folder, 'sidecar')];
    for (const folder of [data, sidecar]) await mkdir(folder);
    const port = await freePort();
    const settings = ['--port', `127.0.0.1:${port}`, '--region', region, '--quiet'];
    const keys = ['--access', credentials.id, '--secret', credentials.secret];
    const daemon = host.start('versitygw', [...settings, ...keys, 'posix', '--sidecar', sidecar, data]);
    return { endpoint: await listening(daemon, port), version: await moduleVersion(host, 'versitygw') };
  },
  supports: {
    signatures: true,
    crc32: { put: 'whole', parts: 'whole' },
    refuses: { crc32: true, md5: true, size: true, whole: true },
    md5Etag: true,
    ifNoneMatch: { put: true, complete: true },
    listedParts: 'crc32',
    listedUploads: { by: 'prefix', pages: true },
    completesAgain: true,
    tellsRemoved: { part: true, complete: true },
    tags: { put: true, parts: true },
    storageClass: 'ignored',
    encryption: 'ignored',
  },
};
