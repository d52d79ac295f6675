import pLimit from 'p-limit';

import { bundleIn, fillFrame, type Bundle } from './bundle.ts';
import type { IndexModel } from './contents.ts';
import { layOut, type Member } from './layout.ts';

/** The models with those files that are wanted, by their path in the tar; without models that none is wanted of. */
export function choose(
  models: readonly IndexModel[],
  isWanted: (path: string) => boolean,
): readonly IndexModel[] {
  return models
    .map((model) => ({
      ...model,
      files: model.files.filter(({ path }) => isWanted(`${model.name}/${path}`)),
    }))
    .filter(({ files }) => files.length > 0);
}

/** Bytes of the excerpt, frame included, that stand in the bundle just so, `shift` bytes further on. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly shift: number;
}

/** Stretches read at once. Most are a few KB, so it is latency that counts. */
const READS = 16;

/**
 * Some files of a bundle, as a bundle of their own. The bytes of the others are not read.
 *
 * The header of a file depends on its path and size alone, and so does the order of files: those that are neighbours
 * in both stand in both with the same bytes between them, and are read as one range.
 *
 * @param isWanted asked with the path in the tar
 */
export async function excerptOf(bundle: Bundle, isWanted: (path: string) => boolean): Promise<Bundle> {
  if (bundle.layout.members.slice(1).every(({ path }) => isWanted(path))) return bundle;
  const layout = await layOut(choose(bundle.index.models, isWanted));
  const stretches = stretchesOf(layout.members, bundle.layout.members);
  const limit = pLimit(READS);

  async function read(into: Uint8Array, start: number, signal?: AbortSignal): Promise<void> {
    const end = start + into.length;
    fillFrame(layout, into, start); // the index and the end are the excerpt's own
    const reads = stretches
      .filter((stretch) => stretch.start < end && stretch.end > start)
      .map((stretch) => {
        const from = Math.max(start, stretch.start);
        const to = Math.min(end, stretch.end);
        const bytes = into.subarray(from - start, to - start);
        return limit(() => bundle.read(bytes, from + stretch.shift, signal));
      });
    await Promise.all(reads);
  }

  return bundleIn({ size: layout.size, read }, layout);
}

function stretchesOf(own: readonly Member[], bundled: readonly Member[]): Stretch[] {
  const starts = new Map(bundled.map(({ path, start }) => [path, start]));
  const stretches: Stretch[] = [];
  for (const { path, start, end } of own.slice(1)) {
    const shift = starts.get(path)! - start;
    const last = stretches.at(-1);
    if (last?.shift === shift) stretches[stretches.length - 1] = { ...last, end };
    else stretches.push({ start, end, shift });
  }
  return stretches;
}
