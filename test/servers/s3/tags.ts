import { S3Error } from './errors.ts';
import type { Tags } from './store.ts';
import { childrenOf, parseXml, textOf } from './xml-parse.ts';

const MAX_TAGS = 10;

/** From x-amz-tagging, written like a query. */
export function readTagsHeader(header: string | undefined): Tags {
  return checkTags([...new URLSearchParams(header)]);
}

export function readTagsDocument(source: string): Tags {
  const [set] = childrenOf(parseXml(source, 'Tagging'), 'TagSet');
  if (!set) throw new S3Error('MalformedXML');
  return checkTags(
    childrenOf(set, 'Tag').map((tag) => [textOf(tag, 'Key') ?? '', textOf(tag, 'Value') ?? ''] as const),
  );
}

function checkTags(pairs: readonly (readonly [string, string])[]): Tags {
  if (pairs.length > MAX_TAGS) {
    throw new S3Error('BadRequest', { message: 'Object tags cannot be more than 10' });
  }
  const tags = new Map(pairs);
  const fits = pairs.every(([key, value]) => key.length >= 1 && key.length <= 128 && value.length <= 256);
  if (!fits || tags.size < pairs.length) throw new S3Error('InvalidTag');
  return tags;
}
