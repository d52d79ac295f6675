import { startS3 } from '../../servers/s3/server.ts';
import { credentials, region, type ServerUnderTest } from './server.ts';

/** The one of `npm test`: what it promises there has to hold for it here. */
export const embedded: ServerUnderTest = {
  title: "the one of this repository's tests",
  version: undefined,
  async start(host) {
    const { endpoint } = host.own(
      await startS3({ keys: { [credentials.id]: credentials.secret }, region, dir: host.folder }),
    );
    return { endpoint };
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
    storageClass: 'kept',
    encryption: 'kept',
  },
};
