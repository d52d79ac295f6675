import { Option, type Command } from 'commander';

import type { ObjectConfig } from '../../config/config.ts';
import { ModelpackError } from '../../errors.ts';
import type { ObjectAttributes } from '../../s3/attributes.ts';
import type { S3Settings } from '../../s3/client.ts';
import { stateFolder } from '../environment.ts';
import { parseMetadata, parsePair } from '../values.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** How S3 is reached: every command that may meet an `s3://` address takes these. */
export interface S3Connection {
  readonly endpointUrl?: string;
  readonly addressing?: 'path' | 'virtual';
  readonly region?: string;
  readonly profile?: string;
}

/** What an object is written with besides. */
export interface S3Flags extends S3Connection {
  readonly storageClass?: string;
  readonly sse?: 'AES256' | 'aws:kms';
  readonly sseKmsKeyId?: string;
  readonly tag: readonly (readonly [string, string])[];
  readonly metadata: readonly (readonly [string, string])[];
  readonly clobber: boolean;
  readonly checksum: 'auto' | 'none';
}

export function addS3Connection(command: Command): Command {
  return command
    .optionsGroup('S3 options:')
    .option('--endpoint-url <url>', 'another server than AWS; else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL')
    .addOption(
      new Option('--addressing <style>', 'of buckets; default: path with an endpoint, else virtual').choices([
        'path',
        'virtual',
      ]),
    )
    .option('--region <region>', 'else AWS_REGION and the profile')
    .option('--profile <name>', 'of the AWS configuration; else AWS_PROFILE');
}

export function addS3Options(command: Command): Command {
  const pairs = (flags: string, description: string, parse: typeof parsePair) =>
    new Option(flags, description)
      .argParser((text: string, previous: S3Flags['tag']) => [...previous, parse(text)])
      .default([]);
  return addS3Connection(command)
    .option('--storage-class <class>', 'such as STANDARD_IA')
    .addOption(new Option('--sse <kind>', 'server-side encryption').choices(['AES256', 'aws:kms']))
    .option('--sse-kms-key-id <id>', 'the key for --sse aws:kms')
    .addOption(pairs('--tag <k=v>', 'tag of the object (repeatable)', parsePair))
    .addOption(pairs('--metadata <k=v>', 'user metadata of the object (repeatable)', parseMetadata))
    .option('--no-clobber', 'fail if the key exists')
    .addOption(
      new Option('--checksum <kind>', 'none: for servers that refuse x-amz-checksum headers')
        .choices(['auto', 'none'])
        .default('auto'),
    );
}

/** What a configuration says, with what the command line says over it. */
export function withObject<F extends S3Flags>(flags: F, object: ObjectConfig): F {
  const { tags, metadata, noClobber, checksum, storageClass, sse, sseKmsKeyId } = object;
  return {
    ...flags,
    ...defined({ ...connectionOf(object), storageClass, sse, sseKmsKeyId }),
    ...defined(flags),
    tag: [...Object.entries(tags), ...flags.tag],
    metadata: [...Object.entries(metadata), ...flags.metadata],
    clobber: flags.clobber && !noClobber,
    checksum: flags.checksum === 'auto' ? checksum : flags.checksum,
  };
}

/** The same for reading. */
export function withConnection<F extends S3Connection>(flags: F, object: ObjectConfig): F {
  return { ...flags, ...defined(connectionOf(object)), ...defined(flags) };
}

function connectionOf({ endpointUrl, addressing, region }: ObjectConfig) {
  return { endpointUrl, addressing, region };
}

function defined<T extends object>(flags: T): Partial<T> {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as Partial<T>;
}

export function s3SettingsOf(
  { endpointUrl, addressing, region, profile, jobs }: S3Connection & { readonly jobs: number },
  env: Env,
): S3Settings {
  const endpoint = endpointUrl ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'];
  if (endpoint !== undefined && !/^https?:\/\//.test(endpoint)) {
    throw new ModelpackError('usage', 'the endpoint of S3 is no web address', {
      hint: '--endpoint-url https://s3.example.com',
    });
  }
  // Other servers seldom care for the region, but a request cannot be signed without one.
  const fallback =
    endpoint === undefined ? undefined : (env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1');
  // Other servers seldom have a name for each bucket.
  const pathStyle = (addressing ?? (endpoint === undefined ? 'virtual' : 'path')) === 'path';
  return { endpointUrl: endpoint, pathStyle, region: region ?? fallback, profile, jobs };
}

/** How an object is written, of what the flags say. */
export function writingOf(flags: S3Flags & WritingFlags, env: Env) {
  return {
    attributes: attributesOfFlags(flags),
    noClobber: !flags.clobber,
    force: flags.force === true,
    checksums: flags.checksum === 'auto',
    jobs: flags.jobs,
    stateFolder: stateFolder(env),
  };
}

interface WritingFlags {
  readonly jobs: number;
  readonly force?: boolean;
}

function attributesOfFlags({ storageClass, sse, sseKmsKeyId, tag, metadata }: S3Flags): ObjectAttributes {
  if (sseKmsKeyId !== undefined && sse !== 'aws:kms') {
    throw new ModelpackError('usage', '--sse-kms-key-id needs --sse aws:kms', { hint: 'add --sse aws:kms' });
  }
  return {
    storageClass,
    sse,
    sseKmsKeyId,
    tags: Object.fromEntries(tag),
    metadata: Object.fromEntries(metadata),
  };
}
