import type { S3Fault } from './fault.ts';

/** What the server knows about. Switch some off to play an older or another server. */
export interface S3Features {
  /**
   * x-amz-checksum-*: when off, the headers are ignored, nothing is kept or answered, and aws-chunked bodies with a
   * trailer are refused with 411, all as Ceph radosgw 16 does.
   */
  readonly checksums?: boolean;
  /** If-Match and If-None-Match on Put, Copy and Complete: when off, they are ignored and the object is replaced. */
  readonly conditionalWrites?: boolean;
  /** x-amz-mp-object-size on Complete: when off, it is ignored. */
  readonly mpuObjectSize?: boolean;
  /** x-amz-meta-*: when off, it is ignored. */
  readonly metadata?: boolean;
  /** Entries on a page of uploads or parts, at most; 1,000 by default, as in S3. */
  readonly pageSize?: number;
}

/** The features of one request. */
export interface Rules extends Required<S3Features> {
  readonly conditionalReads: boolean;
}

export function rulesFor(features: S3Features, fault: S3Fault): Rules {
  const conditions = !fault.ignoreConditions;
  return {
    checksums: (features.checksums ?? true) && !fault.noChecksums,
    conditionalWrites: (features.conditionalWrites ?? true) && conditions,
    conditionalReads: conditions,
    mpuObjectSize: features.mpuObjectSize ?? true,
    metadata: features.metadata ?? true,
    pageSize: features.pageSize ?? 1000,
  };
}
