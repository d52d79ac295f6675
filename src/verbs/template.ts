import type { Template } from '../budget/report.ts';
import { openDisk } from '../disk.ts';
import { ModelpackError } from '../errors.ts';
import { readConfiguration, type ConfigurationOptions } from '../template/configuration.ts';

/** Twice the largest template that CloudFormation takes, in bytes. */
const MOST = 2 * 1024 * 1024;

/**
 * Reads which functions a SAM, CloudFormation or serverless template has, and how they are configured.
 *
 * @throws ModelpackError `not-found` or `refused` for a file that cannot be read; `usage`, with the line, for one that
 * is no template, or says what Lambda does not take
 */
export async function readTemplate(path: string, options: ConfigurationOptions = {}): Promise<Template> {
  await using file = await openDisk(path);
  if (file.size > MOST) throw new ModelpackError('usage', `${path} has more than 2 MB: it is no template`);
  const bytes = new Uint8Array(file.size);
  await file.read(bytes, 0);
  return { path, functions: readConfiguration(path, new TextDecoder().decode(bytes), options) };
}
