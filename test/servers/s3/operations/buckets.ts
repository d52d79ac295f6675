import type { Call } from '../call.ts';
import { S3Error } from '../errors.ts';
import { receiveDocument } from '../receive.ts';
import { emptyReply, type Reply, xmlReply } from '../reply.ts';
import { parseXml, textOf } from '../xml-parse.ts';

const BUCKET_NAME = /^(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export function listBuckets({ store }: Call): Reply {
  const buckets = [...store.buckets.keys()].toSorted();
  return xmlReply('ListAllMyBucketsResult', {
    Owner: { ID: 'owner' },
    Buckets: { Bucket: buckets.map((Name) => ({ Name, CreationDate: new Date(0).toISOString() })) },
  });
}

export async function createBucket(call: Call): Promise<Reply> {
  const { request, store, region } = call;
  const source = await receiveDocument(call);
  checkBucketName(request.bucket);
  const constraint = source && textOf(parseXml(source, 'CreateBucketConfiguration'), 'LocationConstraint');
  if (constraint && constraint !== region) throw new S3Error('IllegalLocationConstraintException');
  if (store.buckets.has(request.bucket)) {
    throw new S3Error('BucketAlreadyOwnedByYou', { details: { BucketName: request.bucket } });
  }
  store.buckets.set(request.bucket, new Map());
  return emptyReply({ location: `/${request.bucket}` });
}

export function headBucket({ request, store, region }: Call): Reply {
  store.bucket(request.bucket);
  return emptyReply({ 'x-amz-bucket-region': region });
}

export function deleteBucket({ request, store }: Call): Reply {
  store.deleteBucket(request.bucket);
  return { status: 204 };
}

export function getBucketLocation({ request, store, region }: Call): Reply {
  store.bucket(request.bucket);
  // The oldest region has no name here. The document is its root element alone.
  return xmlReply('LocationConstraint', region === 'us-east-1' ? '' : region);
}

export function checkBucketName(name: string): void {
  if (!BUCKET_NAME.test(name)) throw new S3Error('InvalidBucketName', { details: { BucketName: name } });
}
