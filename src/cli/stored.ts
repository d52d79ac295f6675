import { stat } from 'node:fs/promises';

import type { Stored } from '../bytes.ts';
import { openDisk } from '../disk.ts';
import type { Run } from '../events.ts';
import { isS3Url, parseS3Url } from '../s3/url.ts';
import { s3SettingsOf, type S3Connection } from './commands/s3-options.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Connections to S3 for reading, where nothing else is said. */
const JOBS = 8;

/** A bundle file, or an object in S3. */
export async function openStored(
  target: string,
  flags: S3Connection & { readonly jobs?: number },
  env: Env,
  run: Run,
): Promise<Stored> {
  if (!isS3Url(target)) return openDisk(target);
  const url = parseS3Url(target);
  const { s3Client } = await import('../s3/client.ts');
  const { openObject } = await import('../s3/content.ts');
  return openObject(s3Client(s3SettingsOf({ jobs: JOBS, ...flags }, env)), url, run);
}

/** The same for what may also be the name of a model or a folder. */
export async function openIfStored(
  target: string,
  flags: S3Connection,
  env: Env,
  run: Run,
): Promise<Stored | undefined> {
  const isThere = isS3Url(target) || (await stat(target).catch(() => undefined))?.isFile() === true;
  return isThere ? openStored(target, flags, env, run) : undefined;
}
