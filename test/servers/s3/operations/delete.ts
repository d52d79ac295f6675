import type { Call } from '../call.ts';
import { S3Error } from '../errors.ts';
import { hasBodyDigest, receiveDocument } from '../receive.ts';
import { type Reply, xmlReply } from '../reply.ts';
import { childrenOf, parseXml, textOf } from '../xml-parse.ts';

const MAX_KEYS = 1000;

export function deleteObject({ request, store }: Call): Reply {
  store.delete(request.bucket, request.key);
  return { status: 204 };
}

export async function deleteObjects(call: Call): Promise<Reply> {
  const { request, store } = call;
  store.bucket(request.bucket);
  if (!hasBodyDigest(call)) {
    throw new S3Error('InvalidRequest', { message: 'Missing required header for this request: Content-MD5' });
  }
  const root = parseXml(await receiveDocument(call), 'Delete');
  const keys = childrenOf(root, 'Object').map((object) => textOf(object, 'Key'));
  if (keys.length === 0 || keys.length > MAX_KEYS || !keys.every((key) => key)) {
    throw new S3Error('MalformedXML');
  }
  for (const key of keys) store.delete(request.bucket, key ?? '');
  const quiet = textOf(root, 'Quiet') === 'true';
  return xmlReply('DeleteResult', { Deleted: quiet ? undefined : keys.map((Key) => ({ Key })) });
}
