import type { S3Client } from '@aws-sdk/client-s3';

import type { Bundle } from '../bundle/bundle.ts';
import { FORMAT } from '../bundle/contents.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { FORMAT_METADATA, ID_METADATA, REQUEST_METADATA, type ObjectAttributes } from '../s3/attributes.ts';
import { MIN_PART } from '../s3/limits.ts';
import { look, type Looked } from '../s3/object.ts';
import { completeKey, formatS3Url, type S3Url } from '../s3/url.ts';
import { s3Writer, type S3Writer } from './s3.ts';
import type { Destination } from './sink.ts';

export interface S3DestinationOptions {
  readonly client: S3Client;
  readonly attributes: ObjectAttributes;
  /** Fail if the key exists. */
  readonly noClobber: boolean;
  /** Write even if the same bundle is already there. */
  readonly force: boolean;
  readonly run: Run;
}

/** For an address that ends in `/`. */
const NAME = 'models.tar';

/** An object in S3 as the place for a bundle. A key with `{id}` or a final `/` is completed when the id is known. */
export function s3Destination(url: S3Url, options: S3DestinationOptions): Destination {
  const { client, attributes, noClobber, force, run } = options;
  return {
    location: (id) => formatS3Url(completeKey(url, id, NAME)),
    minPartSize: MIN_PART,
    former: undefined,
    async find(bundle) {
      const target = completeKey(url, bundle.id, NAME);
      const found = await lookFirst(client, target, noClobber, run);
      return !force && isBundle(found, bundle.id, bundle.size) ? { sha256: null } : undefined;
    },
    async recall(request) {
      if (force || url.key.includes('{id}')) return undefined;
      const found = await lookFirst(client, completeKey(url, undefined, NAME), noClobber, run);
      if (typeof found !== 'object') return undefined;
      const { [ID_METADATA]: id, [REQUEST_METADATA]: noted } = found.Metadata ?? {};
      return id !== undefined && noted === request ? { id, size: found.ContentLength } : undefined;
    },
    begin(bundle, { partSize, request }): Promise<S3Writer> {
      const noted = request === undefined ? {} : { [REQUEST_METADATA]: request };
      const metadata = { ...attributes.metadata, ...metadataOf(bundle), ...noted };
      const target = completeKey(url, bundle.id, NAME);
      const written = { client, url: target, attributes: { ...attributes, metadata }, noClobber, run };
      return s3Writer(written, bundle.size, partSize);
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
    },
  };
}

/**
 * Looks at the key before anything is sent.
 *
 * @throws ModelpackError `check` when it exists and may not be replaced
 */
export async function lookFirst(client: S3Client, url: S3Url, noClobber: boolean, run: Run): Promise<Looked> {
  const found = await look(client, url, run);
  if (noClobber && typeof found === 'object') {
    throw new ModelpackError('check', `${formatS3Url(url)} exists`, {
      hint: 'leave out --no-clobber to replace it',
    });
  }
  return found;
}

export function isBundle(found: Looked, id: string, size: number): boolean {
  return typeof found === 'object' && found.Metadata?.[ID_METADATA] === id && found.ContentLength === size;
}

/** By which a bundle in S3 is known again. */
export function metadataOf({ id }: Bundle): Record<string, string> {
  return { [ID_METADATA]: id, [FORMAT_METADATA]: FORMAT };
}
