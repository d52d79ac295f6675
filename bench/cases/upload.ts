import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { measure } from '../measure.ts';
import type { PeerName } from '../peers.ts';
import { ours, toBucket, type Stage } from '../stage.ts';
import type { Case } from './case.ts';

interface Uploader {
  readonly peer: PeerName;
  readonly args: (file: string, to: string) => readonly string[];
  /** What is not its default. */
  readonly tuned?: string;
  readonly settings?: (stage: Stage) => NodeJS.ProcessEnv;
}

/** As ours: parts of 16 MiB, eight at once, a checksum for each, and no hash over bodies but that. */
const AWS_CONFIG = `[default]
s3 =
  multipart_chunksize = 16MB
  max_concurrent_requests = 8
  payload_signing_enabled = false
`;

const uploaders: readonly Uploader[] = [
  { peer: 'aws', args: (file, to) => ['s3', 'cp', '--no-progress', file, to] },
  { peer: 's5cmd', args: (file, to) => ['cp', file, to] },
  { peer: 'rclone', args: (file, to) => ['copyto', file, to.replace('s3://', ':s3:')] },
  {
    peer: 'aws',
    args: (file, to) => ['s3', 'cp', '--no-progress', file, to],
    tuned: '16 MiB × 8, unsigned',
    settings: ({ folder }) => ({ AWS_CONFIG_FILE: join(folder, 'aws-config') }),
  },
  {
    peer: 's5cmd',
    args: (file, to) => ['cp', '--part-size', '16', '--concurrency', '8', file, to],
    tuned: '16 MiB × 8',
  },
  {
    peer: 'rclone',
    args: (file, to) => ['copyto', file, to.replace('s3://', ':s3:')],
    tuned: '16 MiB × 8, unsigned, no MD5 of the file',
    settings: () => ({
      RCLONE_S3_CHUNK_SIZE: '16M',
      RCLONE_S3_UPLOAD_CONCURRENCY: '8',
      RCLONE_S3_DISABLE_CHECKSUM: 'true',
      RCLONE_S3_USE_UNSIGNED_PAYLOAD: 'true',
    }),
  },
];

export const upload: Case = {
  name: 'upload',
  title: 'upload',
  size: 2 ** 30,
  usesS3: true,
  async sides(stage) {
    const file = join(stage.folder, 'models.tar');
    const sides = ours(stage, (modelpack) =>
      toBucket(stage, 'ours.tar', (to) => modelpack('upload', file, to, '--quiet')),
    );
    await writeFile(join(stage.folder, 'aws-config'), AWS_CONFIG);
    await makeBundle(stage, file);
    for (const { peer, args, tuned, settings } of uploaders) {
      if (tuned !== undefined && !stage.tuned) continue;
      const found = await stage.peer(peer);
      if (found === undefined) continue;
      const name = [`${peer} ${found.version}`, ...(tuned === undefined ? [] : [tuned])].join(', ');
      const command = (to: string) => [found.program, ...args(file, to)];
      sides.push({ name, ...toBucket(stage, `${peer}.tar`, command, { settings: settings?.(stage) ?? {} }) });
    }
    return sides;
  },
};

/** A bundle, which our side checks while it uploads; to the peers it is a file as any other. */
async function makeBundle(stage: Stage, file: string): Promise<void> {
  const [side] = ours({ ...stage, flags: [], builds: [], node: [] }, (modelpack) => ({
    run: () => measure(modelpack('fetch', 'acme/big', '-o', file, '--quiet'), stage.env),
  }));
  await side!.run();
}
