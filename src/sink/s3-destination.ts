import type { S3Client } from '@aws-sdk/client-s3';

import type { Bundle } from '../bundle/bundle.ts';
import { readBundle } from '../bundle/read.ts';
import { FORMAT } from '../bundle/contents.ts';
import { ModelpackError } from '../errors.ts';
import type { Run } from '../events.ts';
import { FORMAT_METADATA, ID_METADATA, REQUEST_METADATA, type ObjectAttributes } from '../s3/attributes.ts';
import { MIN_PART } from '../s3/limits.ts';
import { openObject } from '../s3/content.ts';
import { exists } from '../s3/failure.ts';
import { look, type Looked, type Place } from '../s3/object.ts';
import type { Target } from '../s3/stored.ts';
import { completeKey, formatS3Url, type S3Url } from '../s3/url.ts';
import { removeFormerUpload } from './former-upload.ts';
import { s3Writer, type S3Writer } from './s3.ts';
import type { Destination } from './sink.ts';

export interface S3DestinationOptions {
  readonly client: S3Client;
  readonly attributes: ObjectAttributes;
  /** Fail if the key exists. */
  readonly noClobber: boolean;
  /** Write even if the same bundle is already there. */
  readonly force: boolean;
  /** Whether `x-amz-checksum-*` may be sent at all. */
  readonly checksums: boolean;
  /** Parts on their way at once. */
  readonly jobs: number;
  /** Where it is noted how far an upload has come; undefined for nowhere. */
  readonly stateFolder: string | undefined;
  readonly run: Run;
}

/** For an address that ends in `/`. */
const NAME = 'models.tar';

/** An object in S3 as the place for a bundle. A key with `{id}` or a final `/` is completed when the id is known. */
export function s3Destination(url: S3Url, options: S3DestinationOptions): Destination {
  const { client, attributes, noClobber, force, checksums, stateFolder, run } = options;
  return {
    location: (id) => formatS3Url(completeKey(url, id, NAME)),
    digest: false,
    minPartSize: MIN_PART,
    former: undefined,
    async find(bundle) {
      const target = completeKey(url, bundle.id, NAME);
      const found = await lookFirst({ client, url: target, noClobber, checksums, run });
      if (force || !(await holds({ client, url: target, run }, found, bundle))) return undefined;
      await removeFormerUpload({ client, url: target, run }, stateFolder);
      return { sha256: null };
    },
    async recall(request, known) {
      if (force || (known === undefined && url.key.includes('{id}'))) return undefined;
      const target = completeKey(url, known, NAME);
      const found = await lookFirst({ client, url: target, noClobber, checksums, run });
      if (typeof found !== 'object') return undefined;
      const { [ID_METADATA]: id, [REQUEST_METADATA]: noted } = found.Metadata ?? {};
      if (id === undefined || noted !== request) return undefined;
      await removeFormerUpload({ client, url: target, run }, stateFolder);
      return { id, size: found.ContentLength };
    },
    begin(bundle, { partSize, fresh, request }): Promise<S3Writer> {
      const noted = request === undefined ? {} : { [REQUEST_METADATA]: request };
      const metadata = { ...attributes.metadata, ...metadataOf(bundle), ...noted };
      const target = {
        ...options,
        url: completeKey(url, bundle.id, NAME),
        attributes: { ...attributes, metadata },
      };
      return s3Writer(target, {
        content: bundle,
        id: bundle.id,
        fixed: true,
        partSize,
        fresh,
        force,
        stateFolder,
      });
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
export async function lookFirst(place: Place & Pick<Target, 'noClobber'>): Promise<Looked> {
  const found = await look(place);
  if (place.noClobber && typeof found === 'object') throw exists(formatS3Url(place.url));
  return found;
}

/**
 * Whether an object is this bundle. A server that keeps no metadata, or another tool that put it there, leaves its index
 * to tell.
 */
export async function holds(
  { client, url, run }: Pick<Target, 'client' | 'url' | 'run'>,
  found: Looked,
  bundle: Bundle,
): Promise<boolean> {
  if (typeof found !== 'object' || found.ContentLength !== bundle.size) return false;
  const id = found.Metadata?.[ID_METADATA];
  if (id !== undefined) return id === bundle.id;
  try {
    const stored = await openObject(client, url, run);
    return (await readBundle(stored, formatS3Url(url)))?.id === bundle.id;
  } catch (error) {
    if (error instanceof ModelpackError && ['integrity', 'refused', 'not-found'].includes(error.code))
      return false;
    throw error;
  }
}

/** By which a bundle in S3 is known again. */
export function metadataOf({ id }: Bundle): Record<string, string> {
  return { [ID_METADATA]: id, [FORMAT_METADATA]: FORMAT };
}
