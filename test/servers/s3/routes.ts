import type { Call } from './call.ts';
import { S3Error } from './errors.ts';
import { type Operation, subresourceOf } from './operation.ts';
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  headBucket,
  listBuckets,
} from './operations/buckets.ts';
import { completeMultipartUpload } from './operations/complete-upload.ts';
import { copyObject } from './operations/copy-object.ts';
import { uploadPartCopy } from './operations/copy-part.ts';
import { abortMultipartUpload, createMultipartUpload } from './operations/create-upload.ts';
import { deleteObject, deleteObjects } from './operations/delete.ts';
import { getObject } from './operations/get-object.ts';
import { listObjects, listObjectsV2 } from './operations/list-objects.ts';
import { listParts } from './operations/list-parts.ts';
import { listMultipartUploads } from './operations/list-uploads.ts';
import { getObjectAttributes } from './operations/object-attributes.ts';
import { putObject } from './operations/put-object.ts';
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './operations/tagging.ts';
import { uploadPart } from './operations/upload-part.ts';
import type { Reply } from './reply.ts';

type Handler = (call: Call) => Reply | Promise<Reply>;

export const ROUTES = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  HeadBucket: headBucket,
  DeleteBucket: deleteBucket,
  GetBucketLocation: getBucketLocation,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  PutObject: putObject,
  CopyObject: copyObject,
  GetObject: getObject,
  HeadObject: getObject,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
  GetObjectAttributes: getObjectAttributes,
  GetObjectTagging: getObjectTagging,
  PutObjectTagging: putObjectTagging,
  DeleteObjectTagging: deleteObjectTagging,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  ListParts: listParts,
  ListMultipartUploads: listMultipartUploads,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  Unknown: refuse,
} as const satisfies Record<Operation, Handler>;

function refuse({ request }: Call): never {
  const subresource = subresourceOf(request.query);
  if (subresource === undefined) throw new S3Error('MethodNotAllowed');
  throw new S3Error('NotImplemented', { message: `${request.method} ?${subresource} is not implemented` });
}
