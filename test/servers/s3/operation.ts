import type { Target } from './target.ts';

// method, level, subresource, and "from" when x-amz-copy-source names where the bytes come from
const OPERATIONS = {
  'GET service': 'ListBuckets',
  'PUT bucket': 'CreateBucket',
  'HEAD bucket': 'HeadBucket',
  'DELETE bucket': 'DeleteBucket',
  'GET bucket': 'ListObjects',
  'GET bucket?location': 'GetBucketLocation',
  'GET bucket?uploads': 'ListMultipartUploads',
  'POST bucket?delete': 'DeleteObjects',
  'PUT object': 'PutObject',
  'PUT object from': 'CopyObject',
  'GET object': 'GetObject',
  'HEAD object': 'HeadObject',
  'DELETE object': 'DeleteObject',
  'GET object?attributes': 'GetObjectAttributes',
  'GET object?tagging': 'GetObjectTagging',
  'PUT object?tagging': 'PutObjectTagging',
  'DELETE object?tagging': 'DeleteObjectTagging',
  'POST object?uploads': 'CreateMultipartUpload',
  'PUT object?uploadId': 'UploadPart',
  'PUT object?uploadId from': 'UploadPartCopy',
  'GET object?uploadId': 'ListParts',
  'POST object?uploadId': 'CompleteMultipartUpload',
  'DELETE object?uploadId': 'AbortMultipartUpload',
} as const;

/** ListObjects covers version 2 too, which the log tells apart as ListObjectsV2. */
export type Operation = (typeof OPERATIONS)[keyof typeof OPERATIONS] | 'ListObjectsV2' | 'Unknown';

// Query names that select another resource than the bucket or object itself. Those that no operation above
// knows are here so that, say, PUT ?acl is refused and does not overwrite the object.
const SUBRESOURCES = new Set(
  (
    'accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle ' +
    'location logging metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock ' +
    'renameObject replication requestPayment restore retention select tagging torrent uploadId uploads versionId ' +
    'versioning versions website'
  ).split(' '),
);

export function nameOperation(method: string, { bucket, key, query }: Target, copies: boolean): Operation {
  const level = key ? 'object' : bucket ? 'bucket' : 'service';
  const subresource = subresourceOf(query);
  const from = copies && method === 'PUT' && level === 'object' && subresource !== 'tagging';
  const route = `${method} ${level}${subresource ? `?${subresource}` : ''}${from ? ' from' : ''}`;
  const operation: Operation = isKnown(route) ? OPERATIONS[route] : 'Unknown';
  return operation === 'ListObjects' && query.get('list-type') === '2' ? 'ListObjectsV2' : operation;
}

export function subresourceOf(query: ReadonlyMap<string, string>): string | undefined {
  return [...query.keys()].find((name) => SUBRESOURCES.has(name));
}

function isKnown(route: string): route is keyof typeof OPERATIONS {
  return Object.hasOwn(OPERATIONS, route);
}
