import type { Call } from '../call.ts';
import { receiveDocument } from '../receive.ts';
import { emptyReply, type Reply, xmlReply } from '../reply.ts';
import type { Tags } from '../store.ts';
import { readTagsDocument } from '../tags.ts';

export function getObjectTagging({ request, store }: Call): Reply {
  const { tags } = store.object(request.bucket, request.key);
  return xmlReply('Tagging', { TagSet: { Tag: [...tags].map(([Key, Value]) => ({ Key, Value })) } });
}

export async function putObjectTagging(call: Call): Promise<Reply> {
  const tags = readTagsDocument(await receiveDocument(call));
  replaceTags(call, tags);
  return emptyReply();
}

export function deleteObjectTagging(call: Call): Reply {
  replaceTags(call, new Map());
  return { status: 204 };
}

function replaceTags({ request, store }: Call, tags: Tags): void {
  const object = store.object(request.bucket, request.key);
  store.bucket(request.bucket).set(request.key, { ...object, tags });
}
