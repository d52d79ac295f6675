import { isolated, python } from '../bench.ts';
import type { ServerUnderTest } from './server.ts';

/** A stand-in for AWS that knows the newer parts of S3. It checks neither signatures nor checksums. */
export const moto: ServerUnderTest = {
  title: 'moto',
  version: '5.2.1',
  async start(host) {
    const args = ['-u', '-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'];
    const daemon = host.start(python, args, isolated(host.folder, {}));
    const version = await host.run(python, '-c', 'import moto; print(moto.__version__)');
    const endpoint = await daemon.until(async () => /Running on (http:\S+)/.exec(daemon.said())?.[1]);
    return { endpoint, version: version.trim() };
  },
  supports: {
    signatures: false,
    crc32: { put: 'nothing', parts: 'whole' },
    refuses: { crc32: false, md5: false, size: false, whole: false },
    md5Etag: true,
    ifNoneMatch: { put: true, complete: true },
    listedParts: 'md5',
    listedUploads: { by: 'prefix', pages: false },
    completesAgain: true,
    tellsRemoved: { part: false, complete: false },
    tags: { put: true, parts: true },
    storageClass: 'kept',
    encryption: 'kept',
  },
};
