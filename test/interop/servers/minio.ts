import { join } from 'node:path';

import { moduleVersion } from './go.ts';
import { freePort, listening } from './host.ts';
import { credentials, region, type ServerUnderTest } from './server.ts';

/** One disk, as most try it. Its releases have ended, so this is what there will be. */
export const minio: ServerUnderTest = {
  title: 'MinIO',
  version: 'v0.0.0-20260212201848-7aac2a2c5b7c',
  async start(host) {
    const port = await freePort();
    const args = ['server', '--quiet', '--address', `127.0.0.1:${port}`, join(host.folder, 'data')];
    const daemon = host.start('minio', args, {
      PATH: process.env['PATH'],
      HOME: host.folder,
      MINIO_ROOT_USER: credentials.id,
      MINIO_ROOT_PASSWORD: credentials.secret,
      MINIO_REGION: region,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    });
    return { endpoint: await listening(daemon, port), version: await moduleVersion(host, 'minio') };
  },
  supports: {
    signatures: true,
    crc32: { put: 'whole', parts: 'whole' },
    refuses: { crc32: true, md5: true, size: false, whole: true },
    md5Etag: true,
    ifNoneMatch: { put: true, complete: true },
    listedParts: 'crc32',
    listedUploads: { by: 'key', pages: false },
    completesAgain: false,
    tellsRemoved: { part: true, complete: true },
    tags: { put: true, parts: true },
    storageClass: 'refused',
    encryption: 'refused',
  },
};
