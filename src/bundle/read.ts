import { bundleIn, type Bundle } from './bundle.ts';
import { corrupt, decodeIndex, idOf, INDEX_NAME } from './contents.ts';
import { encodeHeader } from './header.ts';
import { layOutAgain } from './layout.ts';
import { BLOCK, INDEX_LIMIT, indexLengthIn } from './preamble.ts';
import type { Content } from '../bytes.ts';
import { ModelpackError } from '../errors.ts';

/**
 * A bundle that exists: reads its index, lays it out again, and takes the files' bytes from `content`.
 *
 * @returns undefined when `content` is no bundle at all
 * @throws ModelpackError `integrity` when it is one and its index, offsets or size are wrong
 */
export async function readBundle(content: Content, where: string): Promise<Bundle | undefined> {
  const length = await indexLength(content);
  if (length === undefined) return undefined;
  if (length > INDEX_LIMIT || BLOCK + length > content.size) throw corrupt(where, 'its index is cut off');
  const indexBytes = Buffer.alloc(length);
  await content.read(indexBytes, BLOCK);
  const layout = await layOutAgain(decodeIndex(indexBytes, where), where);
  if (layout.size !== content.size) {
    throw new ModelpackError(
      'integrity',
      `${where} has ${content.size} bytes, its index says ${layout.size}`,
      {
        hint: 'it was cut off or changed: fetch it again',
      },
    );
  }
  if (layout.id !== idOf(indexBytes)) throw corrupt(where, 'its index is not well formed');
  return bundleIn(content, layout);
}

/** The same for what has to be a bundle. @throws ModelpackError `integrity` when it is none */
export async function requireBundle(content: Content, where: string): Promise<Bundle> {
  const bundle = await readBundle(content, where);
  if (bundle !== undefined) return bundle;
  throw new ModelpackError('integrity', `${where} is no bundle`, {
    hint: 'a bundle is made by: modelpack fetch <source...> -o <file>',
  });
}

/** The size that the first header gives, if it is exactly the header of a bundle's index. */
async function indexLength(content: Content): Promise<number | undefined> {
  if (content.size < BLOCK) return undefined;
  const header = Buffer.alloc(BLOCK);
  await content.read(header, 0);
  const length = indexLengthIn(header);
  if (length === undefined) return undefined;
  return header.equals(await encodeHeader(INDEX_NAME, length)) ? length : undefined;
}
