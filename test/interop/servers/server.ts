import type { Host } from './host.ts';

/** An S3 that modelpack has to get along with, and what it is known to do. */
export interface ServerUnderTest {
  /** As docs/s3.md calls it. */
  readonly title: string;
  /** The one that `supports` was seen with; of our own there is none. */
  readonly version: string | undefined;
  /** What lives in the host ends with it. It knows the credentials below. */
  start(host: Host): Promise<Started>;
  readonly supports: Supports;
}

export interface Started {
  readonly endpoint: string;
  /** What the program says of itself. */
  readonly version?: string;
}

/** What a server does that another one does not. `contract/observe.ts` tries all of it, so that none is hearsay. */
export interface Supports {
  /** A request signed with another secret is refused. */
  readonly signatures: boolean;
  /** What is kept of CRC32s: that of the whole object (`FULL_OBJECT`), one of the parts' (`COMPOSITE`), or nothing. */
  readonly crc32: { readonly put: 'whole' | 'nothing'; readonly parts: 'whole' | 'composite' | 'nothing' };
  /** What is refused when it is not what was announced: a body by its CRC32 or MD5, a completed upload. */
  readonly refuses: {
    readonly crc32: boolean;
    readonly md5: boolean;
    /** `x-amz-mp-object-size` */
    readonly size: boolean;
    /** The CRC32 of the whole, on completion. */
    readonly whole: boolean;
  };
  /** The ETag is the MD5 of the bytes, or that of the parts' MD5s and their number. */
  readonly md5Etag: boolean;
  /** `If-None-Match: *` protects an object that is there. */
  readonly ifNoneMatch: { readonly put: boolean; readonly complete: boolean };
  /** Parts that were sent are listed with their CRC32, or with their MD5 alone, as ETag. */
  readonly listedParts: 'crc32' | 'md5';
  /** Unfinished uploads are listed by any prefix of their keys, or by a whole key only; in pages, or all at once. */
  readonly listedUploads: { readonly by: 'prefix' | 'key'; readonly pages: boolean };
  /** Completing an upload again that is complete succeeds, as it does at AWS. */
  readonly completesAgain: boolean;
  /** A request to an upload that was removed is answered NoSuchUpload, not 500. */
  readonly tellsRemoved: { readonly part: boolean; readonly complete: boolean };
  /** Tags given with a request are kept. */
  readonly tags: { readonly put: boolean; readonly parts: boolean };
  /** `STANDARD_IA`, which is not everyone's, is kept, refused, or silently left out. */
  readonly storageClass: 'kept' | 'refused' | 'ignored';
  /** `--sse AES256` over plain http. */
  readonly encryption: 'kept' | 'refused' | 'ignored';
}

/** What every server is started with. */
export const credentials = { id: 'modelpack', secret: 'modelpack-secret' } as const;
export const region = 'us-east-1';
